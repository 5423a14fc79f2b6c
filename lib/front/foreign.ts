/**
 * What came in place of HTTP: a sentence for whoever has to find the wrong line in a configuration.
 *
 * @module
 */

/** What bytes[start, end), which no request begins with, looks like; null for anything. */
export function foreignProtocol(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start < 3) return null;
  // A packet for a WSGI application: modifier1 0, and a block of at most 64 KiB with its variables' sizes.
  if (bytes[start] === 0) return "the uwsgi protocol";
  // A handshake record of TLS 1.x (RFC 8446 §5.1).
  if (bytes[start] === 22 && bytes[start + 1] === 3 && bytes[start + 2] <= 4) return "TLS";
  return null;
}
