/**
 * Character classes of RFC 9110 and 9112 as tables, and the few byte writers that heads are built with.
 *
 * @module
 */

export const TAB = 9, LF = 10, CR = 13, SPACE = 32, QUOTE = 34, COMMA = 44, COLON = 58, BACKSLASH = 92;

/** `text` as bytes, each character up to U+00FF one byte: the inverse of {@linkcode text}. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * bytes[start, end) as a string, each byte one character: what was sent is never lost or merged. (TextDecoder's "latin1" is
 * windows-1252, which moves 0x80 to 0x9F.)
 */
export function text(bytes: Uint8Array, start: number, end: number): string {
  let result = "";
  for (let i = start; i < end; i++) result += String.fromCharCode(bytes[i]);
  return result;
}

function table(fill: (byte: number) => number): Uint8Array {
  const result = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) result[byte] = fill(byte);
  return result;
}

const isAlphanumeric = (byte: number) =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
const oneOf = (characters: string) => (byte: number) => characters.includes(String.fromCharCode(byte));
const isTokenMark = oneOf("!#$%&'*+-.^_`|~");
const isHostMark = oneOf("-._~%!$&'()*+,;=:[]");

/** RFC 9110 §5.6.2 token characters: 1, `_` 2 (dropped by default), everything else 0. */
export const TOKEN = table((byte) => byte === 95 ? 2 : isAlphanumeric(byte) || isTokenMark(byte) ? 1 : 0);

/** RFC 9110 §5.5 field-value characters (HTAB, SP, VCHAR, obs-text): 1; controls and DEL: 0. */
export const VALUE = table((byte) => byte === TAB || (byte >= 32 && byte !== 127) ? 1 : 0);

/**
 * Characters of a request-target: 1; `?` 2; everything else, `#` and bytes outside ASCII included, 0. Looser than RFC 3986
 * only where browsers are (`|`, `{`, `"`…).
 */
export const TARGET = table((byte) => byte <= 32 || byte >= 127 || byte === 35 ? 0 : byte === 63 ? 2 : 1);

/** Characters of a Host field's value (RFC 3986 §3.2.2 host, brackets and a port's colon): 1, everything else 0. */
export const HOST = table((byte) => isAlphanumeric(byte) || isHostMark(byte) ? 1 : 0);

/** Whether a byte is white space that may stand in a line (RFC 9110 §5.6.3 OWS). */
export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Value of a hexadecimal digit; 255 for everything else. */
export const HEX = table((byte) =>
  byte >= 48 && byte <= 57
    ? byte - 48
    : (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
    ? (byte | 32) - 87
    : 255
);

/** Whether bytes[start, end) equals `lower` (lower-case ASCII letters, digits and dashes) without regard to case. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[start + i];
    if (byte !== lower[i] && ((byte | 32) !== lower[i] || byte < 65)) return false;
  }
  return true;
}

/** Copies from[start, end) to `out` at `at`; returns the position behind it. */
export function copy(from: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  const length = end - start;
  if (length < 24) {
    // Below this, a loop is cheaper than the view that set() needs.
    for (let i = 0; i < length; i++) out[at + i] = from[start + i];
  } else {
    out.set(from.subarray(start, end), at);
  }
  return at + length;
}

/** Writes all of `bytes` to `out` at `at`; returns the position behind it. */
export function put(bytes: Uint8Array, out: Uint8Array, at: number): number {
  const { length } = bytes;
  if (length < 32) { for (let i = 0; i < length; i++) out[at + i] = bytes[i]; }
  else out.set(bytes, at);
  return at + length;
}

/** Writes a string of characters up to U+00FF; returns the position behind it. */
export function putText(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Writes a non-negative integer in decimal; returns the position behind it. */
export function putDecimal(value: number, out: Uint8Array, at: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    out[i] = 48 + rest % 10;
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

/** Writes a non-negative 32-bit integer in hexadecimal without leading zeros; returns the position behind it. */
export function putHex(value: number, out: Uint8Array, at: number): number {
  let shift = 28;
  while (shift > 0 && (value >>> shift) === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) {
    const digit = (value >>> shift) & 15;
    out[at++] = digit < 10 ? 48 + digit : 87 + digit;
  }
  return at;
}
