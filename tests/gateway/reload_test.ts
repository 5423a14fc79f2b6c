/** What reloads a handler by itself, what keeps it from being reloaded, and what systemd hears of it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { RawClient } from "../support/raw_http.ts";
import { BINARY, Running, TestDirectory } from "../support/stackd.ts";

const handler = (body: string, more = "") => `export default () => new Response("${body}");\n${more}`;

async function start(directory: TestDirectory, args: readonly string[], env: Record<string, string> = {}) {
  const line = ["gateway", "--http", "127.0.0.1:0", "--access-log", "off", ...args, directory.at("app.ts")];
  const gateway = new Running(BINARY, line, { env });
  const [, port] = await gateway.untilPrinted(/http:\/\/127\.0\.0\.1:(\d+)/);
  await gateway.untilPrinted(/pid/);
  const get = async () => await (await fetch(`http://127.0.0.1:${port}/`)).text();
  return { gateway, get };
}

Deno.test("--watch reloads when the module changes, --touch-reload when a file is touched", async () => {
  using directory = new TestDirectory();
  directory.write("app.ts", handler("one"));
  directory.write("touch", "");
  const { gateway, get } = await start(directory, ["--watch", "--touch-reload", directory.at("touch")]);
  await using _ = gateway;
  assertEquals(await get(), "one");
  directory.write("app.ts", handler("two"));
  await gateway.until("the new handler serves", async () => await get() === "two");
  directory.write("app.ts", "export default {{");
  await gateway.until("the log says why not", () => gateway.stderr.includes("Cannot reload, generation 2 goes on"));
  assertEquals(await get(), "two");
  await gateway.until("the watch is quiet", () => !gateway.stderr.trimEnd().endsWith("is started"));
  // Another file of the directory means nothing; the one that is named does.
  directory.write("other.ts", "x");
  const before = gateway.stderr;
  Deno.utimeSync(directory.at("touch"), new Date(), new Date());
  await gateway.until("it is tried again", () => gateway.stderr.slice(before.length).includes("Cannot reload"));
  assertEquals(gateway.stderr.slice(before.length).split("is started").length, 2, "once");
});

Deno.test("a handler that is not well does not take over", async (t) => {
  for (
    const [health, said] of [
      ["export const health = () => false;", "its health check says false"],
      ['export const health = () => { throw new Error("no database"); };', "its health check threw Error: no database"],
    ]
  ) {
    await t.step(said, async () => {
      using directory = new TestDirectory();
      directory.write("app.ts", handler("one", "export const health = () => true;"));
      const { gateway, get } = await start(directory, ["--watch"]);
      await using _ = gateway;
      directory.write("app.ts", handler("two", health));
      await gateway.until("the log says why not", () => gateway.stderr.includes(said));
      assertStringIncludes(gateway.stderr, "Cannot reload, generation 1 goes on: Cannot start ");
      assertEquals(await get(), "one");
    });
  }
});

Deno.test("what a worker prints has its name in front", async () => {
  using directory = new TestDirectory();
  directory.write("app.ts", handler("one", 'console.log("out\\nof it"); console.error("and err");'));
  const { gateway } = await start(directory, []);
  await using _ = gateway;
  await gateway.until("both are there", () => gateway.stdout.includes("of it") && gateway.stderr.includes("and err"));
  assertStringIncludes(gateway.stdout, "[worker 1] out\n[worker 1] of it\n");
  assertStringIncludes(gateway.stderr, "[worker 1] and err\n");
});

Deno.test("systemd hears when the gateway is ready, reloads, lives and stops", async () => {
  using directory = new TestDirectory();
  directory.write("app.ts", handler("one", "export const onStart = () => console.log(Deno.env.get('NOTIFY_SOCKET'));"));
  const path = directory.at("notify.sock");
  const socket = Deno.listenDatagram({ transport: "unixpacket", path });
  const heard: string[] = [];
  (async () => {
    for await (const [bytes] of socket) heard.push(new TextDecoder().decode(bytes).split("\n")[0] ?? "");
  })();
  const { gateway } = await start(directory, [], { NOTIFY_SOCKET: path, WATCHDOG_USEC: "200000" });
  const count = (what: string) => heard.filter((line) => line === what).length;
  await gateway.until("it is ready", () => count("READY=1") === 1);
  await gateway.until("it is alive", () => count("WATCHDOG=1") >= 2);
  gateway.kill("SIGHUP");
  await gateway.until("it is ready again", () => count("READY=1") === 2);
  assertEquals(heard.filter((line) => line !== "WATCHDOG=1"), ["READY=1", "RELOADING=1", "READY=1"]);
  const { stdout } = await gateway.stop();
  assertEquals(heard.filter((line) => line !== "WATCHDOG=1").at(-1), "STOPPING=1");
  assertStringIncludes(stdout, "[worker 1] undefined\n", "a handler does not inherit the socket");
  socket.close();
});

Deno.test("USR1 opens access logs anew, of a front and of a worker without one", async (t) => {
  for (const listen of ["--http", "--socket"]) {
    await t.step(listen, async () => {
      using directory = new TestDirectory();
      directory.write("app.ts", handler("one"));
      const log = directory.at("access.log"), socket = directory.at("app.sock");
      const where = listen === "--http" ? ["--http", "127.0.0.1:0"] : ["--socket", socket];
      const line = ["gateway", ...where, "--access-log", log, directory.at("app.ts")];
      await using gateway = new Running(BINARY, line);
      await gateway.untilPrinted(/pid/);
      const port = /127\.0\.0\.1:(\d+)/.exec(gateway.stdout)?.[1];
      const ask = async (path: string) => {
        using client = listen === "--http"
          ? await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port: Number(port) })
          : await RawClient.connect({ transport: "unix", path: socket });
        await client.send(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
        await client.response();
      };
      const has = (file: string, path: string) =>
        gateway.until(`${file} has ${path}`, () => {
          try {
            return Deno.readTextFileSync(directory.at(file)).includes(`GET ${path} `);
          } catch {
            return false;
          }
        });
      await ask("/before");
      await has("access.log", "/before");
      Deno.renameSync(log, directory.at("access.log.1"));
      gateway.kill("SIGUSR1");
      await gateway.until("there is a new file", () => {
        try {
          return Deno.statSync(log).isFile;
        } catch {
          return false;
        }
      });
      await ask("/after");
      await has("access.log", "/after");
    });
  }
});
