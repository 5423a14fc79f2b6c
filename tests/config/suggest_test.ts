import { assertEquals } from "@std/assert";
import { closest, distance } from "../../lib/config/suggest.ts";

Deno.test("distance() counts edits", async (t) => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["same", "same", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["socket", "sockett", 1],
    ["socket", "sokcet", 1], // neighbours swapped
    ["socket", "sucket", 1],
    ["socket", "scket", 1],
    ["ca", "abc", 3], // a swapped pair is not edited again
    ["kitten", "sitting", 3],
    ["abcdef", "badcfe", 3],
  ];
  for (const [a, b, expected] of cases) {
    await t.step(`"${a}" to "${b}"`, () => {
      assertEquals(distance(a, b), expected);
      assertEquals(distance(b, a), expected);
    });
  }
});

Deno.test("closest() finds what was meant", async (t) => {
  const names = ["socket", "http", "max-body", "max-header-size", "header-timeout", "body-timeout", "graceful-timeout"];
  const cases: [string, string | undefined][] = [
    ["socket", "socket"],
    ["sockett", "socket"],
    ["SOCKET", "socket"],
    ["htpp", "http"],
    ["maxbody", "max-body"],
    ["max-bodies", "max-body"],
    ["header-timout", "header-timeout"],
    ["graceful", "graceful-timeout"], // far away, but the only one that begins so
    ["max-", undefined], // two begin so
    ["ht", undefined], // too short to guess from
    ["verbose", undefined],
    ["", undefined],
  ];
  for (const [word, expected] of cases) {
    await t.step(`"${word}" is ${expected ?? "nothing"}`, () => assertEquals(closest(word, names), expected));
  }
});

Deno.test("closest() says nothing when two names are equally close", () => {
  assertEquals(closest("cat", ["cut", "cot"]), undefined);
  assertEquals(closest("cat", ["cut", "cat"]), "cat");
});
