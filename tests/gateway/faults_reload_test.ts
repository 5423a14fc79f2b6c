/** Reloads under load: nobody notices them, and those that fail change nothing. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { shortBoot, test } from "../support/confinement.ts";
import type { Load } from "../support/load.ts";
import { RawClient } from "../support/raw_http.ts";
import { type Running, startProxy } from "../support/stackd.ts";
import { until } from "../support/until.ts";
import { faultyApp, FaultyGateway, report } from "./faults_app.ts";

/** Another version, and a HUP; settles when the gateway says that it serves. */
async function reload(gateway: FaultyGateway, version: number): Promise<void> {
  gateway.write(faultyApp(version));
  const length = gateway.running.stderr.length;
  gateway.running.kill("SIGHUP");
  await gateway.logged(/Reloaded: generation (\d+) serves/, length);
}

/** The version that an answer of the load came from. */
function versionIn(body: string): number {
  return Number(body.split(" ")[0]);
}

/** Whoever has seen a version sees no older one afterwards. */
function assertNoWayBack(load: Load): void {
  const seen: number[] = [];
  for (const { client, body } of load.sent) {
    if (body === "") continue;
    assert(versionIn(body) >= (seen[client] ?? 1), `version ${versionIn(body)} after ${seen[client]}`);
    seen[client] = versionIn(body);
  }
}

/** Reloads `times` times under load and asserts that nothing is lost by it; gives when the last one was done. */
async function reloadOften(gateway: FaultyGateway, load: Load, times: number): Promise<number> {
  const size = gateway.children("worker").length;
  for (let version = 2; version <= times + 1; version++) await reload(gateway, version);
  const done = performance.now();
  await until("all but the last workers are gone", () => gateway.children("worker").length === size);
  const gone = performance.now();
  await load.answers(200);
  await load.stop();
  assertEquals(load.failed, []);
  for (const { from, body } of load.sent) if (from > gone) assertEquals(versionIn(body), times + 1);
  return done;
}

/** What a front promises beyond: it switches for everybody at once. */
function assertSwitched(load: Load, done: number, last: number): void {
  assertNoWayBack(load);
  for (const { from, body } of load.sent) if (from > done) assertEquals(versionIn(body), last);
}

test("faults: 20 reloads with a changing module: no request fails, and the last version is served", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load();
  const fronts = gateway.children("front");
  assertSwitched(load, await reloadOften(gateway, load, 20), 21);
  assertEquals(gateway.children("worker").length, 2);
  assertEquals(gateway.children("front"), fronts, "the front is not replaced");
  report("20 × HUP, 2 workers behind a front", load);
});

test("faults: HUPs that come while one is acted upon are acted upon once, afterwards", async () => {
  await using gateway = await FaultyGateway.start();
  await using load = await gateway.load();
  gateway.running.kill("SIGHUP");
  await gateway.logged(/Reloading: generation 2/);
  gateway.write(faultyApp(2));
  // The system itself makes one of signals that come together.
  for (let i = 0; i < 10; i++) gateway.running.kill("SIGHUP");
  await gateway.logged(/Reloaded: generation 3 serves/);
  await load.answers(200);
  await load.stop();
  assertEquals(load.failed, []);
  assertEquals(versionIn(load.sent.findLast(({ body }) => body !== "")?.body ?? ""), 2);
  assertEquals(gateway.running.stderr.match(/Reloading: generation \d+/g)?.length, 2);
  report("11 × HUP at once", load, "2 reloads");
});

test("faults: a reload that fails says why, and the old generation goes on", async (t) => {
  await using gateway = await FaultyGateway.start(["--workers", "2", "--boot-timeout", `${shortBoot()}`]);
  await using load = await gateway.load();
  const workers = gateway.children("worker");
  const cases: [name: string, source: string, says: RegExp][] = [
    [
      "a syntax error",
      "export default () => new Response(;\n",
      /Cannot load ".*app\.ts": .*app\.ts:1:35.*\n(.*\n){2}.*\^/,
    ],
    [
      "a throw in onStart",
      faultyApp(2, `throw new Error("no database");`),
      /Cannot start ".*app\.ts": onStart threw Error: no database\n {4}at onStart \(.*app\.ts:\d+:\d+\)/,
    ],
    [
      "a hang in onStart",
      faultyApp(2, "await new Promise(() => {});"),
      new RegExp(`Cannot start ".*app\\.ts": it took longer than ${shortBoot()} s in onStart`),
    ],
    [
      "a hang in the health check",
      `${faultyApp(2)}\nexport const health = () => new Promise(() => {});\n`,
      new RegExp(`Cannot start ".*app\\.ts": it took longer than ${shortBoot()} s in its health check`),
    ],
    [
      "an endless loop in onStart",
      faultyApp(2, "for (;;);"),
      new RegExp(`Cannot start ".*app\\.ts": it took longer than ${shortBoot()} s in onStart`),
    ],
  ];
  for (const [name, source, says] of cases) {
    await t.step(name, async () => {
      const length = gateway.running.stderr.length;
      gateway.write(source);
      gateway.running.kill("SIGHUP");
      await gateway.logged(/Cannot reload, generation 1 goes on/, length);
      await gateway.logged(says, length);
      await load.answers(200);
      assertEquals([load.failed, gateway.children("worker")], [[], workers]);
    });
  }
  await t.step("a good one afterwards", async () => {
    await reload(gateway, 3);
    await load.answers(200);
    await load.stop();
    assertEquals(load.failed, []);
    assertEquals(versionIn(load.sent.findLast(({ body }) => body !== "")?.body ?? ""), 3);
  });
  report("4 reloads that fail", load);
});

/** One worker that serves the socket itself, and the proxy before it, which the load goes to. */
async function startDirect(): Promise<AsyncDisposable & { readonly gateway: FaultyGateway; readonly proxy: Running }> {
  const gateway = new FaultyGateway();
  const socket = gateway.directory.at("app.sock");
  await gateway.start(["--socket", socket]);
  assertEquals([gateway.children("worker").length, gateway.children("front")], [1, []]);
  const { proxy, port } = await startProxy(["--upstream", `unix:${socket}`, "--access-log", "off"]);
  gateway.address = { transport: "tcp", hostname: "127.0.0.1", port };
  return {
    gateway,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

test("faults: one worker without a front is reloaded behind the proxy, and no request fails", async () => {
  await using direct = await startDirect();
  await using load = await direct.gateway.load();
  await reloadOften(direct.gateway, load, 10);
  assertEquals(direct.proxy.stderr, "");
  report("10 × HUP, 1 worker without a front, behind stackd proxy", load);
});

/** Sends `size` bytes; gives the answer's status and body. */
async function upload(address: ListenAddress, size: number): Promise<[status: number, body: string]> {
  using client = await RawClient.connect(address);
  const sent = client.send(`POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`)
    .then(() => client.send(new Uint8Array(size)))
    .catch(() => {}); // whoever refuses it may not read it
  const { status, body } = await client.response();
  client.close();
  await sent;
  return [status, body];
}

test("faults: four workers share a socket through a front that looks as asked and loses nothing in reloads", async () => {
  await using gateway = new FaultyGateway();
  const socket = gateway.directory.at("app.sock");
  // Only root can give a file away.
  const [uid, gid] = Deno.uid() === 0 ? [65_534, 65_533] : [Deno.uid(), Deno.gid()];
  const look = ["--chmod-socket", "620", "--chown-socket", `${uid}:${gid}`];
  await gateway.start(["--socket", socket, ...look, "--http", "127.0.0.1:0", "--workers", "4"]);
  const overTcp = gateway.address;
  gateway.address = { transport: "unix", path: socket };
  const info = Deno.lstatSync(socket);
  assertEquals([(info.mode ?? 0) & 0o7777, info.uid, info.gid], [0o620, uid, gid]);
  const size = 3_000_000;
  assertEquals(await upload(gateway.address, size), [200, String(size)]);
  assertEquals((await upload(overTcp, size))[0], 413);
  await using load = await gateway.load();
  const reloads = 5;
  assertSwitched(load, await reloadOften(gateway, load, reloads), reloads + 1);
  const after = Deno.lstatSync(socket);
  assertEquals([after.mode, after.uid, after.gid, after.ino], [info.mode, info.uid, info.gid, info.ino]);
  report(`${reloads} × HUP, 4 workers on a unix socket`, load);
});
