/** A proxy of several processes that share its port: reloads, a process that dies, and the end of all. @module */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Load } from "../support/load.ts";
import { runStackd, stackd, TestDirectory } from "../support/stackd.ts";

const file = (body: string) =>
  `[proxy]\nlisten = "127.0.0.1:0"\nworkers = 3\naccess-log = "off"\n[[proxy.route]]\nrespond = { body = "${body}" }\n`;

/** The pids of a process's children. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("pgrep", { args: ["-P", String(pid)] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").map(Number);
}

Deno.test("several fronts share a port, take a changed file, and outlive one of them", async () => {
  using directory = new TestDirectory();
  directory.write("stackd.toml", file("one"));
  await using proxy = stackd(["proxy", "-c", directory.at("stackd.toml")]);
  const [, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await proxy.untilPrinted(/workers +3/);
  const fronts = await childrenOf(proxy.pid);
  assertEquals(fronts.length, 3);
  {
    await using load = new Load({ transport: "tcp", hostname: "127.0.0.1", port: Number(port) });
    await load.answers(50);
    directory.write("stackd.toml", file("two"));
    proxy.kill("SIGHUP");
    await proxy.until("all have it", () => proxy.stderr.includes("Reloaded: 1 route in 3 processes"));
    const reloaded = performance.now();
    directory.write("stackd.toml", "[proxy]\nlisten = 1");
    proxy.kill("SIGHUP");
    await proxy.until("the log says why not", () => proxy.stderr.includes("Cannot reload, nothing has changed"));
    await load.answers(100);
    await load.stop();
    assertEquals(load.failed, []);
    assertEquals(new Set(load.sent.filter(({ from }) => from > reloaded).map(({ body }) => body)), new Set(["two"]));
    assertEquals(proxy.stderr.match(/Cannot reload/g)?.length, 1, "the supervisor says it, once");
  }
  directory.write("stackd.toml", file("two"));
  Deno.kill(fronts[1] ?? 0, "SIGKILL");
  await proxy.until("another one serves", () => /Front \d serves again/.test(proxy.stderr));
  const after = await childrenOf(proxy.pid);
  assertEquals([after.length, after.includes(fronts[1] ?? 0)], [3, false]);
  for (let i = 0; i < 20; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    assertEquals(await response.text(), "two");
  }
  const { code, stderr } = await proxy.stop();
  assertEquals(code, 0);
  assert(!stderr.includes("[error] Front 1"), stderr);
  for (const pid of after) assert(!isRunning(pid), `front ${pid} is left`);
});

Deno.test("a front that reads its file while that is changed and reloaded takes the change", async () => {
  using directory = new TestDirectory();
  const path = directory.write("stackd.toml", file("one")), pipe = directory.at("pipe");
  await using proxy = stackd(["proxy", "-c", path]);
  const [, port] = await proxy.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await proxy.untilPrinted(/workers +3/);
  assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  Deno.renameSync(pipe, path);
  const [front = 0] = await childrenOf(proxy.pid);
  Deno.kill(front, "SIGKILL");
  {
    using reads = await Deno.open(path, { write: true }); // the next front waits for what is in it
    Deno.renameSync(directory.write("next.toml", file("two")), path);
    proxy.kill("SIGHUP");
    await proxy.until("the others have it", () => proxy.stderr.includes("Reloaded"));
    await reads.write(new TextEncoder().encode(file("one")));
  }
  await proxy.until("it serves", () => /Front \d serves again/.test(proxy.stderr));
  for (const other of (await childrenOf(proxy.pid)).slice(0, 2)) Deno.kill(other, "SIGSTOP"); // they accept nobody
  const answer = async () => {
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    return await (await fetch(`http://127.0.0.1:${port}/`, { client, signal: AbortSignal.timeout(500) })).text();
  };
  await proxy.until("it has it", async () => await answer().catch(() => "") === "two");
  for (const pid of await childrenOf(proxy.pid)) Deno.kill(pid, "SIGCONT");
});

Deno.test("several fronts cannot share a unix socket", async () => {
  using directory = new TestDirectory();
  const args = ["proxy", "-w", "2", "--listen", `unix:${directory.at("p.sock")}`, "--upstream", "http://127.0.0.1:1"];
  const { code, stderr } = await runStackd(args);
  assertEquals(code, 2);
  assertStringIncludes(
    stderr,
    "Cannot use --workers: several processes cannot share a unix socket, listen on a port too",
  );
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
