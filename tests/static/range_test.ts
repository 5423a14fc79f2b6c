import { assertEquals } from "@std/assert";
import { selectRange } from "../../lib/static/range.ts";

type Expected = readonly [start: number, length: number] | "full" | "unsatisfiable";

Deno.test("selectRange() selects one part of the bytes", async (t) => {
  const cases: readonly (readonly [value: string | null, size: number, expected: Expected])[] = [
    [null, 10, "full"],
    ["bytes=0-0", 10, [0, 1]],
    ["bytes=0-9", 10, [0, 10]],
    ["bytes=2-5", 10, [2, 4]],
    ["bytes=9-9", 10, [9, 1]],
    ["bytes=5-", 10, [5, 5]],
    ["bytes=0-", 10, [0, 10]],
    ["bytes=5-99", 10, [5, 5]],
    ["bytes=0-99999999999999999999999", 10, [0, 10]],
    ["bytes=-1", 10, [9, 1]],
    ["bytes=-10", 10, [0, 10]],
    ["bytes=-99", 10, [0, 10]],
    ["bytes=007-008", 10, [7, 2]],
    ["BYTES=1-2", 10, [1, 2]],
    ["bytes= 1-2 ", 10, [1, 2]],
    ["bytes=,1-2,", 10, [1, 2]],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=10-20", 10, "unsatisfiable"],
    ["bytes=99999999999999999999999-", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=5-4", 10, "full"],
    ["bytes=0-1,4-5", 10, "full"],
    ["bytes=0-1, bytes=4-5", 10, "full"],
    ["bytes=20-30,40-50", 10, "full"],
    ["bytes=", 10, "full"],
    ["bytes=-", 10, "full"],
    ["bytes=,", 10, "full"],
    ["bytes=a-b", 10, "full"],
    ["bytes=1", 10, "full"],
    ["bytes=1-2-3", 10, "full"],
    ["bytes=1 - 2", 10, "full"],
    ["bytes=+1-2", 10, "full"],
    ["bytes=0x1-2", 10, "full"],
    ["bytes=1.5-2", 10, "full"],
    ["bytes 1-2", 10, "full"],
    ["bytes", 10, "full"],
    ["items=1-2", 10, "full"],
    ["", 10, "full"],
    ["bytes=0-", 0, "full"],
    ["bytes=-5", 0, "full"],
    ["bytes=0-0", 1, [0, 1]],
  ];
  for (const [value, size, expected] of cases) {
    await t.step(`${value} of ${size}`, () => {
      const wanted = typeof expected === "string"
        ? { kind: expected }
        : { kind: "part", start: expected[0], length: expected[1] };
      assertEquals<unknown>(selectRange(value, size), wanted);
    });
  }
});
