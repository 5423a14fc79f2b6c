/**
 * Ends a connection whose peer has stopped reading. `conn.close()` leaves a pending write and its descriptor behind for as
 * long as the peer likes; only shutting the socket down ends both, and Deno has no call for that.
 *
 * @module
 */
import { addressOf, findDescriptor, libc, unmapped } from "./libc.ts";

const SHUT_RDWR = 2;

/**
 * Shuts a TCP connection down, so that a write that is pending on it fails and its descriptor is freed by `close()`.
 * Searches the process's descriptors, so it is for deadlines, not for every close. Does nothing without libc or /proc, or for
 * a unix socket, whose peer has no address to be found by.
 */
export function sever(conn: Deno.Conn): void {
  const { remoteAddr: remote, localAddr: local } = conn;
  const calls = libc();
  if (calls === null || remote.transport !== "tcp" || local.transport !== "tcp") return;
  const { getpeername, getsockname, shutdown } = calls;
  const peer = unmapped(remote.hostname);
  const fd = findDescriptor((fd) => {
    const address = addressOf(getpeername, fd);
    return address !== null && address.port === remote.port && address.hostname === peer &&
      addressOf(getsockname, fd)?.port === local.port;
  });
  if (fd !== null) shutdown(fd, SHUT_RDWR);
}
