/**
 * What a handler may touch: the `--allow-…` options, with Deno's names and meanings.
 *
 * @module
 */
import { resolve } from "@std/path";
import { splitList } from "./permission_list.ts";
import type { Reader } from "./reader.ts";
import type { System } from "./system.ts";
import { ValueError } from "./values.ts";

/** The kinds of access, as Deno calls them. */
export const PERMISSION_KINDS = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;
/** One of {@linkcode PERMISSION_KINDS}. */
export type PermissionKind = typeof PERMISSION_KINDS[number];

/** What is allowed of one kind: everything, or what the list names. */
export type Grant = "all" | readonly string[];

/** What is allowed of each kind. Paths are absolute. */
export type Permissions = { readonly [Kind in PermissionKind]: Grant };

/** As without any of the options. */
export const EVERYTHING: Permissions = Object.freeze({
  read: "all",
  write: "all",
  net: "all",
  env: "all",
  run: "all",
  sys: "all",
  ffi: "all",
});

/** What the system tells of itself, and lets be changed, as Deno's permission descriptors call it: these and no others are known to it. */
const SYS = new Set([
  "ca",
  "cpus",
  "getegid",
  "getPriority",
  "gid",
  "homedir",
  "hostname",
  "inspector",
  "loadavg",
  "networkInterfaces",
  "osRelease",
  "osUptime",
  "setegid",
  "seteuid",
  "setgid",
  "setPriority",
  "setuid",
  "statfs",
  "systemMemoryInfo",
  "uid",
  "umask",
  "userInfo",
  "username",
]);

/** A host name, an IPv4 address, a network of such, or an IPv6 address in brackets; then a port. */
const HOST = /^(?:\*\.)?(?:[\w.-]+(?:\/\d{1,2})?|\[[\da-f:.]+\](?:\/\d{1,3})?)(?::(\d{1,5}))?$/i;
const ENV = /^[A-Za-z_]\w*\*?$/;

/**
 * Reads all that `reader` has; null when none is given, and the handler is not confined. Mistakes are noted.
 *
 * @param env What `--env` and `--env-file` set: the handler sees these in any case.
 */
export function readPermissions(
  reader: Reader,
  system: Pick<System, "cwd">,
  env: Readonly<Record<string, string>>,
): Permissions | null {
  const given = PERMISSION_KINDS.filter((kind) => reader.has(`allow-${kind}`));
  if (given.length === 0) return null;
  const grantOf = (kind: PermissionKind): Grant => {
    const lists = reader.all(`allow-${kind}`, (text) => text === "" ? "all" : parseList(kind, text, system.cwd));
    return lists.includes("all") ? "all" : [...new Set(lists.flat())];
  };
  const grants = Object.fromEntries(PERMISSION_KINDS.map((kind) => [kind, grantOf(kind)])) as Record<
    PermissionKind,
    Grant
  >;
  const set = Object.keys(env);
  return { ...grants, env: grants.env === "all" ? "all" : [...new Set([...grants.env, ...set])] };
}

function parseList(kind: PermissionKind, text: string, cwd: string): string[] {
  return splitList(text).map((entry) => {
    if (entry === "") throw new ValueError("there is an empty name in the list");
    switch (kind) {
      case "read":
      case "write":
      case "ffi":
        return resolve(cwd, entry);
      case "run":
        // A name without a slash is looked for in PATH.
        return entry.includes("/") ? resolve(cwd, entry) : entry;
      case "net":
        return parseHost(entry, cwd);
      case "env":
        if (!ENV.test(entry)) throw new ValueError(`"${entry}" is no variable's name`);
        return entry;
      case "sys":
        if (!SYS.has(entry)) throw new ValueError(`"${entry}" is unknown, known are ${[...SYS].sort().join(", ")}`);
        return entry;
    }
  });
}

function parseHost(entry: string, cwd: string): string {
  if (entry.startsWith("unix:")) return `unix:${resolve(cwd, entry.slice("unix:".length))}`;
  const found = HOST.exec(entry);
  if (found === null || Number(found[1] ?? 0) > 65_535) {
    throw new ValueError(`"${entry}" is no HOST[:PORT], as db.internal:5432, nor unix:PATH`);
  }
  return entry;
}
