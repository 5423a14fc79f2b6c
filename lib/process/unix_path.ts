/**
 * Public unix sockets: claiming a path, taking it over while it is in use, and removing what is ours. A socket is never
 * bound to its public path, because closing a listener removes the path that it was bound to, whoever stands there by then.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import { messageOf, StackdError } from "../errors.ts";
import { openedBy, setBacklog } from "./descriptors.ts";
import { inheritance } from "./inheritance.ts";
import { giveFile } from "./privileges.ts";

/** Which file a path led to when it was looked at. */
export interface FileIdentity {
  readonly device: number;
  readonly inode: number;
}

/** How a socket's file is to look. */
export interface SocketFile {
  /** The public path, absolute. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** Numeric owner; null leaves it to be the process's. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** Connections that the kernel queues. @default the runtime's choice */
  readonly backlog?: number;
}

/** Mode of a private socket. */
export const PRIVATE_MODE = 0o600;

/** sizeof(sun_path) without the closing NUL, bytes (unix(7)). */
const MAX_PATH = 107;
/** The length of a temporary name where a longer one does not fit; no pid is above 2^22. */
const SHORT_NAME = 8;

/**
 * Makes sure that a socket may be put at `path`: nothing is there, or a socket that nobody serves, which is removed, or one of
 * `ours`, which is served by the process that this one is to follow, and stays until it is taken over.
 *
 * @throws {StackdError} Exit 1: `STACKD_ADDRESS_IN_USE` when somebody serves it, `STACKD_SOCKET_PATH` when something else
 * is there or the path is too long, `STACKD_LISTEN` when that cannot be found out.
 */
export async function claimSocketPath(
  path: string,
  ours: readonly string[] = inheritance().predecessor?.paths ?? [],
): Promise<void> {
  const fail = (code: "STACKD_ADDRESS_IN_USE" | "STACKD_SOCKET_PATH" | "STACKD_LISTEN", state: string) =>
    new StackdError(code, `Cannot listen on "${path}": ${state}`, { exitCode: 1 });
  if (lengthOf(path) > MAX_PATH) {
    throw fail("STACKD_SOCKET_PATH", `the path is too long, at most ${MAX_PATH} bytes are allowed`);
  }
  if (lengthOf(temporaryPath(path)) > MAX_PATH) {
    const most = MAX_PATH - SHORT_NAME - 1;
    const why = `a socket is made under another name beside its own`;
    throw fail(
      "STACKD_SOCKET_PATH",
      `the path of its directory is too long, at most ${most} bytes are allowed: ${why}`,
    );
  }
  try {
    const info = await Deno.lstat(path);
    if (info.isSocket && ours.includes(path)) return;
    if (!info.isSocket) throw fail("STACKD_SOCKET_PATH", `it is a ${kindOf(info)}, not a socket`);
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (thrown) {
    if (thrown instanceof StackdError) throw thrown;
    if (thrown instanceof Deno.errors.ConnectionRefused) return removeSocketFile(path); // its process is gone
    if (thrown instanceof Deno.errors.NotFound) return assertDirectory(path, fail);
    throw fail("STACKD_LISTEN", reasonOf(thrown));
  }
  throw fail("STACKD_ADDRESS_IN_USE", "another process serves it");
}

function assertDirectory(path: string, fail: (code: "STACKD_LISTEN", state: string) => StackdError): void {
  const directory = dirname(path);
  try {
    if (Deno.statSync(directory).isDirectory) return;
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw fail("STACKD_LISTEN", reasonOf(thrown));
  }
  throw fail("STACKD_LISTEN", `there is no directory "${directory}"`);
}

/**
 * Puts a socket at its public path in one step: `bind` listens on a temporary path in the same directory, which gets mode
 * and owner and is then renamed. Whoever connects finds the old socket or the new one, never none.
 *
 * @param bind Listens, synchronously; what it returns is handed on.
 * @throws {StackdError} `STACKD_LISTEN` (exit 1). Then what `bind` opened is not served: the caller ends.
 */
export function bindSocket<Server>(
  file: SocketFile,
  bind: (temporary: string) => Server,
): { readonly server: Server; readonly identity: FileIdentity } {
  const temporary = temporaryPath(file.path);
  removeSocketFile(temporary);
  const umask = Deno.umask(0o777 & ~file.mode);
  try {
    const server = file.backlog === undefined ? bind(temporary) : queueing(file.backlog, () => bind(temporary));
    Deno.umask(umask);
    return { server, identity: publishSocket(file) };
  } catch (cause) {
    removeSocketFile(temporary);
    throw new StackdError("STACKD_LISTEN", `Cannot listen on "${file.path}": ${reasonOf(cause)}`, {
      exitCode: 1,
      cause,
    });
  } finally {
    Deno.umask(umask);
  }
}

/** Puts the socket that listens on the temporary path at its public one, with its owner. Throws as the system does. */
export function publishSocket({ path, owner }: SocketFile): FileIdentity {
  const temporary = temporaryPath(path);
  if (owner !== null) giveFile(temporary, owner);
  const identity = identify(Deno.lstatSync(temporary));
  Deno.renameSync(temporary, path);
  return identity;
}

/** What `bind` makes, with a queue of another length than the runtime's. */
function queueing<Server>(backlog: number, bind: () => Server): Server {
  const { server, descriptor } = openedBy(bind);
  if (descriptor !== null) setBacklog(descriptor, backlog);
  return server;
}

/** Removes `path` if it still leads to the file that `identity` names. */
export function removeSocket(path: string, identity: FileIdentity): void {
  try {
    const { device, inode } = identify(Deno.lstatSync(path));
    if (device === identity.device && inode === identity.inode) Deno.removeSync(path);
  } catch { /* it is gone */ }
}

/** Which file a path leads to; null when there is none. */
export function identityOf(path: string): FileIdentity | null {
  try {
    return identify(Deno.lstatSync(path));
  } catch {
    return null;
  }
}

/** A second name for a socket, under which it outlives the first. */
export interface KeptSocket {
  /** Makes the path lead to it again, if it does no more. */
  restore(): void;
  /** Gives the second name up. */
  discard(): void;
}

/**
 * Keeps the socket that is at `path` now, so that it can be put there again after somebody else has taken the path. Null when there
 * is none, or the file system has no second names.
 */
export function keepSocket(path: string): KeptSocket | null {
  const identity = identityOf(path), kept = `${join(dirname(path), longName(path, Deno.pid))}.kept`;
  if (identity === null) return null;
  removeSocketFile(kept);
  try {
    Deno.linkSync(path, kept);
  } catch {
    return null;
  }
  return {
    restore() {
      const now = identityOf(path);
      if (now !== null && now.device === identity.device && now.inode === identity.inode) return;
      try {
        Deno.renameSync(kept, path);
      } catch { /* the directory is gone, and the path with it */ }
    },
    discard: () => removeSocketFile(kept),
  };
}

/** Removes the socket of a process that could not remove it itself, unless somebody serves it again. */
export async function removeDeadSocket(path: string): Promise<void> {
  try {
    await claimSocketPath(path);
  } catch { /* somebody's, or no socket: not ours to remove */ }
}

/** Removes what process `pid` left behind when it died while it put a socket at `path`. */
export function removeLeftover(path: string, pid: number): void {
  removeSocketFile(temporaryPath(path, pid));
}

/** Where process `pid` listens before its socket stands at `path`: beside it, under a name that says whose it is, or is short. */
export function temporaryPath(path: string, pid: number = Deno.pid): string {
  const directory = dirname(path), long = join(directory, longName(path, pid));
  return lengthOf(long) <= MAX_PATH ? long : join(directory, shortName(path, pid));
}

function longName(path: string, pid: number): string {
  return `.${basename(path)}.${pid}`;
}

/** Of {@linkcode SHORT_NAME} bytes: the process has sockets of other names in the same directory. */
function shortName(path: string, pid: number): string {
  let hash = 0;
  for (const byte of new TextEncoder().encode(basename(path))) hash = (hash * 31 + byte) % 36 ** 2;
  return `.${hash.toString(36).padStart(2, "0")}${pid.toString(36).padStart(5, "0")}`;
}

function lengthOf(path: string): number {
  return new TextEncoder().encode(path).length;
}

function removeSocketFile(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
  } catch { /* it is not there, or not ours to remove; who binds it next will say so */ }
}

function identify(info: Deno.FileInfo): FileIdentity {
  return { device: info.dev, inode: info.ino ?? 0 };
}

function kindOf(info: Deno.FileInfo): string {
  if (info.isFile) return "regular file";
  if (info.isDirectory) return "directory";
  return info.isSymlink ? "symbolic link" : "device or pipe";
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (thrown instanceof Deno.errors.NotFound) return "its directory does not exist";
  return messageOf(thrown);
}
