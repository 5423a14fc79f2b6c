/**
 * What is common to those that record: functions are replaced by ones that note their arguments first.
 *
 * @module
 */
import { dirname, fromFileUrl, resolve } from "@std/path";
import type { PermissionKind } from "../config/permissions.ts";

/** Told what was touched; of `env` and `run` an empty value is all of them. */
export type Note = (kind: PermissionKind, value: string) => void;

// deno-lint-ignore no-explicit-any -- whatever functions take that are not ours
export type Any = any;

/** By the names of Deno's functions, and of node's. */
export const SYSTEM: Readonly<Record<string, string>> = {
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
export function written(path: string): string {
  try {
    lstatSync(path);
    return path;
  } catch {
    return dirname(path);
  }
}

export function noteHost(note: Note, options: Any, fallback: string): void {
  const { path, hostname = options?.host ?? fallback, port } = options ?? {};
  if (typeof path === "string") {
    note("net", `unix:${absolute(path)}`);
    note("read", absolute(path));
    note("write", absolute(path));
  } else note("net", withPort(String(hostname), port));
}

export function noteUrl(note: Note, input: unknown): void {
  const base = globalThis.location?.href;
  if (!URL.canParse(String(input), base)) return;
  const { protocol, hostname, port } = new URL(String(input), base);
  if (protocol === "file:") return note("read", absolute(new URL(String(input))));
  const standard = protocol === "https:" || protocol === "wss:" ? "443" : "80";
  if (/^(?:https?|wss?):$/.test(protocol)) note("net", withPort(hostname, port || standard));
}

export function withPort(hostname: string, port: unknown): string {
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  return port === undefined ? host : `${host}:${port}`;
}

export function absolute(path: unknown): string {
  if (path instanceof URL) return fromFileUrl(path);
  const text = String(path);
  return text.startsWith("file:") ? fromFileUrl(text) : resolve(text);
}

/** Replaces a function, and its synchronous twin. */
export function wrapBoth(owner: object, name: string, on: (args: Any[]) => unknown): void {
  wrap(owner, name, on);
  wrap(owner, `${name}Sync`, on);
}

export function wrap(owner: object, name: string, on: (args: Any[]) => unknown): void {
  replace(owner, name, {
    apply(original, self, args) {
      quietly(() => on(args));
      return Reflect.apply(original, self, args);
    },
  });
}

export function construct(owner: object, name: string, on: (args: Any[]) => unknown): void {
  replace(owner, name, {
    construct(original, args, target) {
      quietly(() => on(args));
      return Reflect.construct(original, args, target);
    },
  });
}

export function replace(owner: object, name: string, handler: ProxyHandler<Any>): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== "function") return;
  const { enumerable = true } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
  const value = new Proxy(withPromise(original, handler), handler);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable });
}

/** What promisify() of node's util takes in a function's place. */
const PROMISED = Symbol.for("nodejs.util.promisify.custom");

/** The same function, whose twin that gives promises is replaced, too. */
function withPromise(original: Any, handler: ProxyHandler<Any>): Any {
  const { [PROMISED]: promised } = original;
  if (typeof promised !== "function") return original;
  const twin = { value: new Proxy(promised, handler), configurable: true };
  // A property that is fixed cannot be another one for those who ask.
  function same(this: unknown, ...args: Any[]): unknown {
    return Reflect.apply(original, this, args);
  }
  return Object.defineProperties(same, { ...Object.getOwnPropertyDescriptors(original), [PROMISED]: twin });
}

/** What cannot be understood is for the function itself to refuse. */
function quietly(act: () => void): void {
  try {
    act();
  } catch { /* said by the function */ }
}
