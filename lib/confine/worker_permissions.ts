/**
 * What a handler's isolate may do, in Deno's words.
 *
 * @module
 */
import type { Grant, Permissions } from "../config/permissions.ts";
import { isWithin } from "./within.ts";

/** What an isolate needs for its start only: where it listens, and a library. */
export interface StartNeeds {
  /** What the handler may read without being told so: its own directory, and what it imports. */
  readonly readable: readonly string[];
  /** The paths that it listens on before it loads the handler. */
  readonly sockets: readonly string[];
  /** The C library's path, by which it hides a descriptor from itself; null when it does not. */
  readonly libc: string | null;
}

/** The permissions of the isolate at its start; {@linkcode giveUpStart} takes back what the handler is not to have. */
export function isolatePermissions(permissions: Permissions, needs: StartNeeds): Deno.PermissionOptionsObject {
  const { read, write, net, env, run, sys, ffi } = permissions;
  const start = startOnly(permissions, needs);
  // An empty list is written as false, which cannot be taken for "no list, so everything".
  const only = (grant: Grant, more: readonly string[] = []) =>
    grant === "all" ? true : grant.length + more.length > 0 && [...grant, ...more];
  return {
    read: only(read, [...needs.readable, ...start.read]),
    write: only(write, start.write),
    net: only(net, start.net),
    env: only(env),
    run: only(run),
    // The names were checked; Deno's type lists those of one version.
    sys: only(sys) as Exclude<Deno.PermissionOptionsObject["sys"], undefined>,
    ffi: only(ffi, start.ffi),
    import: false,
  };
}

/** Takes back from the isolate that this is called in what it needed for its start only; what listens goes on. */
export async function giveUpStart(permissions: Permissions, needs: StartNeeds): Promise<void> {
  const { read, write, net, ffi } = startOnly(permissions, needs);
  for (const path of ffi) await Deno.permissions.revoke({ name: "ffi", path });
  for (const host of net) await Deno.permissions.revoke({ name: "net", host });
  for (const path of write) await Deno.permissions.revoke({ name: "write", path });
  for (const path of read) await Deno.permissions.revoke({ name: "read", path });
}

/** What is granted for the start only. What the handler may touch in any case is not: to revoke it would revoke all of that. */
function startOnly(permissions: Permissions, { readable, sockets, libc }: StartNeeds) {
  const beyond = (paths: readonly string[], grant: Grant, more: readonly string[] = []) =>
    grant === "all" ? [] : paths.filter((path) => !isWithin(path, [...grant, ...more]));
  return {
    read: beyond(sockets, permissions.read, readable),
    write: beyond(sockets, permissions.write),
    net: permissions.net === "all" ? [] : sockets.map((path) => `unix:${path}`),
    ffi: beyond(libc === null ? [] : [libc], permissions.ffi),
  };
}
