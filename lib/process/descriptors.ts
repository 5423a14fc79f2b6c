/**
 * What can be done with an open descriptor by its number: kept for this process or given to a child, looked at, adopted as a
 * listener. Linux only.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { addressOf, libc, unixPathOf } from "../http1/libc.ts";

const F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1_030;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1, SO_TYPE = 3, SO_ACCEPTCONN = 30;
const SOCK_STREAM = 1;
/** The longest backlog that the system call takes. */
export const MOST_BACKLOG = 0x7fff_ffff;

let inheritable: boolean | undefined;

/** Whether descriptors can be handed to other processes here, and adopted. That takes Linux, glibc, and /proc. */
export function canInherit(): boolean {
  return inheritable ??= libc() !== null && seesItself();
}

function seesItself(): boolean {
  try {
    Deno.readTextFileSync("/proc/self/fdinfo/0");
    return Deno.readDirSync("/proc/self/fd")[Symbol.iterator]().next().done !== true;
  } catch {
    return false;
  }
}

/** Another number for what `fd` stands for, which children do not inherit; null when there is none left. */
export function duplicate(fd: number): number | null {
  // 0 to 2 mean something to every program.
  const copy = libc()?.fcntl(fd, F_DUPFD_CLOEXEC, 3) ?? -1;
  return copy < 0 ? null : copy;
}

/** Closes a descriptor. */
export function closeDescriptor(fd: number): void {
  libc()?.close(fd);
}

/** Lets nobody inherit a descriptor that was inherited, and no call wait on it. */
export function keepToOurselves(fd: number): void {
  const calls = libc();
  calls?.fcntl(fd, F_SETFD, FD_CLOEXEC);
  const flags = calls?.fcntl(fd, F_GETFL, 0) ?? -1;
  if (flags >= 0) calls?.fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/**
 * Starts a process, by `spawn`, that inherits `descriptors` under the numbers that they have here. `spawn` must not wait for
 * anything: what else is started meanwhile would inherit them, too.
 */
export function inheriting<Child>(descriptors: readonly number[], spawn: () => Child): Child {
  if (descriptors.length === 0) return spawn();
  const calls = libc();
  for (const fd of descriptors) calls?.fcntl(fd, F_SETFD, 0);
  try {
    return spawn();
  } finally {
    for (const fd of descriptors) calls?.fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

/** What a descriptor is. */
export type DescriptorKind = "listener" | "closed" | "other";

/** What stands behind a number. */
export function kindOf(fd: number): DescriptorKind {
  const calls = libc();
  if (calls === null || calls.fcntl(fd, F_GETFD, 0) < 0) return "closed";
  const ask = (option: number) => {
    const value = new Int32Array(1);
    return calls.getsockopt(fd, SOL_SOCKET, option, value, new Uint32Array([4])) === 0 ? value[0] : null;
  };
  return ask(SO_TYPE) === SOCK_STREAM && ask(SO_ACCEPTCONN) === 1 ? "listener" : "other";
}

/** Where a socket is bound to; null for what is neither TCP nor a unix socket with a path. */
export function boundAddress(fd: number): ListenAddress | null {
  const calls = libc();
  if (calls === null) return null;
  const tcp = addressOf(calls.getsockname, fd);
  if (tcp !== null) return { transport: "tcp", ...tcp };
  const path = unixPathOf(calls.getsockname, fd);
  return path === null ? null : { transport: "unix", path };
}

/** Lets the kernel queue so many connections on a listener; it has a bound of its own, `net.core.somaxconn`. */
export function setBacklog(fd: number, backlog: number): void {
  libc()?.listen(fd, Math.min(backlog, MOST_BACKLOG));
}

/** The descriptors of this process that are listening sockets. */
export function listeningDescriptors(): number[] {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).filter((fd) =>
      kindOf(fd) === "listener"
    );
  } catch {
    return []; // no /proc
  }
}

/** What `open` makes, and the listening socket that it opens with it; null where that cannot be told. */
export function openedBy<Server>(open: () => Server): { readonly server: Server; readonly descriptor: number | null } {
  const before = new Set(listeningDescriptors());
  const server = open();
  return { server, descriptor: listeningDescriptors().find((fd) => !before.has(fd)) ?? null };
}
