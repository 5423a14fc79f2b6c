/**
 * Records what code touches that runs unconfined: Deno's functions are replaced by ones that note their arguments first. In a
 * compiled program Deno itself keeps no such record.
 *
 * @module
 */
import { dirname, fromFileUrl, resolve } from "@std/path";
import type { PermissionKind } from "../config/permissions.ts";

/** Told what was touched; of `env` and `run` an empty value is all of them. */
export type Note = (kind: PermissionKind, value: string) => void;

// deno-lint-ignore no-explicit-any -- whatever functions take that are not ours
type Any = any;

const READS = ["readFile", "readTextFile", "readDir", "stat", "lstat", "realPath", "readLink", "watchFs", "statfs"];
const WRITES = ["writeFile", "writeTextFile", "mkdir", "remove", "truncate", "chmod", "chown", "utime"];
/** By the names of Deno's functions, and of node's. */
const SYSTEM: Readonly<Record<string, string>> = {
  hostname: "hostname",
  loadavg: "loadavg",
  networkInterfaces: "networkInterfaces",
  osRelease: "osRelease",
  release: "osRelease",
  version: "osRelease",
  osUptime: "osUptime",
  uptime: "osUptime",
  systemMemoryInfo: "systemMemoryInfo",
  totalmem: "systemMemoryInfo",
  freemem: "systemMemoryInfo",
  uid: "uid",
  gid: "gid",
  umask: "umask",
  cpus: "cpus",
  homedir: "homedir",
  userInfo: "userInfo",
  getPriority: "getPriority",
  setPriority: "setPriority",
};

/** As it is before anything is replaced. */
const { lstatSync } = Deno;

/** What may be written: a file that is there, or the directory of one that is made, which is another one the next time. */
function written(path: string): string {
  try {
    lstatSync(path);
    return path;
  } catch {
    return dirname(path);
  }
}

/** Notes every use of Deno's and the web's functions in this isolate from now on. */
export function recordDeno(note: Note): void {
  const path = (kind: PermissionKind, value: unknown) =>
    note(kind, kind === "write" ? written(absolute(value)) : absolute(value));
  const both = (value: unknown) => (path("read", value), path("write", value));
  const host = (options: Any, fallback: string) => noteHost(note, options, fallback);
  for (const name of READS) wrapBoth(Deno, name, ([from]) => path("read", from));
  for (const name of WRITES) wrapBoth(Deno, name, ([to]) => path("write", to));
  wrapBoth(Deno, "statfs", () => note("sys", "statfs"));
  wrapBoth(Deno, "create", ([to]) => both(to));
  wrapBoth(Deno, "open", ([file, options]) => noteOpen(note, file, options));
  wrapBoth(Deno, "copyFile", ([from, to]) => (path("read", from), path("write", to)));
  wrapBoth(Deno, "rename", ([from, to]) => (both(from), path("write", to)));
  wrapBoth(Deno, "link", ([from, to]) => (both(from), both(to)));
  wrapBoth(Deno, "symlink", () => both("/"));
  for (const name of ["makeTempFile", "makeTempDir"]) {
    wrapBoth(Deno, name, ([options]) => path("write", options?.dir ?? "/tmp"));
  }
  for (const name of ["connect", "connectTls"]) wrap(Deno, name, ([options]) => host(options, "127.0.0.1"));
  for (const name of ["listen", "listenTls", "listenDatagram"]) {
    wrap(Deno, name, ([options]) => host(options, "0.0.0.0"));
  }
  wrap(Deno, "createHttpClient", ([options]) => {
    const { proxy } = options ?? {};
    if (proxy?.url !== undefined) noteUrl(note, proxy.url);
    else if (proxy !== undefined) host(proxy, "127.0.0.1");
  });
  wrap(Deno, "serve", ([first, second]) => {
    const options = [first, second].find((value) => typeof value === "object") ?? {};
    host({ port: 8_000, ...options }, "0.0.0.0");
  });
  for (const name of ["get", "has", "set", "delete"]) {
    wrap(Deno.env, name, ([variable]) => note("env", String(variable)));
  }
  wrap(Deno.env, "toObject", () => note("env", ""));
  for (const [name, kind] of Object.entries(SYSTEM)) wrap(Deno, name, () => note("sys", kind));
  wrap(Deno, "dlopen", ([library]) => path("ffi", library));
  wrap(Deno, "kill", ([pid]) => pid === Deno.pid || note("run", ""));
  construct(Deno, "Command", ([program]) => note("run", program instanceof URL ? absolute(program) : String(program)));
  wrap(globalThis, "fetch", ([input]) => noteUrl(note, input instanceof Request ? input.url : input));
  for (const name of ["WebSocket", "EventSource"]) construct(globalThis, name, ([url]) => noteUrl(note, url));
}

/** Notes every use of the functions of node's modules; gives the names of the modules, whose objects are changed. */
export function recordNode(note: Note, builtIn: (name: string) => Any): string[] {
  const fs = builtIn("node:fs"),
    net = builtIn("node:net"),
    os = builtIn("node:os"),
    run = builtIn("node:child_process");
  const path = (kind: PermissionKind, value: unknown) => {
    if (typeof value !== "string" && !(value instanceof URL)) return;
    note(kind, kind === "write" ? written(absolute(value)) : absolute(value));
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
    each("open", ([file, flags]) => {
      const mode = typeof flags === "string" ? flags : "r";
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
  const process = builtIn("node:process"), { env } = process;
  wrap(process, "loadEnvFile", ([file = ".env"]) => (path("read", file), note("env", "")));
  process.env = new Proxy(env, {
    get: (target, name) => (typeof name === "string" && note("env", name), Reflect.get(target, name)),
    has: (target, name) => (typeof name === "string" && note("env", name), Reflect.has(target, name)),
    ownKeys: (target) => (note("env", ""), Reflect.ownKeys(target)),
  });
  return ["fs", "fs/promises", "net", "http", "https", "child_process", "os", "inspector", "process"];
}

function noteOpen(note: Note, file: unknown, options: Any): void {
  const { read = options === undefined, write, append, create, createNew, truncate } = options ?? {};
  if (read) note("read", absolute(file));
  if (write || append || create || createNew || truncate) note("write", written(absolute(file)));
}

function noteHost(note: Note, options: Any, fallback: string): void {
  const { path, hostname = options?.host ?? fallback, port } = options ?? {};
  if (typeof path === "string") {
    note("net", `unix:${absolute(path)}`);
    note("read", absolute(path));
    note("write", absolute(path));
  } else note("net", withPort(String(hostname), port));
}

function noteUrl(note: Note, input: unknown): void {
  const base = globalThis.location?.href;
  if (!URL.canParse(String(input), base)) return;
  const { protocol, hostname, port } = new URL(String(input), base);
  if (protocol === "file:") return note("read", absolute(new URL(String(input))));
  const standard = protocol === "https:" || protocol === "wss:" ? "443" : "80";
  if (/^(?:https?|wss?):$/.test(protocol)) note("net", withPort(hostname, port || standard));
}

function withPort(hostname: string, port: unknown): string {
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  return port === undefined ? host : `${host}:${port}`;
}

/** What node's functions take: options, a path, or a port and a host. */
function netOptions([first, second]: Any[]): Any {
  // Its own functions hand their arguments on as a list.
  if (Array.isArray(first)) return netOptions(first);
  if (typeof first === "object") return first;
  if (typeof first === "string" && !/^\d+$/.test(first)) return { path: first };
  return { port: first, ...(typeof second === "string" ? { host: second } : {}) };
}

function absolute(path: unknown): string {
  if (path instanceof URL) return fromFileUrl(path);
  const text = String(path);
  return text.startsWith("file:") ? fromFileUrl(text) : resolve(text);
}

/** Replaces a function, and its synchronous twin. */
function wrapBoth(owner: object, name: string, on: (args: Any[]) => unknown): void {
  wrap(owner, name, on);
  wrap(owner, `${name}Sync`, on);
}

function wrap(owner: object, name: string, on: (args: Any[]) => unknown): void {
  replace(owner, name, {
    apply(original, self, args) {
      quietly(() => on(args));
      return Reflect.apply(original, self, args);
    },
  });
}

function construct(owner: object, name: string, on: (args: Any[]) => unknown): void {
  replace(owner, name, {
    construct(original, args, target) {
      quietly(() => on(args));
      return Reflect.construct(original, args, target);
    },
  });
}

function replace(owner: object, name: string, handler: ProxyHandler<Any>): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function") return;
  const { enumerable = true } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
  const value = new Proxy(original, handler);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable });
}

/** What cannot be understood is for the function itself to refuse. */
function quietly(act: () => void): void {
  try {
    act();
  } catch { /* said by the function */ }
}
