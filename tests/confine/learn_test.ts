/** `--learn` prints options with which a handler does confined what it did unconfined. With the compiled binary. @module */
import { assertEquals, assertMatch } from "@std/assert";
import { Learned, shorten } from "../../lib/gateway/learned.ts";
import * as others from "./app/others.ts";
import * as reads from "./app/reads.ts";
import { startGateway, TestDirectory } from "../support/stackd.ts";
import { Surroundings } from "./world.ts";

/** Groups whose attempts are code that is seen; what runs in another thread is not. */
const GROUPS = {
  READS: reads.READS,
  WRITES: others.WRITES,
  NETWORK: others.NETWORK,
  UNIX_SOCKETS: others.UNIX_SOCKETS,
  ENVIRONMENT: others.ENVIRONMENT,
  PROGRAMS: others.PROGRAMS,
  SYSTEM: others.SYSTEM,
};

Deno.test("--learn prints the options that a handler needs", async () => {
  await using surroundings = await Surroundings.make();
  // Links that lead out are followed by the system, which nobody in the handler's process sees; each file is made once. What needs
  // everything would hide the others.
  const attempts = Object.entries(GROUPS).flatMap(([group, acts]) =>
    Object.keys(acts).filter((name) => !/link|Cache API|^Deno.(?:mkdir|remove)$/.test(name)).map((name) => ({
      group,
      name,
    }))
  );
  const failed: string[] = [];
  const run = async (flags: readonly string[]) => {
    await using gateway = await surroundings.gateway("compiled", flags);
    for (const { group, name } of attempts) {
      const result = await gateway.attempt(group, name);
      if (result !== "succeeded") failed.push(`${flags}: ${group}: ${name}: ${result}`);
    }
    return await gateway.running.stop();
  };
  const { stdout } = await run(["--learn"]);
  await run(flagsIn(stdout));
  assertEquals(failed, []);
});

/** Each touches something that nothing else touches, so that none hides behind another. */
const DEEDS: Record<string, string> = {
  "flags that are numbers": `fs.closeSync(fs.openSync(at("a/made"), fs.constants.O_RDWR | fs.constants.O_CREAT))`,
  "a path of bytes": `fs.readFileSync(Buffer.from(at("b/text")))`,
  "truncate": `fs.truncateSync(at("c/text"))`,
  "a database": `new DatabaseSync(at("d/db")).exec("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t (a)")`,
  "a copy of a database": `await backup(new DatabaseSync(":memory:"), at("e/db"))`,
  "WASI": `new WASI({ version: "preview1", preopens: { "/": at("f") } })`,
  "data that is imported": `(await import("../g/data.json", { with: { type: "json" } })).default`,
  "code that is imported by a name": `(await import(at("h/code") + ".ts")).default`,
  "a name that is looked up": `await dns.promises.lookup("localhost")`,
  "packets": `await new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4").on("error", reject);
    socket.send("", 9, "127.0.0.1", (error) => (socket.close(), error ? reject(error) : resolve(null)));
  })`,
  "packets of Deno's": `await (async () => {
    const socket = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
    await socket.send(new Uint8Array(1), { hostname: "127.0.0.1", port: 8, transport: "udp" });
    socket.close();
  })()`,
  "who it is": `[process.getuid(), process.getegid(), process.getgroups(), process.umask(), os.userInfo().username]`,
  "machine code, though this is none": `(() => {
    try {
      process.dlopen({ exports: {} }, at("i/addon.node"));
    } catch (thrown) {
      if (thrown.name === "NotCapable") throw thrown;
    }
  })()`,
  "a shell, by a promise": `await promisify(exec)("true")`,
  "a program by another function": `(await Deno.spawn("/bin/true").status, Deno.spawnAndWaitSync("false").code)`,
  "streams of a WebSocket": `unlessDenied(() => new WebSocketStream("ws://127.0.0.1:1/").opened)`,
  "WebTransport": `unlessDenied(() => new WebTransport("https://127.0.0.1:2/").ready)`,
  "QUIC": `unlessDenied(() => Deno.connectQuic({ hostname: "127.0.0.1", port: 3, alpnProtocols: ["x"] }))`,
  "an endpoint of QUIC": `new Deno.QuicEndpoint({ hostname: "127.0.0.4" }).close()`,
  "name servers": `unlessDenied(() => {
    const resolver = new dns.promises.Resolver({ timeout: 100, tries: 1 });
    resolver.setServers(["127.0.0.1:5", "::1"]);
    return resolver.resolve4("localhost");
  })`,
  "the system's name servers": `unlessDenied(() => dns.promises.resolve4("localhost"))`,
  "whom to trust": `tls.getCACertificates("bundled").length`,
};

Deno.test("--learn sees each thing by itself, and not what the loader looks for", async () => {
  using directory = new TestDirectory();
  for (const name of ["a/other", "b/text", "c/text", "d/other", "e/other", "f/other", "i/addon.node"]) {
    directory.write(name, "");
  }
  directory.write("g/data.json", "{}");
  directory.write("h/code.ts", "export default 1;");
  const deeds = Object.entries(DEEDS).map(([name, code]) => `${JSON.stringify(name)}: async () => ${code},`).join("\n");
  const module = directory.write(
    "app/app.ts",
    `
    import * as fs from "node:fs";
    import dns from "node:dns";
    import dgram from "node:dgram";
    import os from "node:os";
    import process from "node:process";
    import tls from "node:tls";
    import { exec } from "node:child_process";
    import { promisify } from "node:util";
    import { Buffer } from "node:buffer";
    import { backup, DatabaseSync } from "node:sqlite";
    import { WASI } from "node:wasi";
    const at = (name) => ${JSON.stringify(`${directory.path}/`)} + name;
    const unlessDenied = async (deed) => {
      const late = new Promise((resolve) => setTimeout(resolve, 300));
      try {
        await Promise.race([deed(), late]);
      } catch (thrown) {
        if (/NotCapable|not allowed|EPERM|UNKNOWN/.test(thrown.name + thrown.message)) throw thrown;
      }
    };
    const deeds = { ${deeds} };
    export default async () => {
      const failed = [];
      for (const [name, deed] of Object.entries(deeds)) {
        await deed().catch((thrown) => failed.push(name + ": " + thrown));
      }
      return Response.json(failed);
    };
  `,
  );
  const run = async (flags: readonly string[]) => {
    const socket = directory.at("app.sock");
    await using running = await startGateway(socket, module, ["--access-log", "off", ...flags]);
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const failed: unknown = await (await fetch("http://localhost/", { client })).json();
    assertEquals(failed, [], flags.join(" "));
    return (await running.stop()).stdout;
  };
  const flags = flagsIn(await run(["--learn"]));
  assertEquals(flags.filter((flag) => /deno\.json|=(?:.*,)?(?:127\.0\.0\.1|0\.0\.0\.0)(?:,|$)/.test(flag)), []);
  await run(flags);
});

/** The options that were printed, as a shell would take them. */
function flagsIn(stdout: string): string[] {
  const [, printed = ""] = /may touch what it was seen to touch:\n {2}(.+)$/m.exec(stdout) ?? [];
  assertMatch(printed, /--allow-read=/);
  return [...printed.matchAll(/'([^']+)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

Deno.test("Learned gives the smallest options", () => {
  const learned = new Learned();
  assertEquals(learned.flags(), ["--allow-env=NOTHING"]);
  learned.add("read", "/srv/data/a");
  learned.add("read", "/srv/data");
  learned.add("net", "db:5432");
  learned.add("net", "cache:6379");
  learned.add("env", "HOME");
  learned.add("sys", "hostname");
  assertEquals(learned.flags(), [
    "--allow-read=/srv/data",
    "--allow-net=cache:6379,db:5432",
    "--allow-env=HOME",
    "--allow-sys=hostname",
  ]);
  assertEquals(learned.keys()[1], 'allow-net = ["cache:6379", "db:5432"]');
  learned.add("read", "/srv/a,b");
  assertEquals(learned.flags()[0], "--allow-read=/srv/a,,b,/srv/data");
  assertEquals(learned.keys()[0], 'allow-read = ["/srv/a,,b", "/srv/data"]');
  learned.add("env", "");
  assertEquals(learned.keys()[2], "allow-env = true");
  assertEquals(learned.flags()[2], "--allow-env");
});

Deno.test("shorten() names a directory for many of its files", () => {
  const files = ["a", "b", "c", "d", "e"].map((name) => `/srv/${name}`);
  assertEquals(shorten(files), ["/srv"]);
  assertEquals(shorten(files.slice(1)), files.slice(1));
  assertEquals(shorten(["/srv", "/srv/a", "/srvx"]), ["/srv", "/srvx"]);
});
