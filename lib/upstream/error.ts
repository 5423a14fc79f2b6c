/**
 * What goes wrong with a server, as one error type.
 *
 * @module
 */

/**
 * "timeout" → 504; "closed" (refused, reset, ended early), "invalid" (not HTTP) and "down" (no server is well) → 502; "busy" (no
 * server has room) and "exhausted" (this machine has no descriptor left, or the like: no server's failure) → 503.
 */
export type UpstreamErrorKind = "timeout" | "closed" | "invalid" | "down" | "busy" | "exhausted";

/** The connection ended, or was ended, before the response was complete; or there was none to be had. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly kind: UpstreamErrorKind;
  /** Whether a server that had answered may only have left the request's body unread, which resets the connection: it is well. */
  mayBeUnread = false;

  constructor(kind: UpstreamErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
