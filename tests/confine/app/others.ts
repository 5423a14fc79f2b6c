/** Ways to write, connect, ask, start and load what lies outside. */
import * as childProcess from "node:child_process";
import * as dgram from "node:dgram";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as os from "node:os";
import process from "node:process";
import * as tls from "node:tls";
import * as v8 from "node:v8";
import { type Act, inWorker, secret } from "./attempt.ts";

/** Each makes a file that is its own. */
export const WRITES: Record<string, Act> = {
  "Deno.writeTextFile": ({ outside }) => Deno.writeTextFile(`${outside}/new-1`, ""),
  "Deno.open": ({ outside }) => Deno.openSync(`${outside}/new-2`, { write: true, create: true }).close(),
  "Deno.mkdir": ({ outside }) => Deno.mkdirSync(`${outside}/new-3`),
  "Deno.remove": ({ outside }) => Deno.removeSync(`${outside}/old-1`),
  "Deno.truncate": ({ outside }) => Deno.truncateSync(`${outside}/old-2`),
  "Deno.chmod": ({ outside }) => Deno.chmodSync(`${outside}/old-2`, 0o600),
  "Deno.utime": ({ outside }) => Deno.utimeSync(`${outside}/old-2`, 0, 0),
  "node:fs appendFileSync": ({ outside }) => fs.appendFileSync(`${outside}/new-4`, ""),
  "node:fs createWriteStream": ({ outside }) =>
    new Promise((resolve, reject) =>
      fs.createWriteStream(`${outside}/new-5`).on("error", reject).on("finish", () => resolve(null)).end()
    ),
  "node:fs mkdtempSync": ({ outside }) => fs.mkdtempSync(`${outside}/new-6`),
  "Deno.makeTempFile": ({ outside }) => Deno.makeTempFileSync({ dir: outside }),
  "node:v8 writeHeapSnapshot": ({ outside }) => v8.writeHeapSnapshot(`${outside}/new-16`),
  "Deno.writeTextFile in a Web Worker": ({ outside }) => inWorker(`Deno.writeTextFileSync("${outside}/new-7", "")`),
};

/** These need more than one permission. */
export const CHANGES: Record<string, Act> = {
  "Deno.rename": ({ outside }) => Deno.renameSync(`${outside}/old-3`, `${outside}/new-8`),
  "Deno.copyFile": ({ outside }) => Deno.copyFileSync(`${outside}/secret.txt`, `${outside}/new-9`),
  "Deno.link": ({ outside }) => Deno.linkSync(`${outside}/secret.txt`, `${outside}/new-10`),
  "node:fs cpSync": ({ outside }) => fs.cpSync(`${outside}/secret.txt`, `${outside}/new-13`),
  "node:sqlite backup": async ({ outside }) => {
    const { backup, DatabaseSync } = await import("node:sqlite");
    using database = new DatabaseSync(":memory:");
    await backup(database, `${outside}/new-14`);
  },
  "node:wasi": async ({ outside }) => {
    const { WASI } = await import("node:wasi");
    new WASI({ version: "preview1", preopens: { "/": outside } });
  },
};

/** A link may lead anywhere, and the Cache API stores somewhere, so they need everything to be readable and writable. */
export const LINKS: Record<string, Act> = {
  "Deno.symlink": ({ outside }) => Deno.symlinkSync("/etc/passwd", `${outside}/new-11`),
  "node:fs symlinkSync": ({ outside }) => fs.symlinkSync("/etc/passwd", `${outside}/new-12`),
  "the Cache API": async () => {
    await caches.open("stackd-test");
    await caches.delete("stackd-test");
  },
};

export const NETWORK: Record<string, Act> = {
  "Deno.connect": async ({ port }) => (await Deno.connect({ hostname: "127.0.0.1", port })).close(),
  "fetch": async ({ port }) => secret(await (await fetch(`http://127.0.0.1:${port}/`)).text()),
  "node:net connect": ({ port }) => connected(net.connect(port, "127.0.0.1")),
  "node:http get": ({ port }) =>
    new Promise((resolve, reject) =>
      http.get(`http://127.0.0.1:${port}/`, (response) => resolve(response.resume())).on("error", reject)
    ),
  "fetch by a proxy": async ({ port }) => {
    using client = Deno.createHttpClient({ proxy: { url: `http://127.0.0.1:${port}` } });
    secret(await (await fetch(`http://127.0.0.1:${port}/`, { client })).text());
  },
  "node:http get, with names resolved its own way": ({ port }) =>
    new Promise((resolve, reject) => {
      const lookup: net.LookupFunction = (_name, { all }, done) =>
        all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
      http.get({ host: "stackd.invalid", port, lookup }, (response) => resolve(response.resume())).on("error", reject);
    }),
  "process.binding, as node itself": ({ port }) => {
    const { TCP, TCPConnectWrap } = binding("tcp_wrap"), wrap = new TCPConnectWrap();
    return new Promise((resolve, reject) => {
      wrap.oncomplete = (status: number) => status === 0 ? resolve(null) : reject(new Error(`${status}`));
      if (new TCP(0).connect(wrap, "127.0.0.1", port) !== 0) reject(new Error("not open"));
    });
  },
  "WebSocket": ({ port }) =>
    new Promise<void>((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
      socket.onopen = () => resolve(socket.close());
      // Refused by who answers, or not even asked.
      socket.onerror = () => reject(new Error("not open"));
    }),
  "fetch in a Web Worker": async ({ port }) =>
    secret(await inWorker(`return await (await fetch("http://127.0.0.1:${port}/")).text()`)),
};

export const LISTENING: Record<string, Act> = {
  "Deno.listen": ({ free }) => Deno.listen({ hostname: "127.0.0.1", port: free }).close(),
  "Deno.serve": async ({ free }) =>
    await Deno.serve({ hostname: "127.0.0.1", port: free, onListen() {} }, () => new Response()).shutdown(),
  "Deno.listenDatagram": ({ free }) =>
    Deno.listenDatagram({ hostname: "127.0.0.1", port: free, transport: "udp" }).close(),
  "node:net listen": ({ free }) =>
    soon((resolve, reject) => {
      const server = net.createServer().on("error", reject).listen(free, "127.0.0.1", () =>
        server.close(() =>
          resolve()
        ));
    }),
  "node:dgram": ({ free }) =>
    soon((resolve, reject) => {
      const socket = dgram.createSocket("udp4").on("error", reject);
      socket.bind(free, "127.0.0.1", () => {
        socket.close();
        resolve();
      });
    }),
  "Deno.QuicEndpoint": ({ free }) => new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: free }).close(),
  "node:inspector": async ({ free }) => {
    const inspector = await import("node:inspector");
    inspector.open(free, "127.0.0.1");
    inspector.close();
  },
};

export const UNIX_SOCKETS: Record<string, Act> = {
  "Deno.connect to a path": async ({ socket }) => (await Deno.connect({ transport: "unix", path: socket })).close(),
  "node:net connect to a path": ({ socket }) => connected(net.connect(socket)),
  "process.binding, as node itself": ({ socket }) => {
    const { Pipe, PipeConnectWrap } = binding("pipe_wrap"), wrap = new PipeConnectWrap();
    return new Promise((resolve, reject) => {
      wrap.oncomplete = (status: number) => status === 0 ? resolve(null) : reject(new Error(`${status}`));
      if (new Pipe(0).connect(wrap, socket) !== 0) reject(new Error("not open"));
    });
  },
  "fetch by a path": async ({ socket }) => {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    secret(await (await fetch("http://127.0.0.1/", { client })).text());
  },
};

export const ENVIRONMENT: Record<string, Act> = {
  "Deno.env.get": () => secret(Deno.env.get("STACKD_TEST_SECRET")),
  "process.env": () => secret(process.env["STACKD_TEST_SECRET"]),
  "Deno.env.get in a Web Worker": async () => secret(await inWorker(`return Deno.env.get("STACKD_TEST_SECRET")`)),
  "node:vm": async () => secret((await import("node:vm")).runInThisContext(`Deno.env.get("STACKD_TEST_SECRET")`)),
};

export const PROGRAMS: Record<string, Act> = {
  "Deno.Command": async () => {
    if (!(await new Deno.Command("true").output()).success) throw new Error("it failed");
  },
  "Deno.Command, by its path": () => {
    if (!new Deno.Command("/bin/true").outputSync().success) throw new Error("it failed");
  },
  "Deno.Command in a Web Worker": () => inWorker(`new Deno.Command("/bin/true").outputSync()`),
};

export const SYSTEM: Record<string, Act> = {
  "Deno.hostname": () => Deno.hostname(),
  "Deno.networkInterfaces": () => Deno.networkInterfaces(),
  "Deno.umask": () => Deno.umask(),
  "node:os hostname": () => os.hostname(),
  "node:os cpus": () => some(os.cpus().length),
  "Deno.osRelease": () => some(Deno.osRelease()),
  "node:os homedir": () => some(os.homedir()),
  "process.getegid": () => process.getegid?.(),
  "node:tls getCACertificates": () => some(tls.getCACertificates("bundled").length),
  "node:os getPriority": () => os.getPriority(),
  "node:inspector, in its own thread": async () => {
    const session = new (await import("node:inspector")).Session();
    session.connect();
    session.disconnect();
  },
};

export const LIBRARIES: Record<string, Act> = {
  "Deno.dlopen": () => Deno.dlopen("libc.so.6", {}).close(),
  "Deno.dlopen in a Web Worker": () => inWorker(`Deno.dlopen("libc.so.6", {}).close()`),
  "Deno.UnsafePointer": () => Deno.UnsafePointer.of(new Uint8Array(8)),
  "Deno.UnsafeCallback": () => new Deno.UnsafeCallback({ parameters: [], result: "void" }, () => {}).close(),
};

/** No option allows these: they work unconfined alone. */
export const NEVER: Record<string, Act> = {
  "Deno.kill of the supervisor": ({ supervisor }) => Deno.kill(supervisor, "SIGCONT"),
  "process.kill of the supervisor": ({ supervisor }) => process.kill(supervisor, 0),
  "process.kill of its process group": () => process.kill(0, 0),
  "node:child_process": () => childProcess.execFileSync("true"),
  "Deno.permissions.request": async () => {
    const { state } = await Deno.permissions.request({ name: "read" });
    if (state !== "granted") throw new Error(`it is ${state}`);
  },
  "a Web Worker with more permissions": () =>
    new Worker("data:text/javascript,", { type: "module", deno: { permissions: { read: true } } }).terminate(),
  "its own environment in /proc": () => fs.readFileSync("/proc/self/environ"),
  "its own memory": () => fs.closeSync(fs.openSync("/proc/self/mem", "r")),
  "its own descriptors": () => fs.readdirSync("/proc/self/fd"),
  "its standard output, by /dev": () => fs.closeSync(fs.openSync("/dev/stdout", "w")),
  "other processes": ({ supervisor }) => fs.readFileSync(`/proc/${supervisor}/cmdline`),
  "Deno.chdir": () => Deno.chdir("/"),
  "an abstract socket": ({ supervisor }) => Deno.listen({ transport: "unix", path: `\0stackd-${supervisor}` }).close(),
  "a datagram socket with a path": ({ outside }) =>
    Deno.listenDatagram({ transport: "unixpacket", path: `${outside}/new-17` }).close(),
  "node:sqlite, with ATTACH": async ({ outside }) => {
    const { DatabaseSync } = await import("node:sqlite");
    using database = new DatabaseSync(":memory:");
    database.exec(`ATTACH '${outside}/secret.db' AS other`);
  },
  "node:sqlite, with VACUUM INTO": async ({ outside }) => {
    const { DatabaseSync } = await import("node:sqlite");
    using database = new DatabaseSync(":memory:");
    database.exec(`VACUUM INTO '${outside}/new-15'`);
  },
};

/** What node's own modules are made of. */
// deno-lint-ignore no-explicit-any -- nothing says what is in it
function binding(name: string): any {
  return Reflect.apply(Reflect.get(process, "binding"), process, [name]);
}

/** Throws for what says nothing. */
function some(told: unknown): void {
  if (!told) throw new Error(`Got ${told}`);
}

function connected(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject).once("connect", () => resolve(void socket.destroy()));
  });
}

/** Node throws some errors where nobody can catch them; then it is not open soon. */
function soon(run: (resolve: () => void, reject: (thrown: Error) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("not open")), 1_000);
    run(() => resolve(clearTimeout(timer)), reject);
  });
}
