/** The gateway's program is replaced under load, there and back. With the compiled binary. @module */
import { assert, assertEquals } from "@std/assert";
import type { ListenAddress } from "../../lib/config/options.ts";
import { mayNote, test } from "../support/confinement.ts";
import { Load } from "../support/load.ts";
import { runStackd, startProxy } from "../support/stackd.ts";
import { runs, Upgradable } from "../support/upgradable.ts";
import { until } from "../support/until.ts";
import { faultyApp, report } from "./faults_app.ts";

/** There and back, so many times. */
const TIMES = Number(Deno.env.get("STACKD_UPGRADES") ?? 1);
const STEPS = Array.from({ length: TIMES }, () => ["two", "one"] as const).flat();

/** Replaces the program of a gateway under load, which goes to `address`; no request may fail. */
async function upgradeUnderLoad(gateway: Upgradable, address: ListenAddress, name: string): Promise<void> {
  await using load = new Load(address);
  await load.answers(100);
  const pids = [gateway.pid];
  for (const release of STEPS) {
    const pid = await gateway.upgrade(release);
    assertEquals(gateway.releaseOf(pid), release);
    pids.push(pid);
    const from = performance.now();
    await load.answers(100);
    const served = load.sent.filter((sent) => sent.from > from && sent.outcome === 200).map(({ body }) => body);
    assert(served.length > 0 && served.every((body) => body.startsWith("1 ")), "the new one's workers answer");
  }
  await load.stop();
  assertEquals(load.failed, []);
  assert(load.rate > 200, `${load.rate} requests a second are no load`);
  assertEquals(new Set(pids).size, STEPS.length + 1);
  assert(!gateway.running.stderr.includes("[error]"), gateway.running.stderr);
  report(`upgrade, ${STEPS.length} times: ${name}`, load);
}

async function startGateway(...args: string[]): Promise<Upgradable> {
  const gateway = new Upgradable();
  const module = gateway.directory.write("app.ts", faultyApp());
  const log = gateway.directory.write("log", "");
  await gateway.start(["gateway", "--access-log", "off", ...mayNote(log, "FAULTS_LOG"), ...args, module], {
    env: { FAULTS_LOG: log },
  });
  return gateway;
}

test("upgrade of a gateway with --http, 2 workers: no request fails, there and back", async () => {
  await using gateway = await startGateway("--http", "127.0.0.1:0", "--workers", "2");
  await upgradeUnderLoad(gateway, gateway.address, "--http, 2 workers");
});

test("upgrade of a gateway with a front on --socket: no request fails, there and back", async () => {
  await using gateway = await startGateway("--socket", "app.sock", "--front");
  const path = gateway.directory.at("app.sock");
  const { ino } = Deno.lstatSync(path);
  await upgradeUnderLoad(gateway, { transport: "unix", path }, "--socket --front");
  assertEquals(Deno.lstatSync(path).ino, ino, "it is the same socket all the time");
});

test("upgrade of a gateway without a front, behind stackd proxy: no request fails, there and back", async () => {
  await using gateway = await startGateway("--socket", "app.sock");
  const { proxy, port } = await startProxy([
    ...["--access-log", "off"],
    ...["--upstream", `unix:${gateway.directory.at("app.sock")}`],
  ]);
  await using _proxy = proxy;
  const address = { transport: "tcp", hostname: "127.0.0.1", port } as const;
  await upgradeUnderLoad(gateway, address, "--socket without a front, behind stackd proxy");
  assertEquals(proxy.stderr, "");
});

test("a gateway that was upgraded stops as any other, and leaves nothing", async () => {
  const gateway = await startGateway("--socket", "app.sock", "--http", "127.0.0.1:0", "--control", "control");
  await gateway.upgrade("two");
  const { pid } = gateway;
  Deno.kill(pid, "SIGTERM");
  const { code } = await gateway.running.ended; // the pipes end with the last process
  assertEquals(code, 0);
  const left = [...Deno.readDirSync(gateway.directory.path)].map(({ name }) => name).sort();
  assertEquals(left, ["app.ts", "log", "one", "stackd", "two"]);
  gateway.directory[Symbol.dispose]();
});

test("stackd upgrade asks over the control socket, and waits, or over the pid file", async () => {
  await using gateway = await startGateway("--http", "127.0.0.1:0", "--control", "control");
  gateway.install("two");
  const before = gateway.pid;
  const asked = await runStackd(["upgrade", "--control", gateway.directory.at("control")]);
  assertEquals([asked.code, asked.stdout], [0, `Upgraded: process ${gateway.pid} serves\n`]);
  assert(gateway.pid !== before);
  const signalled = await runStackd(["upgrade", "--pidfile", gateway.pidfile]);
  const said = `Asked process ${gateway.pid} to upgrade; its log says what came of it\n`;
  assertEquals([signalled.code, signalled.stdout], [0, said]);
  await gateway.logged(/Upgraded: [^]*Upgraded: /);
  await until("the second one is done", () => !runs(before) && gateway.releaseOf(gateway.pid) === "two");
  const nobody = await runStackd(["upgrade"]);
  assertEquals(nobody.code, 2);
  assertEquals(
    nobody.stderr.split("\n")[0],
    "stackd: Cannot ask anybody: name what runs by --control PATH or --pidfile FILE",
  );
});

test("USR2 to the whole process group upgrades once, and ends nobody", async () => {
  await using gateway = await startGateway("--http", "127.0.0.1:0", "--workers", "2");
  await using load = new Load(gateway.address);
  await load.answers(50);
  gateway.install("two");
  const { pid } = gateway;
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  assertEquals(children.length, 3);
  for (const child of [...children, pid]) Deno.kill(child, "SIGUSR2");
  await gateway.logged(/Upgraded: /);
  await load.answers(50);
  await load.stop();
  assertEquals(load.failed, []);
  assert(!gateway.running.stderr.includes("was killed"), gateway.running.stderr);
});
