/**
 * What a Host field may say (RFC 9110 §7.2, RFC 3986 §3.2.2): a host that can stand in a URL, because handlers get one.
 *
 * @module
 */
import { HOST, text } from "./bytes.ts";

const DOT = 46, PERCENT = 37, COLON = 58, OPEN = 91, CLOSE = 93;

/** Whether bytes[start, end) is a host with an optional port. */
export function isHost(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = bytes[start] === OPEN ? endOfLiteral(bytes, start, end) : endOfName(bytes, start, end);
  if (hostEnd <= start || !isPort(bytes, hostEnd, end)) return false;
  return isPlain(bytes, start, hostEnd) || isSameInUrl(text(bytes, start, hostEnd));
}

/** Whether a URL takes `host` for what it says: `1.2.3` would be 1.2.0.3 there, which somebody else may not know. */
function isSameInUrl(host: string): boolean {
  const url = URL.parse(`http://${host}/`);
  return url !== null && (host.startsWith("[") || url.hostname === host.toLowerCase());
}

/** Where an IP literal in brackets ends; -1 when it has other characters than one may have. */
function endOfLiteral(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i];
    if (byte === CLOSE) return i + 1;
    if (byte !== COLON && byte !== DOT && !isHexDigit(byte)) return -1;
  }
  return -1;
}

/** Where a name or an IPv4 address ends, at its port's colon if there is one; -1 for a character that no name has. */
function endOfName(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte === COLON) return i;
    // Escapes are in RFC 3986's grammar, and in nobody's DNS.
    if (HOST[byte] === 0 || byte === OPEN || byte === CLOSE || byte === PERCENT) return -1;
  }
  return end;
}

/** Whether bytes[start, end) is nothing, or a colon with the digits of a port, which may be none (RFC 3986 §3.2.3). */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (bytes[start] !== COLON || end - start > 6) return false;
  let port = 0;
  for (let i = start + 1; i < end; i++) {
    if (!isDigit(bytes[i])) return false;
    port = port * 10 + bytes[i] - 48;
  }
  return port <= 65_535;
}

/**
 * Whether a host is certain to stand in a URL: a name whose last label begins with a letter and that is not in Punycode, or
 * an IPv4 address without leading zeros. All others are left to the URL parser, which knows what else is a number.
 */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === OPEN) return false;
  let labels = 1, label = start, isAddress = true;
  for (let i = start; i < end; i++) {
    if (bytes[i] === DOT) {
      isAddress &&= isOctet(bytes, label, i);
      labels++;
      label = i + 1;
    } else if (bytes[i] === 45 && i - label === 2 && (bytes[label] | 32) === 120) return false; // xn-
  }
  const first = bytes[label] | 32;
  return label < end && ((first >= 97 && first <= 122) || (isAddress && labels === 4 && isOctet(bytes, label, end)));
}

function isOctet(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || end - start > 3 || (bytes[start] === 48 && end - start > 1)) return false;
  let value = 0;
  for (let i = start; i < end; i++) {
    if (!isDigit(bytes[i])) return false;
    value = value * 10 + bytes[i] - 48;
  }
  return value <= 255;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || ((byte | 32) >= 97 && (byte | 32) <= 102);
}
