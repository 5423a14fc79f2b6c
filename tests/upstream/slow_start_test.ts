/** How a server that is back grows to its full weight. */
import { assert, assertEquals } from "@std/assert";
import { effectiveWeight } from "../../lib/upstream/slow_start.ts";

const CASES: [weight: number, sinceBack: number, slowStart: number, expected: number][] = [
  [1, 0, 0, 1],
  [5, Infinity, 10_000, 5],
  [5, Infinity, 0, 5],
  [1, 0, 10_000, 0.01],
  [5, 0, 10_000, 0.05],
  [5, 50, 10_000, 0.05],
  [5, 1_000, 10_000, 0.5],
  [1, 5_000, 10_000, 0.5],
  [4, 7_500, 10_000, 3],
  [4, 10_000, 10_000, 4],
  [4, 20_000, 10_000, 4],
];

Deno.test("effectiveWeight() grows evenly from a hundredth to the whole", () => {
  for (const [weight, sinceBack, slowStart, expected] of CASES) {
    const actual = effectiveWeight(weight, sinceBack, slowStart);
    assert(Math.abs(actual - expected) < 1e-9, `${weight} after ${sinceBack} of ${slowStart} is ${actual}`);
  }
});

Deno.test("effectiveWeight() never shrinks", () => {
  const weights = Array.from({ length: 101 }, (_, i) => effectiveWeight(3, i, 100));
  assertEquals(weights, weights.toSorted((a, b) => a - b));
});
