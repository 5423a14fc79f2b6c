/**
 * Ends a connection whose peer has stopped reading. `conn.close()` leaves a pending write and its descriptor behind for as
 * long as the peer likes; only shutting the socket down ends both, and Deno has no call for that.
 *
 * @module
 */
import { findDescriptor, isSocketOf, libc } from "./libc.ts";

const SHUT_RDWR = 2;

/**
 * Shuts a connection down, so that a write that is pending on it fails and its descriptor is freed by `close()`. Where the
 * descriptor is not known (-1), the process's descriptors are searched for it, so this is for deadlines, not for every
 * close. Does nothing without libc or /proc, or for a unix socket that was accepted, whose peer has no address to be found by.
 */
export function sever(conn: Deno.Conn, descriptor = -1): void {
  const calls = libc();
  if (calls === null) return;
  const known = descriptor >= 0 || conn.remoteAddr.transport !== "tcp";
  const fd = known ? descriptor : findDescriptor((fd) => isSocketOf(fd, conn)) ?? -1;
  if (fd >= 0) calls.shutdown(fd, SHUT_RDWR);
}

/** Closes a connection that somebody else may have closed before. */
export function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}
