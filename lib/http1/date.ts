/**
 * The Date field (RFC 9110 §6.6.1), formatted once a second.
 *
 * @module
 */
import { latin1 } from "./bytes.ts";

let second = 0;
let line = latin1("");

/** `Date: …` with CRLF, of this second. */
export function dateLine(): Uint8Array {
  const now = Date.now();
  if (now - second >= 1_000 || now < second) {
    second = now - now % 1_000;
    line = latin1(`Date: ${new Date(second).toUTCString()}\r\n`);
  }
  return line;
}
