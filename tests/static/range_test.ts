import { assertEquals } from "@std/assert";
import { selectRanges } from "../../lib/static/range.ts";

type Expected = readonly (readonly [start: number, length: number])[] | "full" | "unsatisfiable";

Deno.test("selectRanges() selects parts of the bytes", async (t) => {
  const cases: readonly (readonly [value: string | null, size: number, expected: Expected])[] = [
    [null, 10, "full"],
    ["bytes=0-0", 10, [[0, 1]]],
    ["bytes=0-9", 10, [[0, 10]]],
    ["bytes=2-5", 10, [[2, 4]]],
    ["bytes=9-9", 10, [[9, 1]]],
    ["bytes=5-", 10, [[5, 5]]],
    ["bytes=0-", 10, [[0, 10]]],
    ["bytes=5-99", 10, [[5, 5]]],
    ["bytes=0-99999999999999999999999", 10, [[0, 10]]],
    ["bytes=-1", 10, [[9, 1]]],
    ["bytes=-10", 10, [[0, 10]]],
    ["bytes=-99", 10, [[0, 10]]],
    ["bytes=007-008", 10, [[7, 2]]],
    ["BYTES=1-2", 10, [[1, 2]]],
    ["bytes= 1-2 ", 10, [[1, 2]]],
    ["bytes=,1-2,", 10, [[1, 2]]],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=10-20", 10, "unsatisfiable"],
    ["bytes=99999999999999999999999-", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=5-4", 10, "full"],
    ["bytes=0-1,4-5", 10, [[0, 2], [4, 2]]],
    ["bytes=4-5,0-1", 10, [[4, 2], [0, 2]]],
    ["bytes=0-1 , 4-5,, 8-", 10, [[0, 2], [4, 2], [8, 2]]],
    ["bytes=0-3,2-5", 10, [[0, 6]]],
    ["bytes=2-5,0-3", 10, [[0, 6]]],
    ["bytes=0-1,2-3", 10, [[0, 4]]],
    ["bytes=0-,-1", 10, [[0, 10]]],
    ["bytes=0-0,2-2,8-8,1-1", 10, [[0, 3], [8, 1]]],
    ["bytes=8-8,0-1,1-7", 10, [[0, 9]]],
    ["bytes=5-5,0-0,9-9,1-8", 10, [[0, 10]]],
    ["bytes=0-1,20-30", 10, [[0, 2]]],
    ["bytes=20-30,40-50", 10, "unsatisfiable"],
    ["bytes=-0,-0", 10, "unsatisfiable"],
    ["bytes=0-1, bytes=4-5", 10, "full"],
    ["bytes=0-1,5-4", 10, "full"],
    ["bytes=0-1,x", 10, "full"],
    [
      `bytes=${Array.from({ length: 16 }, (_, i) => `${2 * i}-${2 * i}`)}`,
      100,
      Array.from({ length: 16 }, (_, i) => [2 * i, 1] as const),
    ],
    [`bytes=${Array.from({ length: 17 }, (_, i) => `${2 * i}-${2 * i}`)}`, 100, "full"],
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
    ["bytes=0-0", 1, [[0, 1]]],
  ];
  for (const [value, size, expected] of cases) {
    await t.step(`${value} of ${size}`, () => {
      const wanted = typeof expected === "string"
        ? { kind: expected }
        : { kind: "parts", parts: expected.map(([start, length]) => ({ start, length })) };
      assertEquals<unknown>(selectRanges(value, size), wanted);
    });
  }
});
