/**
 * Errors of system calls, as the runtime has them for its own.
 *
 * @module
 */

/** Numbers of errors (errno(3)) that are dealt with where they occur. */
export const EINTR = 4, EAGAIN = 11, ECONNRESET = 104, EINPROGRESS = 115;

const { errors } = Deno;
/** What is known by name; the texts are strerror(3)'s. */
const KNOWN: ReadonlyMap<number, readonly [kind: new (message: string) => Error, text: string]> = new Map([
  [2, [errors.NotFound, "No such file or directory"]],
  [EAGAIN, [errors.WouldBlock, "Resource temporarily unavailable"]],
  [12, [Error, "Cannot allocate memory"]],
  [13, [errors.PermissionDenied, "Permission denied"]],
  [23, [Error, "Too many open files in system"]],
  [24, [Error, "Too many open files"]],
  [32, [errors.BrokenPipe, "Broken pipe"]],
  [99, [errors.AddrNotAvailable, "Cannot assign requested address"]],
  [101, [errors.NetworkUnreachable, "Network is unreachable"]],
  [103, [errors.ConnectionAborted, "Software caused connection abort"]],
  [ECONNRESET, [errors.ConnectionReset, "Connection reset by peer"]],
  [105, [Error, "No buffer space available"]],
  [110, [errors.TimedOut, "Connection timed out"]],
  [111, [errors.ConnectionRefused, "Connection refused"]],
  [113, [Error, "No route to host"]],
]);

/** What this machine has run out of, whoever was to be spoken to: memory, descriptors, buffers. By number, and by the runtime's names. */
const LACKS = new Set([12, 23, 24, 105]), NAMED_LACKS = new Set(["ENOMEM", "ENFILE", "EMFILE", "ENOBUFS"]);

/** A system call that failed for want of something of this machine's. */
class Exhausted extends Error {
  override readonly name = "Error";
}

/** Whether an error, ours or the runtime's, is no peer's doing: this machine has run out of something. */
export function isExhaustion(thrown: unknown): boolean {
  if (thrown instanceof Exhausted) return true;
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && NAMED_LACKS.has(thrown.code);
}

/** The error of a system call that failed with `errno`. */
export function systemError(errno: number): Error {
  const [Kind, text] = KNOWN.get(errno) ?? [Error, "System call failed"];
  return new (LACKS.has(errno) ? Exhausted : Kind)(`${text} (os error ${errno})`);
}
