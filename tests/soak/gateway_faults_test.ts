/** What tests/gateway/faults_*_test.ts say, for longer and many times over. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import { test } from "../support/confinement.ts";
import { residentMemory } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { faultyApp, FaultyGateway, isRunning, NOTICE, report } from "../gateway/faults_app.ts";

/** Reloads `times` times. */
async function reload(gateway: FaultyGateway, times: number): Promise<void> {
  for (let version = 2; version <= times + 1; version++) {
    gateway.write(faultyApp(version));
    const length = gateway.running.stderr.length;
    gateway.running.kill("SIGHUP");
    await gateway.logged(/Reloaded: generation \d+ serves/, length, 60_000);
  }
}

test("faults: 100 reloads fail nothing and leave nothing", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load();
  const { pid } = gateway.running;
  const descriptors = () => [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  await reload(gateway, 20);
  const before = { memory: residentMemory(pid), descriptors: descriptors() };
  await reload(gateway, 80);
  await load.answers(200);
  await load.stop();
  assertEquals(load.failed, []);
  await until("all but two workers are gone", () => gateway.children("worker").length === 2);
  assert(descriptors() <= before.descriptors, `${descriptors()} descriptors, ${before.descriptors} before`);
  const growth = residentMemory(pid) - before.memory;
  assert(growth < 32 * 1_024, `the supervisor has grown by ${growth} KiB`);
  report("100 × HUP, 2 workers behind a front", load, `the supervisor has grown by ${growth} KiB`);
});

test("faults: 20 reloads of four workers on a socket fail nothing", async () => {
  await using gateway = new FaultyGateway();
  const socket = gateway.directory.at("app.sock");
  await gateway.start(["--socket", socket, "--workers", "4"]);
  gateway.address = { transport: "unix", path: socket };
  await using load = await gateway.load();
  await reload(gateway, 20);
  await load.answers(200);
  await load.stop();
  assertEquals(load.failed, []);
  report("20 × HUP, 4 workers on a unix socket", load);
});

test("faults: 40 reloads of workers that never have time fail nothing", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load({ clients: 24, period: 60, path: "/busy" }, 50);
  await reload(gateway, 40);
  await load.answers(200);
  await load.stop();
  assertEquals(load.failed, []);
  report("40 × HUP, handlers that keep the processor busy", load);
});

test("faults: reloads, deaths and recycling all at once cost only the POSTs that were in the workers that died", async () => {
  await using gateway = await FaultyGateway.start(["--workers", "3", "--max-requests", "200"]);
  await using load = await gateway.load();
  const ends: { from: number; gone: number }[] = [];
  for (let round = 0; round < 10; round++) {
    const length = gateway.running.stderr.length;
    gateway.running.kill("SIGHUP");
    const [pid] = gateway.children("worker");
    const from = performance.now();
    Deno.kill(pid, "SIGKILL");
    await until("it is gone", () => !isRunning(pid));
    ends.push({ from, gone: performance.now() });
    await gateway.logged(/Reloaded: generation \d+ serves/, length, 60_000);
  }
  await load.answers(1_000);
  await load.stop();
  for (const { method, outcome, from, until, why } of load.failed) {
    assertEquals([method, outcome], ["POST", 502], why);
    assert(ends.some((end) => from < end.gone + NOTICE && until > end.from), "it was in no worker that died");
  }
  await until("three workers are left", () => gateway.children("worker").length === 3);
  report("10 × HUP and kill -9 together, --max-requests 200", load);
});
