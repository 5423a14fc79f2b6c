/**
 * Clients that leave in the middle of their request's body.
 *
 * @module
 */

const { BadResource, Http } = Deno.errors;
/** What Deno 2.9.4 says when it is asked for the body as a whole, or for its next piece. */
const UNAVAILABLE = /^Cannot read (?:request )?body as underlying resource unavailable$/;
/** What it says when the piece is asked for only after the client has left. */
const ENDED = "unexpected EOF while reading HTTP/1 body";

/** Whether a request's body has failed by `thrown` because its client has left: no fault of whoever was reading it. */
export function isBrokenUpload(thrown: unknown): boolean {
  if (thrown instanceof BadResource) return UNAVAILABLE.test(thrown.message);
  return thrown instanceof Http && thrown.message.includes(ENDED);
}
