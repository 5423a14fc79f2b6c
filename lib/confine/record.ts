/**
 * Records what code touches that runs unconfined: Deno's functions are replaced by ones that note their arguments first. In a
 * compiled program Deno itself keeps no such record.
 *
 * @module
 */
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

const READS = ["readFile", "readTextFile", "readDir", "stat", "lstat", "realPath", "readLink", "watchFs", "statfs"];
const WRITES = ["writeFile", "writeTextFile", "mkdir", "remove", "truncate", "chmod", "chown", "utime"];

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
  wrap(Deno, "connectQuic", ([options]) => host(options, "127.0.0.1"));
  construct(Deno, "QuicEndpoint", ([options]) => host({ port: 0, ...options }, "[::]"));
  wrap(Deno, "resolveDns", ([, , options]) => noteNameServer(note, options?.nameServer));
  // Where its packets go is asked for each of them.
  replace(Deno, "listenDatagram", {
    apply(original, self, args) {
      const socket: Any = Reflect.apply(original, self, args);
      wrap(socket, "send", ([, to]) => host(to, "127.0.0.1"));
      return socket;
    },
  });
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
  const program = ([named]: Any[]) => note("run", named instanceof URL ? absolute(named) : String(named));
  construct(Deno, "Command", program);
  for (const name of ["spawn", "spawnAndWait", "spawnAndWaitSync"]) wrap(Deno, name, program);
  wrap(globalThis, "fetch", ([input]) => noteUrl(note, input instanceof Request ? input.url : input));
  // Nobody tells where it stores.
  for (const name of ["open", "has", "delete"]) wrap(CacheStorage.prototype, name, () => both("/"));
  for (const name of ["WebSocket", "WebSocketStream", "WebTransport", "EventSource"]) {
    construct(globalThis, name, ([url]) => noteUrl(note, url));
  }
}

function noteOpen(note: Note, file: unknown, options: Any): void {
  const { read = options === undefined, write, append, create, createNew, truncate } = options ?? {};
  if (read) note("read", absolute(file));
  if (write || append || create || createNew || truncate) note("write", written(absolute(file)));
}

function noteNameServer(note: Note, server: Any): void {
  if (server !== undefined) note("net", withPort(String(server.ipAddr), server.port ?? 53));
}
