/** The control socket and the status, from the command line and over HTTP. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isRunning } from "./faults_app.ts";
import { BINARY, type Ended, Running, TestDirectory } from "../support/stackd.ts";

const HANDLER = "export default () => new Response(`${Deno.env.get('NAME')} ${Deno.cwd()} v1`);";

async function stackd(...args: string[]): Promise<Ended> {
  await using process = new Running(BINARY, args);
  return await process.ended;
}

/** A gateway with a control socket, and where it listens. */
async function start(directory: TestDirectory, ...args: string[]) {
  directory.write("app.ts", HANDLER);
  const control = directory.at("app.ctl");
  const more = ["--http", "127.0.0.1:0", "--access-log", "off", "--control", control, ...args];
  const gateway = new Running(BINARY, ["gateway", ...more, directory.at("app.ts")]);
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/pid/);
  const get = async (path = "/") => await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  return { gateway, control, get };
}

Deno.test("stackd reload waits for the new handler, and says why there is none", async () => {
  using directory = new TestDirectory();
  const { gateway, control, get } = await start(directory, "-w", "2");
  await using _ = gateway;
  directory.write("app.ts", HANDLER.replace("v1", "v2"));
  const done = await stackd("reload", "--control", control);
  assertEquals([done.code, done.stdout], [0, "Reloaded\n"]);
  assertStringIncludes(await get(), "v2");
  directory.write("app.ts", "export default {{");
  const failed = await stackd("reload", "--control", control);
  assertEquals([failed.code, failed.stdout], [1, ""]);
  assertStringIncludes(failed.stderr, `stackd: Cannot load "${directory.at("app.ts")}": `);
  assertStringIncludes(failed.stderr, "1 | export default {{");
  assertStringIncludes(await get(), "v2");
  assertStringIncludes(gateway.stderr, "Cannot reload, generation 2 goes on: ");
});

Deno.test("stackd status and --status tell the same; stackd workers changes their number", async () => {
  using directory = new TestDirectory();
  const path = directory.at("status.sock");
  const { gateway, control, get } = await start(directory, "-w", "2", "--status", path);
  await using _ = gateway;
  await get();
  const read = async () => JSON.parse((await stackd("status", "--control", control)).stdout);
  // The workers are asked several times a second.
  const status = await gateway.until("the request is counted", async () => {
    const found = await read();
    return found.workers.some(({ requests }: { requests: number }) => requests === 1) ? found : null;
  });
  assertEquals([status.pid, status.generation, status.workers.length], [gateway.pid, 1, 2]);
  const conn = await Deno.connect({ transport: "unix", path });
  const told = JSON.parse(await new Response(conn.readable).text());
  assertEquals(
    told.workers.map(({ pid }: { pid: number }) => pid),
    status.workers.map(({ pid }: { pid: number }) => pid),
  );
  assertEquals((await stackd("workers", "+1", "--control", control)).stdout, "3 workers\n");
  await gateway.until("the third serves", async () => {
    const { workers } = await read();
    return workers.length === 3 && workers.every(({ accepting }: { accepting: number }) => accepting === 1);
  });
  assertEquals((await stackd("workers", "-1", "--control", control)).stdout, "2 workers\n");
  assertEquals((await stackd("workers", "-1", "--control", control)).stdout, "1 worker\n");
  const last = await stackd("workers", "-1", "--control", control);
  assertEquals([last.code, last.stderr], [1, "stackd: Cannot end the last worker: stop the gateway\n"]);
  assertStringIncludes(await get(), "v1");
});

Deno.test("stackd stop ends the gateway; then nobody answers", async () => {
  using directory = new TestDirectory();
  const { gateway, control } = await start(directory);
  assertEquals((await stackd("stop", "--control", control)).stdout, "Stopping\n");
  assertEquals((await gateway.ended).code, 0);
  const nobody = await stackd("status", "--control", control);
  assertEquals(nobody.code, 1);
  assertStringIncludes(nobody.stderr, "no stackd is running there");
});

Deno.test("a pid file serves to reload and stop, without an answer", async () => {
  using directory = new TestDirectory();
  const pidfile = directory.at("app.pid");
  const { gateway, get } = await start(directory, "--pidfile", pidfile);
  directory.write("app.ts", HANDLER.replace("v1", "v2"));
  const asked = await stackd("reload", "--pidfile", pidfile);
  assertEquals(asked.stdout, `Asked process ${gateway.pid} to reload; its log says what came of it\n`);
  await gateway.until("the new handler serves", async () => (await get()).includes("v2"));
  assertEquals((await stackd("stop", "--pidfile", pidfile)).code, 0);
  assertEquals((await gateway.ended).code, 0);
  const gone = await stackd("stop", "--pidfile", pidfile);
  assertEquals([gone.code, gone.stderr], [
    1,
    `stackd: Cannot stop by "${pidfile}": it is no pid file, or is not there\n`,
  ]);
});

Deno.test("a pid file that names another process's id signals nobody", async (t) => {
  using directory = new TestDirectory();
  const pidfile = directory.at("app.pid");
  await using other = new Running("sleep", ["60"]);
  const { gateway } = await start(directory);
  await using _ = gateway;
  const [, worker] = /"pid":(\d+)/.exec(
    JSON.stringify(JSON.parse((await stackd("status", "--control", directory.at("app.ctl"))).stdout).workers),
  ) ?? [];
  const others = [[other.pid, Deno.readTextFileSync(`/proc/${other.pid}/cmdline`).split("\0")[0] ?? ""], [
    Number(worker),
    `${BINARY} worker `,
  ]] as const;
  for (const [pid, shown] of others) {
    Deno.writeTextFileSync(pidfile, `${pid}\n`);
    for (const command of ["reload", "upgrade", "stop"]) {
      await t.step(`${command} by the pid of ${shown}`, async () => {
        const { code, stderr } = await stackd(command, "--pidfile", pidfile);
        assertEquals(code, 1);
        const state = `process ${pid} is no gateway or proxy of stackd, but "${shown}`;
        assertStringIncludes(stderr, `stackd: Cannot ${command} by "${pidfile}": ${state}`);
      });
    }
  }
  assert(!other.hasEnded && !gateway.hasEnded);
  await other.stop();
  Deno.writeTextFileSync(pidfile, `${other.pid}\n`);
  const gone = await stackd("stop", "--pidfile", pidfile);
  assertStringIncludes(gone.stderr, `process ${other.pid} does not run`);
});

Deno.test("a command takes one way to who runs", async () => {
  for (const command of ["reload", "upgrade", "stop"]) {
    const { code, stderr } = await stackd(command, "--control", "/x", "--pidfile", "/y");
    assertEquals(code, 2);
    assertStringIncludes(stderr, `Cannot ${command} by two ways: --control "/x" and --pidfile "/y" are given`);
  }
});

Deno.test("--env, --env-file and --chdir make the workers' world", async () => {
  using directory = new TestDirectory();
  directory.write("app.env", "NAME=file\n");
  directory.write("sub/x", "");
  const where = directory.at("sub");
  const first = await start(directory, "--env-file", directory.at("app.env"), "--chdir", where);
  assertEquals(await first.get(), `file ${Deno.realPathSync(where)} v1`);
  await first.gateway.stop();
  const second = await start(directory, "--env-file", directory.at("app.env"), "--env", "NAME=flag");
  assert((await second.get()).startsWith("flag "));
  await second.gateway.stop();
});

/** Its onStart takes until a file is there; worker 2 works on when it has answered, until another one is. */
const SLOW = `
const there = async (name: string) => {
  const path = new URL(name, import.meta.url);
  while (!await Deno.stat(path).then(() => true, () => false)) await new Promise((resolve) => setTimeout(resolve, 10));
};
export const onStart = () => there("go");
export default (_: Request, info: { workerId: number; waitUntil(work: Promise<unknown>): void }) => {
  const end = () => Deno.writeTextFile(new URL("ended", import.meta.url), "");
  if (info.workerId === 2) info.waitUntil(there("end").then(end));
  return new Response(String(Deno.pid));
};`;

/** A gateway with two workers of it, which serve; and what it says of its workers. */
async function startSlow(directory: TestDirectory) {
  directory.write("go", "");
  const { gateway, control, get } = await start(directory, "-w", "2");
  directory.write("app.ts", SLOW);
  assertEquals((await stackd("reload", "--control", control)).code, 0);
  Deno.removeSync(directory.at("go"));
  const workers = async (): Promise<{ id: number; pid: number; accepting: number; generation: number }[]> =>
    JSON.parse((await stackd("status", "--control", control)).stdout).workers;
  const change = async (by: string) => (await stackd("workers", by, "--control", control)).stdout;
  return { gateway, control, get, workers, change };
}

Deno.test("a worker that is taken back before it serves takes no other one with it", async () => {
  using directory = new TestDirectory();
  const { gateway, workers, change } = await startSlow(directory);
  await using _ = gateway;
  assertEquals(await change("+1"), "3 workers\n");
  const [, , third] = await workers();
  assertEquals(await change("-1"), "2 workers\n");
  await gateway.until("it is gone", () => !isRunning(third?.pid ?? 0));
  assertEquals((await workers()).map(({ id }) => id), [1, 2]);
  assertEquals(await change("+1"), "3 workers\n");
  assertEquals(gateway.stderr.includes("Cannot start another worker"), false, gateway.stderr);
});

Deno.test("a change of the workers' number during a reload holds for the new generation", async () => {
  using directory = new TestDirectory();
  const { gateway, control, workers, change } = await startSlow(directory);
  await using _ = gateway;
  const reloaded = stackd("reload", "--control", control);
  await gateway.until("it is under way", () => gateway.stderr.includes("generation 3 is started"));
  assertEquals(await change("+1"), "3 workers\n");
  directory.write("go", "");
  assertEquals((await reloaded).code, 0);
  await gateway.until("three serve", async () => {
    const serving = (await workers()).filter(({ accepting, generation }) => accepting === 1 && generation === 3);
    return serving.map(({ id }) => id).join() === "1,2,3";
  });
  assertEquals(gateway.stderr.includes("Cannot start another worker"), false, gateway.stderr);
});

Deno.test("a stop waits for a worker less that still works", async () => {
  using directory = new TestDirectory();
  const { gateway, get, workers, change } = await startSlow(directory);
  await using _ = gateway;
  const [first, second] = await workers();
  await gateway.until("the second has work", async () => await get() === String(second?.pid));
  assertEquals(await change("-1"), "1 worker\n");
  gateway.kill("SIGTERM");
  await gateway.until("only the second is left", () => !isRunning(first?.pid ?? 0));
  directory.write("end", "");
  assertEquals((await gateway.ended).code, 0);
  assert(Deno.statSync(directory.at("ended")).isFile);
});
