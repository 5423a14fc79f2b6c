/**
 * Ends a connection whose peer has stopped reading. `conn.close()` leaves a pending write and its descriptor behind for as
 * long as the peer likes; only shutting the socket down ends both, and Deno has no call for that, so libc's is used.
 *
 * @module
 */

const AF_INET = 2, AF_INET6 = 10, SHUT_RDWR = 2;
const ADDRESS_SIZE = 28; // sockaddr_in6

type Libc = Deno.DynamicLibrary<{
  shutdown: { parameters: ["i32", "i32"]; result: "i32" };
  getpeername: { parameters: ["i32", "buffer", "buffer"]; result: "i32" };
  getsockname: { parameters: ["i32", "buffer", "buffer"]; result: "i32" };
}>;

let libc: Libc | null | undefined;

function open(): Libc | null {
  if (Deno.build.os !== "linux") return null;
  try {
    return Deno.dlopen("libc.so.6", {
      shutdown: { parameters: ["i32", "i32"], result: "i32" },
      getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
      getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    });
  } catch {
    return null;
  }
}

/**
 * Shuts a TCP connection down, so that a write that is pending on it fails and its descriptor is freed by `close()`.
 * Searches the process's descriptors (about 0.2 ms), so it is for deadlines, not for every close. Does nothing where
 * libc or /proc is missing, or for a unix socket, whose peer has no address to be found by.
 */
export function sever(conn: Deno.Conn): void {
  const { remoteAddr: remote, localAddr: local } = conn;
  if (remote.transport !== "tcp" || local.transport !== "tcp") return;
  libc = libc === undefined ? open() : libc;
  if (libc === null) return;
  const { getpeername, getsockname, shutdown } = libc.symbols;
  try {
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      const fd = Number(name);
      if (portOf(getpeername, fd) === remote.port && portOf(getsockname, fd) === local.port) {
        // Ports alone could name another client's connection with the same port: compare the address too.
        if (addressOf(getpeername, fd) === remote.hostname.replace(/^::ffff:(?=\d+\.)/, "")) {
          shutdown(fd, SHUT_RDWR);
          return;
        }
      }
    }
  } catch { /* without /proc the peer decides when it ends */ }
}

type NameCall = (fd: number, address: BufferSource, length: BufferSource) => number;

function name(call: NameCall, fd: number): DataView | null {
  const address = new Uint8Array(ADDRESS_SIZE), length = new Uint32Array([ADDRESS_SIZE]);
  return call(fd, address, length) === 0 ? new DataView(address.buffer) : null;
}

function portOf(call: NameCall, fd: number): number {
  const view = name(call, fd);
  const family = view?.getUint16(0, true);
  return view !== null && (family === AF_INET || family === AF_INET6) ? view.getUint16(2) : -1;
}

function addressOf(call: NameCall, fd: number): string | null {
  const view = name(call, fd);
  if (view === null) return null;
  if (view.getUint16(0, true) === AF_INET) return [4, 5, 6, 7].map((i) => view.getUint8(i)).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + 2 * i));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [20, 21, 22, 23].map((i) => view.getUint8(i)).join(".");
  }
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}
