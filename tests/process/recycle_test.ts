/** When a worker is replaced. */
import { assert, assertEquals } from "@std/assert";
import { type RecycleLimits, whyRecycle, type WorkerUse } from "../../lib/process/recycle.ts";

const NONE: RecycleLimits = { maxRequests: null, maxRss: null, maxLifetime: null };
const OLD: WorkerUse = { requests: 5_000_000, rss: 8_589_934_592, age: 1_000_000_000 };
const MIB = 1_048_576;

Deno.test("whyRecycle() has no reason without a limit", () => {
  assertEquals(whyRecycle(OLD, NONE, 0), null);
  assertEquals(whyRecycle(OLD, NONE, 1), null);
});

Deno.test("whyRecycle() gives its reason as a phrase, from the limit on", async (t) => {
  const cases: [worker: Partial<WorkerUse>, limits: Partial<RecycleLimits>, jitter: number, reason: string | null][] = [
    [{ requests: 999 }, { maxRequests: 1_000 }, 0, null],
    [{ requests: 1_000 }, { maxRequests: 1_000 }, 0, "it answered 1000 requests, the limit is 1000"],
    [{ requests: 1_049 }, { maxRequests: 1_000 }, 0.5, null],
    [{ requests: 1_053 }, { maxRequests: 1_000 }, 0.5, "it answered 1053 requests, the limit is 1050"],
    [{ requests: 1_099 }, { maxRequests: 1_000 }, 1, null],
    [{ requests: 1_100 }, { maxRequests: 1_000 }, 1, "it answered 1100 requests, the limit is 1100"],
    [{ requests: 1 }, { maxRequests: 1 }, 1, "it answered 1 requests, the limit is 1"],
    [{ rss: 512 * MIB - 1, age: 60_000 }, { maxRss: 512 * MIB }, 0, null],
    [
      { rss: 600.26 * MIB, age: 60_000 },
      { maxRss: 512 * MIB },
      1,
      "it holds 600.3 MiB of memory, the limit is 512 MiB",
    ],
    [{ rss: 600 * MIB, age: 9_999 }, { maxRss: 512 * MIB }, 0, null],
    [{ rss: 0, age: 60_000 }, { maxRss: 512 * MIB }, 0, null],
    [{ age: 3_599_999 }, { maxLifetime: 3_600_000 }, 0, null],
    [{ age: 3_612_040 }, { maxLifetime: 3_600_000 }, 0, "it lived for 3612 s, the limit is 3600 s"],
    [{ age: 3_612_040 }, { maxLifetime: 3_600_000 }, 0.9, null],
    [{ age: 3_960_000 }, { maxLifetime: 3_600_000 }, 1, "it lived for 3960 s, the limit is 3960 s"],
  ];
  for (const [worker, limits, jitter, reason] of cases) {
    await t.step(`${JSON.stringify(worker)} of ${JSON.stringify(limits)}, ${jitter}`, () => {
      assertEquals(whyRecycle({ requests: 0, rss: 0, age: 0, ...worker }, { ...NONE, ...limits }, jitter), reason);
    });
  }
});

Deno.test("whyRecycle() spreads a limit above it, never below", () => {
  for (let jitter = 0; jitter <= 1; jitter += 1 / 64) {
    const limits = { ...NONE, maxRequests: 640, maxLifetime: 64_000 };
    assertEquals(whyRecycle({ requests: 639, rss: 0, age: 63_999 }, limits, jitter), null);
    assert(whyRecycle({ requests: 704, rss: 0, age: 0 }, limits, jitter) !== null);
    assert(whyRecycle({ requests: 0, rss: 0, age: 70_400 }, limits, jitter) !== null);
  }
});
