/**
 * Records what code touches by node's modules, as record.ts does it for Deno's functions.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { PermissionKind } from "../config/permissions.ts";
import {
  absolute,
  type Any,
  construct,
  type Note,
  noteHost,
  noteUrl,
  replace,
  SYSTEM,
  withPort,
  wrap,
  wrapBoth,
  written,
} from "./recorder.ts";

/** By the names of functions of `process`. */
const IDENTITY = [
  ["getuid", "uid"],
  ["geteuid", "uid"],
  ["getgid", "gid"],
  ["getegid", "getegid"],
  ["getgroups", "gid"],
  ["umask", "umask"],
] as const;

/** The modules of node's whose objects are changed. */
const CHANGED = [
  "fs",
  "fs/promises",
  "net",
  "http",
  "https",
  "child_process",
  "os",
  "inspector",
  "process",
  "dgram",
  "dns",
  "dns/promises",
  "tls",
  "sqlite",
  "wasi",
];

/** What open(2) says of access, in the lowest bits of its flags. */
const MODES = ["r", "w", "r+"];

/** Notes every use of the functions of node's modules; gives the names of the modules, whose objects are changed. */
export function recordNode(note: Note, builtIn: (name: string) => Any): string[] {
  const fs = builtIn("node:fs"),
    net = builtIn("node:net"),
    os = builtIn("node:os"),
    run = builtIn("node:child_process");
  const path = (kind: PermissionKind, value: unknown) => {
    const named = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
    if (typeof named !== "string" && !(named instanceof URL)) return;
    note(kind, kind === "write" ? written(absolute(named)) : absolute(named));
  };
  for (const files of [fs, fs.promises]) {
    const each = (names: string, on: (args: Any[]) => void) => {
      for (const name of names.split(" ")) wrapBoth(files, name, on);
    };
    each(
      "access exists readFile readdir opendir stat lstat statfs realpath readlink watch watchFile createReadStream openAsBlob",
      ([from]) => path("read", from),
    );
    each(
      "writeFile appendFile mkdir mkdtemp rm rmdir unlink truncate chmod chown lchown utimes lutimes createWriteStream",
      ([to]) => path("write", to),
    );
    each("statfs", () => note("sys", "statfs"));
    // It opens the file for both.
    each("truncate", ([file]) => path("read", file));
    each("open", ([file, flags]) => {
      const mode = typeof flags === "number" ? MODES[flags & 3] ?? "r+" : typeof flags === "string" ? flags : "r";
      if (/[r+]/.test(mode)) path("read", file);
      if (/[wa+]/.test(mode)) path("write", file);
    });
    each("copyFile cp", ([from, to]) => (path("read", from), path("write", to)));
    each("rename link", ([from, to]) => (path("read", from), path("write", from), path("write", to)));
    each("symlink", () => (path("read", "/"), path("write", "/")));
  }
  wrap(net.Socket.prototype, "connect", (args) => noteHost(note, netOptions(args), "localhost"));
  wrap(net.Server.prototype, "listen", (args) => noteHost(note, netOptions(args), "0.0.0.0"));
  for (const [name, port] of [["http", 80], ["https", 443]] as const) {
    const client = builtIn(`node:${name}`);
    for (const call of ["request", "get"]) {
      wrap(client, call, ([first, second]) => {
        if (typeof first === "string" || first instanceof URL) noteUrl(note, first);
        const options = typeof first === "object" && !(first instanceof URL) ? first : second;
        if (typeof options === "object") noteHost(note, { port, ...options, path: options.socketPath }, "localhost");
      });
    }
  }
  for (const name of ["spawn", "spawnSync", "execFile", "execFileSync"]) {
    wrap(run, name, ([program]) => (note("run", String(program)), note("env", "")));
  }
  for (const name of ["exec", "execSync"]) wrap(run, name, () => (note("run", "/bin/sh"), note("env", "")));
  wrap(run, "fork", () => (note("run", Deno.execPath()), note("env", "")));
  for (const [name, kind] of Object.entries(SYSTEM)) wrap(os, name, () => note("sys", kind));
  construct(builtIn("node:inspector"), "Session", () => note("sys", "inspector"));
  const sockets = builtIn("node:dgram").Socket.prototype;
  wrap(sockets, "bind", (args) => noteHost(note, bindOptions(args), "0.0.0.0"));
  wrap(sockets, "send", (args) => {
    // What is sent, perhaps its offset and length, then where to; a socket that is not bound yet binds itself.
    const [port, address = "127.0.0.1"] = args.slice(typeof args[3] === "number" ? 3 : 1);
    note("net", "0.0.0.0:0");
    if (typeof port === "number") note("net", withPort(typeof address === "string" ? address : "127.0.0.1", port));
  });
  wrap(sockets, "connect", ([port, address]) => noteHost(note, { port, host: address }, "127.0.0.1"));
  const dns = builtIn("node:dns");
  for (const names of [dns, dns.promises]) {
    wrap(names, "lookup", ([name]) => net.isIP(name) !== 0 || note("net", withPort(String(name), undefined)));
    wrap(names, "lookupService", ([address, port]) => note("net", withPort(String(address), port)));
    recordQueries(note, names, () => names.getServers());
    recordQueries(note, names.Resolver.prototype, (resolver) => resolver.getServers());
  }
  const tls = builtIn("node:tls");
  wrap(tls, "getCACertificates", () => note("sys", "ca"));
  const sqlite = builtIn("node:sqlite");
  construct(sqlite, "DatabaseSync", ([file, options]) => {
    if (file === ":memory:") return;
    path("read", file);
    if (options?.readOnly === true) return;
    // It makes files of its own beside it.
    path("read", dirname(absolute(file)));
    path("write", dirname(absolute(file)));
  });
  wrap(sqlite, "backup", ([, to]) => (path("read", dirname(absolute(to))), path("write", dirname(absolute(to)))));
  construct(builtIn("node:wasi"), "WASI", ([options]) => {
    for (const place of Object.values(options?.preopens ?? {})) (path("read", place), path("write", place));
  });
  const process = builtIn("node:process"), { env } = process;
  for (const [name, kind] of IDENTITY) wrap(process, name, () => note("sys", kind));
  wrap(process, "dlopen", ([, library]) => path("ffi", library));
  wrap(os, "userInfo", () => note("read", "/etc/passwd"));
  wrap(process, "loadEnvFile", ([file = ".env"]) => (path("read", file), note("env", "")));
  process.env = new Proxy(env, {
    get: (target, name) => (typeof name === "string" && note("env", name), Reflect.get(target, name)),
    has: (target, name) => (typeof name === "string" && note("env", name), Reflect.has(target, name)),
    ownKeys: (target) => (note("env", ""), Reflect.ownKeys(target)),
  });
  return CHANGED;
}

/** Notes the name servers that are asked by functions of `owner`. */
function recordQueries(note: Note, owner: Any, serversOf: (self: Any) => string[]): void {
  const names = [owner, Object.getPrototypeOf(owner)].flatMap((each) => Object.getOwnPropertyNames(each));
  for (const name of new Set(names.filter((each) => /^(?:resolve|reverse)/.test(each)))) {
    replace(owner, name, {
      apply(original, self, args) {
        // An address, with a port where that is another one: "::1", "[::1]:54".
        for (const server of serversOf(self)) {
          note("net", /^[^:]+:\d+$|\]:\d+$/.test(server) ? server : withPort(server, 53));
        }
        return Reflect.apply(original, self, args);
      },
    });
  }
}

/** What a socket's bind() takes: options, or a port and an address. */
function bindOptions([first, second]: Any[]): Any {
  if (typeof first === "object" && first !== null) return { host: first.address, port: first.port ?? 0 };
  const port = typeof first === "number" ? first : 0;
  return typeof second === "string" && second !== "" ? { port, host: second } : { port };
}

/** What node's functions take: options, a path, or a port and a host. */
function netOptions([first, second]: Any[]): Any {
  // Its own functions hand their arguments on as a list.
  if (Array.isArray(first)) return netOptions(first);
  if (typeof first === "object") return first;
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  return { port: first, ...(typeof second === "string" ? { host: second } : {}) };
}
