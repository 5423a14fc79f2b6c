import { assertEquals, assertThrows } from "@std/assert";
import {
  formatMode,
  formatSeconds,
  formatSize,
  parseCount,
  parseMode,
  parseSeconds,
  parseSize,
  ValueError,
} from "../../lib/config/values.ts";

/** Checks a parser: text and what it means, then text and what is said of it. */
async function check<T>(
  t: Deno.TestContext,
  parse: (text: string) => T,
  good: readonly [string, T][],
  bad: readonly [string, string][],
): Promise<void> {
  for (const [text, expected] of good) {
    await t.step(`"${text}" is ${expected}`, () => assertEquals(parse(text), expected));
  }
  for (const [text, message] of bad) {
    await t.step(`"${text}" is refused`, () => void assertThrows(() => parse(text), ValueError, message));
  }
}

Deno.test("parseSize() reads bytes and powers of 1024", async (t) => {
  const shape = "a size is a number of bytes, or one with k, m or g";
  await check(t, (text) => parseSize(text), [
    ["0", 0],
    ["1", 1],
    ["1048576", 1_048_576],
    ["512k", 524_288],
    ["1m", 1_048_576],
    ["1M", 1_048_576],
    ["2g", 2_147_483_648],
    ["0k", 0],
    ["007", 7],
  ], [
    ["", shape],
    ["k", shape],
    ["1kb", shape],
    ["1.5m", shape],
    ["-1", shape],
    ["+1", shape],
    ["1e3", shape],
    ["0x10", shape],
    [" 1", shape],
    ["1 k", shape],
    ["1t", shape],
    ["unlimited", shape],
    ["99999999999999999999", "at most"],
    ["9007199254740992g", "at most"],
  ]);
});

Deno.test("parseSize() keeps to its bounds", async (t) => {
  await check(t, (text) => parseSize(text, 1_024, 1_048_576), [["1k", 1_024], ["1m", 1_048_576]], [
    ["0", "it must be at least 1k"],
    ["1023", "it must be at least 1k"],
    ["1048577", "it must be at most 1m"],
  ]);
});

Deno.test("formatSize() spells what parseSize() reads", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [1, "1"],
    [1_000, "1000"],
    [1_024, "1k"],
    [1_025, "1025"],
    [16_384, "16k"],
    [1_048_576, "1m"],
    [1_572_864, "1536k"],
    [3_221_225_472, "3g"],
  ];
  for (const [size, text] of cases) {
    assertEquals(formatSize(size), text);
    assertEquals(parseSize(text), size);
  }
});

Deno.test("parseSeconds() reads seconds as milliseconds", async (t) => {
  const shape = "a number of seconds is needed, as 30 or 0.5";
  await check(t, parseSeconds, [
    ["1", 1_000],
    ["30", 30_000],
    ["0.5", 500],
    ["0.001", 1],
    ["1.0005", 1_001],
    ["10.25", 10_250],
    ["2147483", 2_147_483_000],
  ], [
    ["0", "it must be at least 0.001 seconds"],
    ["0.0", "it must be at least 0.001 seconds"],
    ["0.0001", "it must be at least 0.001 seconds"],
    ["2147484", "it must be at most 2147483 seconds"],
    ["9".repeat(20), "it must be at most 2147483 seconds"],
    ["", shape],
    ["-1", shape],
    ["1s", shape],
    ["500ms", shape],
    ["1e3", shape],
    [".5", shape],
    ["5.", shape],
    ["1,5", shape],
    ["Infinity", shape],
    ["NaN", shape],
    [" 1", shape],
  ]);
});

Deno.test("formatSeconds() spells what parseSeconds() reads", () => {
  for (const milliseconds of [1, 500, 1_000, 10_250, 75_000]) {
    assertEquals(parseSeconds(formatSeconds(milliseconds)), milliseconds);
  }
  assertEquals(formatSeconds(500), "0.5");
  assertEquals(formatSeconds(75_000), "75");
});

Deno.test("parseCount() reads whole numbers", async (t) => {
  const bad = ["", "-1", "1.5", "1k", "ten", "0x1"];
  await check(t, (text) => parseCount(text), [["1", 1], ["4096", 4_096]], [
    ...bad.map((text): [string, string] => [text, "a whole number from 1 is needed"]),
    ["0", "a whole number from 1 is needed"],
    ["9007199254740992", "a whole number from 1 to 9007199254740991 is needed"],
  ]);
  await check(t, (text) => parseCount(text, 0), [["0", 0], ["1", 1]], [["-1", "a whole number from 0 is needed"]]);
  await check(t, (text) => parseCount(text, 1, 8), [["1", 1], ["8", 8]], [
    ["0", "a whole number from 1 to 8 is needed"],
    ["9", "a whole number from 1 to 8 is needed"],
  ]);
});

Deno.test("parseMode() reads octal digits", async (t) => {
  await check(t, parseMode, [
    ["660", 0o660],
    ["0660", 0o660],
    ["0o660", 0o660],
    ["000", 0],
    ["777", 0o777],
  ], ["", "66", "6600", "668", "0x1b0", "rw-rw----", "1777", "-660"].map((text) => [text, "three octal digits"]));
});

Deno.test("formatMode() spells what parseMode() reads", () => {
  for (const mode of [0, 0o7, 0o600, 0o660, 0o777]) assertEquals(parseMode(formatMode(mode)), mode);
  assertEquals(formatMode(0o7), "007");
});
