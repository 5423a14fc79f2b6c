/**
 * The few calls that Deno has none for, or dear ones, from libc, and a way to find the descriptor that they need. Linux only; null
 * elsewhere, and each user says what it does without.
 *
 * @module
 */

const SYMBOLS = {
  // With sizes of 32 bits a call costs next to nothing beside the system's; with usize it goes a slow way.
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  // The same on a thread of its own.
  epoll_wait_aside: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  dup: { parameters: ["i32"], result: "i32" },
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // It takes a third argument of any kind; where we use it, a number.
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const;

/** libc's calls, by their own names. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | null | undefined;

/** libc, opened when it is first needed; null where there is none that is known. */
export function libc(): Libc | null {
  if (opened === undefined) opened = open();
  return opened;
}

function open(): Libc | null {
  if (Deno.build.os !== "linux") return null;
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  } catch {
    return null;
  }
}

/** send(2) and recv(2): do not wait, and raise no signal when the peer is gone. */
export const DONTWAIT_NOSIGNAL = 0x4040;
/** What epoll_ctl(2) is to do. */
export const EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;

const IPPROTO_TCP = 6, TCP_NODELAY = 1;
const YES = Int32Array.of(1);

/** Nagle's algorithm would keep what follows on a TCP socket back for 40 ms. */
export function sendAtOnce({ setsockopt }: Libc, fd: number): void {
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, YES, 4);
}

/** A TCP address as the kernel has it. */
export interface SocketAddress {
  readonly port: number;
  /** An IPv4 or IPv6 address, an IPv4-mapped one as IPv4. */
  readonly hostname: string;
}

/** Families of addresses, of which a struct sockaddr begins with one. */
export const AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10;
const ADDRESS_SIZE = 28; // sockaddr_in6

/** The address that `call` (getpeername, getsockname) gives for a descriptor; null when it is no TCP socket's. */
export function addressOf(call: Libc["getpeername"], fd: number): SocketAddress | null {
  const bytes = new Uint8Array(ADDRESS_SIZE), length = new Uint32Array([ADDRESS_SIZE]);
  return call(fd, bytes, length) === 0 ? socketAddress(bytes) : null;
}

/** A struct sockaddr's address; null when it is no TCP socket's. */
export function socketAddress(bytes: Uint8Array<ArrayBuffer>): SocketAddress | null {
  const view = new DataView(bytes.buffer);
  const family = view.getUint16(0, true);
  if (family !== AF_INET && family !== AF_INET6) return null;
  return { port: view.getUint16(2), hostname: family === AF_INET ? dotted(bytes.subarray(4, 8)) : ipv6(view) };
}

function ipv6(view: DataView): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return dotted(new Uint8Array(view.buffer, 20, 4));
  }
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

function dotted(bytes: Uint8Array): string {
  return bytes.join(".");
}

/** An address as {@linkcode addressOf} writes it. */
export function unmapped(hostname: string): string {
  return hostname.replace(/^::ffff:(?=\d+\.)/, "");
}

/** The first open descriptor that `is` true of; null when there is none, or no /proc. About 2 µs for each one open. */
export function findDescriptor(is: (fd: number) => boolean): number | null {
  try {
    for (const { name } of Deno.readDirSync("/proc/self/fd")) if (is(Number(name))) return Number(name);
  } catch { /* no /proc */ }
  return null;
}

/**
 * The lowest descriptor that is free, which the system gives to what is opened next; -1 when it cannot be told. Another
 * thread may be faster: what is there afterwards has to be looked at.
 */
export function nextDescriptor(): number {
  const calls = libc();
  if (calls === null) return -1;
  const fd = calls.dup(0);
  if (fd >= 0) calls.close(fd);
  return fd;
}

/** sockaddr_un: the family, then the path. */
const UNIX_ADDRESS_SIZE = 110;
// Asked for each connection that is opened, so nothing is made for it.
const unixAddress = new Uint8Array(UNIX_ADDRESS_SIZE), unixAddressLength = new Uint32Array(1);
const DECODER = new TextDecoder();

/** The path that `call` (getpeername, getsockname) gives for a descriptor; null when it is no unix socket, or has none. */
export function unixPathOf(call: Libc["getpeername"], fd: number): string | null {
  const bytes = unixAddress.fill(0);
  unixAddressLength[0] = UNIX_ADDRESS_SIZE;
  if (call(fd, bytes, unixAddressLength) !== 0 || bytes[0] !== AF_UNIX || bytes[1] !== 0) return null;
  const end = bytes.indexOf(0, 2);
  return end === 2 ? null : DECODER.decode(bytes.subarray(2, end === -1 ? undefined : end));
}

/** Whether a descriptor is a unix socket that is connected to `path`. */
export function isConnectedToPath(fd: number, path: string): boolean {
  const calls = libc();
  return fd >= 0 && calls !== null && unixPathOf(calls.getpeername, fd) === path;
}

/** Whether a descriptor is the TCP socket of `conn`: no two have both ends in common. */
export function isSocketOf(fd: number, { remoteAddr: remote, localAddr: local }: Deno.Conn): boolean {
  const calls = libc();
  if (fd < 0 || calls === null || remote.transport !== "tcp" || local.transport !== "tcp") return false;
  const address = addressOf(calls.getpeername, fd);
  return address !== null && address.port === remote.port && address.hostname === unmapped(remote.hostname) &&
    addressOf(calls.getsockname, fd)?.port === local.port;
}
