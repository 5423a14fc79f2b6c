/** Processes that end under load: which requests that costs, and which not. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import type { Load } from "../support/load.ts";
import { until } from "../support/until.ts";
import { FaultyGateway, isRunning, NOTICE, pidIn, report } from "./faults_app.ts";

const CLIENTS = 16;

/** From when a process was told to end until it was gone, monotonic ms. The system takes its time with a large one. */
interface End {
  readonly from: number;
  readonly gone: number;
}

/** Only what was in the workers that ended, and of that only what may not be asked again: each answered by a 502. */
function assertOnlyPosts(load: Load, ends: readonly End[]): void {
  for (const { method, outcome, from, until, why } of load.failed) {
    assertEquals([method, outcome], ["POST", 502], why);
    const inside = ends.some((end) => from < end.gone + NOTICE && until > end.from);
    assert(inside, "a POST failed that was in no worker that ended");
  }
  assert(load.failed.length <= ends.length * CLIENTS, `${load.failed.length} POSTs failed`);
}

async function killed(pid: number): Promise<End> {
  const from = performance.now();
  Deno.kill(pid, "SIGKILL");
  await until("it is gone", () => !isRunning(pid));
  return { from, gone: performance.now() };
}

test("faults: a worker that is killed costs at most the POSTs that are in it", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load();
  const ends: End[] = [];
  for (let kill = 0; kill < 4; kill++) {
    const pid = gateway.children("worker")[kill % 2], length = gateway.running.stderr.length;
    ends.push(await killed(pid));
    const [, next] = await gateway.logged(/serves again \(pid (\d+)\)/, length);
    await until("the new one answers", () => load.sent.some(({ body }) => pidIn(body) === Number(next)));
    assertEquals(gateway.children("worker").length, 2);
  }
  await load.answers(200);
  await load.stop();
  assertOnlyPosts(load, ends);
  report("kill -9 of a worker, 4 times", load);
});

test("faults: a front that is killed breaks its connections, and serves again on the same port", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load();
  const workers = gateway.children("worker");
  const [front] = gateway.children("front");
  const inFlight = load.inFlight.length, { from: begun } = await killed(front);
  await gateway.logged(/The front serves again \(pid \d+\)/);
  await load.answers(200);
  await load.stop();
  const first = load.sent.find(({ from, outcome }) => from > begun && outcome === 200);
  assert(first !== undefined);
  const gap = first.until - begun;
  assert(gap < 2_000, `nobody was served for ${gap} ms`);
  for (const { outcome, from, until, why } of load.failed) {
    // The socket is its supervisor's: who connects waits for the next front.
    assertEquals(outcome, "lost", why);
    assert(from < first.until + NOTICE && until > begun, "a request failed that the front did not have");
  }
  // A client notices the end of its connection by its next request.
  const lost = load.failed.filter(({ outcome }) => outcome === "lost").length;
  assert(lost <= CLIENTS, `${lost} requests of ${CLIENTS} clients were lost, ${inFlight} were in flight`);
  assertEquals(gateway.children("worker"), workers, "workers outlive their front");
  report("kill -9 of the front", load, `served again after ${Math.round(gap)} ms`);
});

test("faults: a request that ends its worker takes two with it when it is a GET, and one when it is a POST", async (t) => {
  for (const [method, most] of [["GET", 2], ["POST", 1]] as const) {
    await t.step(method, async () => {
      await using gateway = await FaultyGateway.start(["--workers", "3"]);
      await using load = await gateway.load();
      const before = gateway.children("worker");
      const from = performance.now();
      assertEquals((await gateway.ask("/exit", method)).status, 502);
      const gone = performance.now();
      await gateway.running.until("they are replaced", () => {
        return gateway.running.stderr.match(/serves again/g)?.length === most;
      });
      await load.answers(200);
      await load.stop();
      assertEquals(gateway.notes.map((note) => note.split(" ")[0]), Array(most).fill("exits"));
      const after = gateway.children("worker");
      assertEquals(after.length, 3);
      assertEquals(before.filter((pid) => after.includes(pid)).length, 3 - most);
      // What was in the first is asked again elsewhere, and that may be the second.
      for (const failure of load.failed) {
        assertEquals(failure.outcome, 502, failure.why);
        assert(failure.method === "POST" || method === "GET", "a GET that met one death alone is answered");
        assert(failure.from < gone + NOTICE && failure.until > from, "it was in none of them");
      }
      assert(load.failed.length <= CLIENTS, `${load.failed.length} failed`);
      report(`Deno.exit() in a ${method}, of 3 workers`, load, `${most} worker${most === 1 ? "" : "s"} ended`);
    });
  }
});

/** What Linux counts for `--data`: memory that can be written, used or not, bytes. Each isolate of V8 asks for half a gigabyte. */
function writableMemory(pid: number): number {
  return Number(/VmData:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) * 1_024;
}

test("faults: memory that is not to be had fails the request that asked for it, or ends its worker alone", async (t) => {
  // It takes a while in which the worker answers nothing.
  await using gateway = await FaultyGateway.start(["--workers", "2", "--ping-timeout", "30"]);
  const limited = gateway.children("worker").map((pid) => {
    const limit = writableMemory(pid) + 150_000_000;
    return new Deno.Command("prlimit", { args: [`--data=${limit}`, `--pid=${pid}`] }).outputSync().success;
  });
  assertEquals(limited, [true, true]);
  await using load = await gateway.load();
  const workers = gateway.children("worker");
  await t.step("2 GB at once: the request fails", async () => {
    assertEquals((await gateway.ask("/allocate", "POST")).status, 500);
    await load.answers(100);
    assertEquals(load.failed, []);
    assertEquals(gateway.children("worker"), workers);
    await gateway.logged(/The handler threw for POST "\/allocate" .*RangeError: Array buffer allocation failed/);
  });
  await t.step("more and more: the worker ends", async () => {
    const from = performance.now();
    assertEquals((await gateway.ask("/heap", "POST", 60_000)).status, 502);
    const end = performance.now();
    const [, pid] = await gateway.logged(/Worker \d \(pid (\d+)\) was killed by SIG\w+; another one is started/);
    assertEquals(gateway.notes.at(-1), `grows ${pid}`);
    await gateway.logged(/serves again/);
    await load.answers(100);
    await load.stop();
    assertOnlyPosts(load, [{ from, gone: end }]);
    assertEquals(gateway.children("worker").filter((pid) => workers.includes(pid)).length, 1);
    report("memory used up", load, `in ${Math.round(end - from)} ms`);
  });
});

test("faults: an unhandled rejection and a throw in a timer fail nothing", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load();
  const workers = gateway.children("worker");
  for (let i = 0; i < 10; i++) {
    assertEquals((await gateway.ask("/reject")).status, 200);
    assertEquals((await gateway.ask("/timer")).status, 200);
  }
  await load.answers(100);
  await load.stop();
  assertEquals([load.failed, gateway.children("worker")], [[], workers]);
  const { stderr } = gateway.running;
  assertEquals(stderr.match(/rejected, and nothing handled it: Error: nobody waits for it/g)?.length, 10);
  assertEquals(stderr.match(/threw outside of a request: Error: thrown by a timer/g)?.length, 10);
  report("10 unhandled rejections and 10 throws in timers", load);
});
