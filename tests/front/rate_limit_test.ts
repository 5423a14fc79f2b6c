/** nginx's limit_req in numbers: what passes, what waits, what is refused, and what is forgotten. */
import { assert, assertEquals } from "@std/assert";
import type { RateLimitOptions } from "../../lib/config/route_options.ts";
import { type Bucket, type BucketOptions, RateLimiter, take, type Verdict } from "../../lib/front/rate_limit.ts";

const bucket = (rate: number, burst = 0, delay = false): BucketOptions => ({ rate, burst, delay });
const limiter = (options: BucketOptions, maxKeys = 100): RateLimiter => {
  const whole: RateLimitOptions = { ...options, key: { kind: "client" }, maxKeys };
  return new RateLimiter(whole);
};

const CASES: [what: string, options: BucketOptions, requests: [now: number, verdict: Verdict][]][] = [
  ["no burst: one each 100 ms", bucket(10), [
    [0, "pass"],
    [0, "refuse"],
    [99, "refuse"],
    [100, "pass"],
    [199, "refuse"],
    [200, "pass"],
  ]],
  ["a long pause saves nothing up", bucket(10), [[0, "pass"], [60_000, "pass"], [60_000, "refuse"], [60_100, "pass"]]],
  ["a burst passes at once", bucket(10, 3), [
    [0, "pass"],
    [0, "pass"],
    [0, "pass"],
    [0, "pass"],
    [0, "refuse"],
    [99, "refuse"],
    [100, "pass"],
    [100, "refuse"],
    [400, "pass"],
    [400, "pass"],
    [400, "pass"],
    [400, "refuse"],
  ]],
  ["a burst is delayed to the rate", bucket(10, 3, true), [
    [0, "pass"],
    [0, 100],
    [0, 200],
    [0, 300],
    [0, "refuse"],
    [50, "refuse"],
    [100, 300],
    [150, "refuse"],
    [500, "pass"],
    [550, 50],
  ]],
  ["a new key passes whatever the burst", bucket(0.001), [[5, "pass"], [5, "refuse"], [1_000_005, "pass"]]],
  ["a fraction of a request per second", bucket(0.5, 1, true), [
    [0, "pass"],
    [0, 2_000],
    [1_999, "refuse"],
    [2_000, 2_000],
    [4_000, 2_000],
    [8_000, "pass"],
  ]],
  ["many small steps drain as one", bucket(0.5), [
    [0, "pass"],
    ...Array.from({ length: 1_999 }, (_, index): [number, Verdict] => [index + 1, "refuse"]),
    [2_000, "pass"],
  ]],
  ["a clock that goes back a little stands still", bucket(10, 1), [
    [1_000, "pass"],
    [900, "pass"],
    [900, "refuse"],
    [1_000, "refuse"],
    [1_099, "refuse"],
    [1_100, "pass"],
  ]],
  ["a clock that was set back goes on from there", bucket(10, 1), [
    [100_000, "pass"],
    [10_000, "pass"],
    [10_000, "refuse"],
    [10_100, "pass"],
  ]],
];

Deno.test("take() decides as nginx", async (t) => {
  for (const [what, options, requests] of CASES) {
    await t.step(what, () => {
      let state: Bucket | null = null;
      for (const [index, [now, expected]] of requests.entries()) {
        const taken = take(state, now, options);
        assertEquals(taken.verdict, expected, `request ${index} at ${now} ms`);
        state = taken.state;
      }
    });
  }
});

Deno.test("take() leaves the bucket of a refused request as it was", () => {
  const state: Bucket = { excess: 0, last: 0 };
  const taken = take(state, 40, bucket(10));
  assertEquals(taken, { state, verdict: "refuse" });
  assertEquals(state, { excess: 0, last: 0 });
});

Deno.test("take() lets through no more than rate and burst allow, however requests come", () => {
  const options = bucket(7, 5);
  let state: Bucket | null = null, passed = 0;
  for (let now = 0; now <= 10_000; now += 4) {
    const taken = take(state, now, options);
    state = taken.state;
    if (taken.verdict === "pass") passed++;
  }
  assertEquals(passed, 1 + 5 + 70);
});

Deno.test("ask() gives 0, ms or -1, for each key its own", () => {
  const limits = limiter(bucket(10, 1, true));
  assertEquals([limits.ask("a", 0), limits.ask("a", 0), limits.ask("a", 0)], [0, 100, -1]);
  assertEquals([limits.ask("b", 0), limits.ask("", 0), limits.ask("__proto__", 0)], [0, 0, 0]);
  const atOnce = limiter(bucket(10, 1));
  assertEquals([atOnce.ask("a", 0), atOnce.ask("a", 0), atOnce.ask("a", 0)], [0, 0, -1]);
});

Deno.test("retryAfter() gives the whole seconds after which a request is taken", async (t) => {
  const cases: [options: BucketOptions, requests: number, now: number, seconds: number][] = [
    [bucket(10), 2, 0, 1],
    [bucket(1), 2, 0, 1],
    [bucket(0.1), 2, 0, 10],
    [bucket(0.1), 2, 1, 10],
    [bucket(0.1), 2, 5_000, 5],
    [bucket(0.1), 2, 9_999, 1],
    [bucket(0.1), 2, 60_000, 1],
    [bucket(0.1, 3), 9, 0, 10],
    [bucket(0.3), 2, 0, 4],
    [bucket(0.1), 0, 0, 1],
  ];
  for (const [options, requests, now, seconds] of cases) {
    await t.step(`${options.rate}/s burst ${options.burst}, ${requests} requests, after ${now} ms`, () => {
      const limits = limiter(options);
      for (let index = 0; index < requests; index++) limits.ask("a", 0);
      assertEquals(limits.retryAfter("a", now), seconds);
      assert(limits.ask("a", now + seconds * 1_000) >= 0, "a client that waits so long is taken");
    });
  }
});

Deno.test("the longest unused key goes when there are too many", () => {
  const limits = limiter(bucket(0.001), 3);
  for (const key of ["a", "b", "c"]) limits.ask(key, 0);
  assertEquals(limits.ask("a", 1), -1); // used: now b is the oldest
  limits.ask("d", 2);
  assertEquals(limits.size, 3);
  assertEquals([limits.ask("a", 3), limits.ask("c", 3), limits.ask("d", 3)], [-1, -1, -1]);
  assertEquals(limits.ask("b", 3), 0);
});

Deno.test("keys stay bounded under a flood", () => {
  const limits = limiter(bucket(1, 5), 50);
  for (let index = 0; index < 10_000; index++) limits.ask(`key${index}`, index / 1_000);
  assertEquals(limits.size, 50);
  const one = limiter(bucket(1), 1);
  for (let index = 0; index < 10; index++) assertEquals(one.ask(`key${index}`, 0), 0);
  assertEquals(one.size, 1);
});

Deno.test("keys that have drained go as others come, and only those", () => {
  const limits = limiter(bucket(10, 5));
  for (const key of ["a", "b", "c", "d"]) limits.ask(key, 0);
  limits.ask("e", 99); // a request of "a" would still count 10 thousandths
  assertEquals(limits.size, 5);
  limits.ask("f", 100);
  assertEquals(limits.size, 4); // a, b gone
  limits.ask("g", 100);
  assertEquals(limits.size, 3); // c, d gone
  limits.ask("h", 100);
  assertEquals(limits.size, 4); // e not yet
});

Deno.test("forgetting drained keys changes no verdict", () => {
  const limits = limiter(bucket(10, 2, true));
  const states = new Map<string, Bucket>();
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let now = 0; now < 20_000; now += random(30)) {
    const key = `key${random(20)}`;
    const { state, verdict } = take(states.get(key) ?? null, now, bucket(10, 2, true));
    states.set(key, state);
    assertEquals(limits.ask(key, now), verdict === "pass" ? 0 : verdict === "refuse" ? -1 : verdict);
  }
});
