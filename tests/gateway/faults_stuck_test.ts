/** Handlers that do not answer, under load: what their clients see, and everybody else. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import type { Load, Sent } from "../support/load.ts";
import { until } from "../support/until.ts";
import { FaultyGateway, isRunning, pidIn, report } from "./faults_app.ts";

const TIMEOUT = 1_000;
const ARGS = ["--workers", "2", "--request-timeout", "1", "--ping-timeout", "2"];

/** Longest time without an answer of process `pid`, from `begin` to `end`, ms. */
function longestGap(load: Load, pid: number, begin: number, end: number): number {
  const times = load.sent.filter(({ body }) => pidIn(body) === pid).map(({ until }) => until);
  const inside = times.filter((at) => at > begin && at < end).sort((a, b) => a - b);
  return Math.max(...[...inside, end].map((at, i) => at - (inside[i - 1] ?? begin)));
}

/** Every request that failed has waited for its deadline, and no longer than it should. */
function assertTimedOut(failed: readonly Sent[]): void {
  for (const { outcome, from, until, why } of failed) {
    assertEquals(outcome, 504, why);
    assert(until - from >= TIMEOUT, `a deadline after ${until - from} ms`);
    assert(until - from < 3 * TIMEOUT, `a deadline after ${until - from} ms`);
  }
}

test("faults: an endless loop is a 504 at the deadline, a new worker soon, and nothing to the other worker", async () => {
  await using gateway = await FaultyGateway.start(ARGS);
  // Some wait for the worker that is stuck: there have to be enough others.
  await using load = await gateway.load({ clients: 24 });
  const [left, right] = gateway.children("worker");
  const begin = performance.now();
  const answer = gateway.ask("/loop").then(({ status }) => [status, performance.now() - begin]);
  const [, noted] = await gateway.logged(/Worker \d \(pid (\d+)\) is replaced: it is stuck/);
  const stuck = Number(noted), other = stuck === left ? right : left;
  assert(stuck === left || stuck === right);
  const fresh = await gateway.running.until("another one answers", () => {
    const pid = gateway.children("worker").find((pid) => pid !== left && pid !== right);
    return load.sent.some(({ body }) => pidIn(body) === pid) ? pid : null;
  });
  const end = performance.now();
  await until("the stuck one is gone", () => !isRunning(stuck));
  await load.answers(200);
  await load.stop();
  const [status, took] = await answer;
  assertEquals(status, 504);
  assert(took >= TIMEOUT && took < 3 * TIMEOUT, `the deadline was after ${took} ms`);
  assert(end - begin >= 2_000 && end - begin < 6_000, `the new worker answered after ${end - begin} ms`);
  // A 502 is for a POST that was in the worker when it was killed.
  const cut = load.failed.filter(({ outcome }) => outcome === 502);
  assertTimedOut(load.failed.filter((request) => !cut.includes(request)));
  for (const { method, until, from } of cut) assert(method === "POST" && from < end && until > begin + 2_000);
  const gap = longestGap(load, other, begin, end);
  assert(gap < 500, `the other worker answered nothing for ${gap} ms`);
  assertEquals(gateway.notes.length, 1, "it is not asked again elsewhere");
  assertEquals(new Set(gateway.children("worker")), new Set([other, fresh]));
  report(
    "endless loop",
    load,
    `504 after ${Math.round(took)} ms, a new worker after ${Math.round(end - begin)} ms, no gap over ${
      Math.round(gap)
    } ms`,
  );
});

test("faults: a handler that never answers is a 504 at the deadline, and its worker lives on", async () => {
  // A stop waits for handlers that have not ended, though their clients have been answered.
  await using gateway = await FaultyGateway.start([...ARGS, "--graceful-timeout", "1"]);
  await using load = await gateway.load();
  const workers = gateway.children("worker");
  const begin = performance.now();
  const answers = await Promise.all(Array.from({ length: 20 }, async () => {
    const { status } = await gateway.ask("/hang");
    return { status, took: performance.now() - begin };
  }));
  for (const { status, took } of answers) {
    assertEquals(status, 504);
    assert(took >= TIMEOUT && took < 3 * TIMEOUT, `the deadline was after ${took} ms`);
  }
  await until("their signals are aborted", () => gateway.notes.filter((note) => /^aborted/.test(note)).length === 20);
  // Long enough for pings to go unanswered, if they did.
  await until("the ping timeout is over", () => performance.now() - begin > 3_000);
  await load.stop();
  assertEquals(gateway.notes.filter((note) => /^hangs/.test(note)).length, 20, "none is asked again elsewhere");
  assertEquals([load.failed, gateway.children("worker")], [[], workers]);
  report("20 requests that are never answered", load);
});
