/**
 * What root does for processes that are not root: it gives up its own rights, and makes what they need.
 *
 * @module
 */
import type { AccessLogTarget, RunAs } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { dieWithParent } from "./parent.ts";

const LOG_MODE = 0o640;

/**
 * Makes this process, all of its threads, one of `user`, for good. A front does so when it has opened what only root may open,
 * ports below 1024 and sockets in root's directories, and before it reads a byte of a client. Nothing for null.
 *
 * @throws {StackdError} `STACKD_LISTEN` (exit 1).
 */
export function become(user: RunAs | null): void {
  if (user === null) return;
  const { uid, gid } = user;
  let failed: string | null = null;
  try {
    const libc = Deno.dlopen("libc.so.6", {
      setgroups: { parameters: ["usize", "pointer"], result: "i32" },
      setresgid: { parameters: ["u32", "u32", "u32"], result: "i32" },
      setresuid: { parameters: ["u32", "u32", "u32"], result: "i32" },
    });
    const { setgroups, setresgid, setresuid } = libc.symbols;
    if (setgroups(0n, null) !== 0 || setresgid(gid, gid, gid) !== 0 || setresuid(uid, uid, uid) !== 0) {
      failed = "the system does not allow it";
    }
    libc.close();
  } catch (thrown) {
    failed = messageOf(thrown);
  }
  if (failed === null && (Deno.uid() !== uid || Deno.gid() !== gid)) failed = "the system did not do it";
  if (failed !== null) {
    throw new StackdError("STACKD_LISTEN", `Cannot run a front as ${nameOf(user)}: ${failed}`, { exitCode: 1 });
  }
  dieWithParent(); // the kernel forgets it when the user changes (prctl(2))
}

/** What the environment of a process of `user` says of it, as after a login. */
export function environmentOf(user: RunAs | null): Record<string, string> {
  if (user === null) return {};
  const { name, home } = user;
  return { ...(home === null ? {} : { HOME: home }), ...(name === null ? {} : { USER: name, LOGNAME: name }) };
}

/** What messages call a user. */
export function nameOf({ uid, name }: RunAs): string {
  return name === null ? `user ${uid}` : `"${name}"`;
}

/**
 * Makes the access log's file, if it is not there, and `user` its owner. One that is there is left alone: in a directory where
 * others write it may be a link to anything.
 */
export function prepareLog(target: AccessLogTarget, user: RunAs | null): void {
  if (user === null || target.kind !== "file") return;
  const { closeSync, fchownSync, openSync } = nodeFs();
  try {
    const file = openSync(target.path, "ax", LOG_MODE);
    try {
      fchownSync(file, user.uid, user.gid);
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    if (!(thrown instanceof Error && Reflect.get(thrown, "code") === "EEXIST")) {
      logWarn(`Cannot make access log "${target.path}" for ${nameOf(user)}: ${messageOf(thrown)}`);
    }
  }
}

/** Gives a file to another owner, but not what a link in its place leads to: others may write in its directory. */
export function giveFile(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  nodeFs().lchownSync(path, owner.uid, owner.gid);
}

/** What is used of node:fs, where Deno has no such function; it is loaded only for that. */
interface NodeFs {
  openSync(path: string, flags: string, mode: number): number;
  fchownSync(fd: number, uid: number, gid: number): void;
  lchownSync(path: string, uid: number, gid: number): void;
  closeSync(fd: number): void;
}

function nodeFs(): NodeFs {
  const { process } = globalThis as unknown as { process: { getBuiltinModule(name: "node:fs"): NodeFs } };
  return process.getBuiltinModule("node:fs");
}
