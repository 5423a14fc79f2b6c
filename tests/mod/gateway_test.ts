/** serveGateway(): a gateway inside another program. @module */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type GatewayHandle, serveGateway, StackdError } from "../../mod.ts";
import { GATEWAY_FIELDS } from "../../lib/embed/fields.ts";
import { optionsOf } from "../../lib/config/table.ts";
import { fileCalls } from "../../lib/http1/file_calls.ts";
import { libc } from "../../lib/http1/libc.ts";
import { canInherit } from "../../lib/process/descriptors.ts";
import { TestDirectory } from "../support/stackd.ts";
import { until } from "../support/until.ts";

// These stay open; opened within a test, they would count as leaks.
libc();
fileCalls();
canInherit();

const PID = "export default () => new Response(String(Deno.pid));\n";

/** Asks a gateway for its page over TCP. */
async function get({ addresses }: GatewayHandle, path = "/"): Promise<string> {
  const address = addresses.find(({ transport }) => transport === "tcp");
  assert(address?.transport === "tcp");
  const url = `http://${address.hostname}:${address.port}${path}`;
  return await (await fetch(url, { headers: { Connection: "close" } })).text();
}

Deno.test("serveGateway() serves over TCP and a unix socket from workers of its own, and tells their state", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.ts", PID), socket = directory.at("app.sock");
  await using gateway = await serveGateway({ module, http: "127.0.0.1:0", socket, workers: 2 });
  assertEquals(gateway.addresses.map(({ transport }) => transport).sort(), ["tcp", "unix"]);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const pids = [await get(gateway), await (await fetch("http://localhost/", { client })).text()];
  const { state, generation, workers } = gateway.status();
  assertEquals([state, generation, workers.length], ["ready", 1, 2]);
  for (const pid of pids) assert(workers.some((worker) => String(worker.pid) === pid), `${pid} is a worker's`);
  assert(!pids.includes(String(Deno.pid)));
});

Deno.test("one worker serves the socket itself, in its surroundings; stop() ends all and removes it", async () => {
  using directory = new TestDirectory();
  const module = directory.write(
    "app.ts",
    "export default () => Response.json([Deno.env.get('GREETING'), Deno.cwd(), Deno.pid]);\n",
  );
  const socket = directory.at("app.sock");
  const gateway = await serveGateway({
    module,
    socket,
    chmodSocket: 0o600,
    env: { GREETING: "hi = there" },
    chdir: "/usr",
  });
  assertEquals(gateway.addresses, [{ transport: "unix", path: socket }]);
  assertEquals((Deno.statSync(socket).mode ?? 0) & 0o777, 0o600);
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const [greeting, cwd, pid] = await (await fetch("http://localhost/", { client })).json();
  assertEquals([greeting, cwd], ["hi = there", "/usr"]);
  await Promise.all([gateway.stop(), gateway.stop()]);
  await assertRejects(() => Deno.lstat(socket), Deno.errors.NotFound);
  await assertRejects(() => Deno.lstat(`/proc/${pid}`), Deno.errors.NotFound);
});

Deno.test("reload() serves the changed module; one that does not load changes nothing, and is told", async () => {
  using directory = new TestDirectory();
  const write = (text: string) => directory.write("app.ts", text);
  const module = write('export default () => new Response("one");\n');
  await using gateway = await serveGateway({ module, http: "127.0.0.1:0" });
  assertEquals(await get(gateway), "one");
  write('export default () => new Response("two");\n');
  await gateway.reload();
  assertEquals([await get(gateway), gateway.status().generation], ["two", 2]);
  write("export default 3;\n");
  const error = await assertRejects(() => gateway.reload(), StackdError);
  assertEquals(error.code, "STACKD_HANDLER_INVALID");
  assertEquals([await get(gateway), gateway.status().generation], ["two", 2]);
});

Deno.test("watch reloads a module that changes", async () => {
  using directory = new TestDirectory();
  const module = directory.write("app.ts", 'export default () => new Response("one");\n');
  await using gateway = await serveGateway({ module, http: "127.0.0.1:0", watch: true });
  directory.write("app.ts", 'export default () => new Response("two");\n');
  await until("the changed module answers", async () => await get(gateway) === "two");
});

Deno.test("several modules and files below their prefixes", async () => {
  using directory = new TestDirectory();
  const app = (name: string) =>
    directory.write(
      `${name}.ts`,
      `export default (r, i) => new Response("${name} " + i.prefix + new URL(r.url).pathname);\n`,
    );
  directory.write("public/a.txt", "a file");
  await using gateway = await serveGateway({
    module: app("main"),
    mount: { "/api": app("api") },
    staticMap: { "/files": directory.at("public") },
    http: ["127.0.0.1:0"],
  });
  assertEquals([await get(gateway, "/x"), await get(gateway, "/api/x"), await get(gateway, "/files/a.txt")], [
    "main /x",
    "api /api/x",
    "a file",
  ]);
});

Deno.test("serveGateway() rejects with the command line's sentences, and leaves nothing behind", async (t) => {
  using directory = new TestDirectory();
  const socket = directory.at("app.sock");
  const rejects = async (options: Parameters<typeof serveGateway>[0]) => {
    const { code, message } = await assertRejects(() => serveGateway(options), StackdError);
    return [code, message];
  };
  await t.step("nowhere to listen", async () => {
    assertEquals(await rejects({ module: directory.write("app.ts", PID) }), [
      "STACKD_USAGE",
      "Cannot start the gateway: no address to listen on, give --socket PATH or --http [HOST:]PORT",
    ]);
  });
  await t.step("a module that throws", async () => {
    const module = directory.write("throws.ts", 'throw new Error("no db");\n');
    assertEquals(await rejects({ module, socket }), [
      "STACKD_HANDLER_LOAD",
      `Cannot load "${module}": it threw Error: no db`,
    ]);
  });
  await t.step("a module that takes too long", async () => {
    const module = directory.write("slow.ts", "await new Promise(() => setInterval(() => {}, 1000));\n");
    assertEquals(await rejects({ module, socket, bootTimeout: 700 }), [
      "STACKD_BOOT_TIMEOUT",
      `Cannot load "${module}": it took longer than 0.7 s`,
    ]);
  });
  assertEquals([...Deno.readDirSync(directory.path)].filter(({ name }) => name.endsWith(".sock")), []);
});

Deno.test("every option of stackd gateway can be given, but those of a process of its own", () => {
  const own = new Set(["control", "status", "pidfile", "uid", "gid", "learn", "help"]);
  const flags = optionsOf("gateway").map(({ name }) => name).filter((name) => !own.has(name));
  assertEquals(Object.values(GATEWAY_FIELDS).map(({ flag }) => flag).sort(), flags.sort());
});
