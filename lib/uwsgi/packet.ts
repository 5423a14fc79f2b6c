/**
 * A request of the uwsgi protocol on the wire (uWSGI docs, Protocol page): modifier1, the size of the block, modifier2, then
 * the block of variables, each a name and a value behind their sizes. All sizes are 16 bits, little-endian. The body, of
 * CONTENT_LENGTH bytes, follows without any framing.
 *
 * @module
 */
import { putText, text, TOKEN } from "../http1/bytes.ts";
import { UwsgiError } from "./error.ts";
import { foreign } from "./foreign.ts";

/** Bytes of a packet's header. */
export const HEADER_SIZE = 4;
/** Bytes that a block can have: its size is 16 bits. uWSGI takes 4,096 unless `--buffer-size` says more. */
export const MAX_BLOCK_SIZE = 65_535;

const UTF_8 = new TextDecoder();

/** A packet that has been read. */
export interface Packet {
  /** The variables, in the order of their first appearance; values are Latin-1, a character for each byte. */
  readonly vars: Map<string, string>;
  /** Bytes of the packet: the request's body begins behind them. */
  readonly length: number;
}

/**
 * Reads the packet at bytes[start, end). "incomplete": more is needed, and so far nothing is wrong. Every call begins anew,
 * and takes time in proportion to what is there.
 *
 * A name that comes again overrides, as in uWSGI's environ: nginx sends `include uwsgi_params` and what a location sets after
 * it. Not so for fields, because nginx before 1.23 sends a field of several lines as a variable for each: they are joined
 * (RFC 9110 §5.3, RFC 6265 §5.4 for Cookie). HTTP_HOST overrides too: there is one Host, and Debian's uwsgi_params set it.
 *
 * Throws {@linkcode UwsgiError} as soon as it cannot become valid.
 */
export function decodePacket(bytes: Uint8Array, start: number, end: number): "incomplete" | Packet {
  if (end <= start) return "incomplete";
  if (bytes[start] !== 0) throw new UwsgiError(foreign(bytes, start, end));
  if (end - start < HEADER_SIZE) return "incomplete";
  if (bytes[start + 3] !== 0) throw new UwsgiError(`modifier2 is ${bytes[start + 3]}; a WSGI request has 0`);
  const block = start + HEADER_SIZE, blockEnd = block + sizeAt(bytes, start + 1);
  const whole = end >= blockEnd;
  const vars = new Map<string, string>();
  const characters = whole ? textOf(bytes, block, blockEnd) : "";
  for (let at = block; at < blockEnd;) {
    if (at + 2 > blockEnd) throw malformed("a byte is left over", at - block);
    if (at + 2 > end) return "incomplete";
    const name = at + 2, nameEnd = name + sizeAt(bytes, at);
    if (nameEnd === name) throw malformed("a name is empty", at - block);
    if (nameEnd > blockEnd) throw lie("name", nameEnd - name, blockEnd - name, at - block);
    for (let i = name, last = Math.min(nameEnd, end); i < last; i++) {
      if (TOKEN[bytes[i]] === 0) throw malformed("a name has a character that is not allowed", i - block);
    }
    if (nameEnd + 2 > blockEnd) throw malformed("a name has no value", at - block);
    if (nameEnd + 2 > end) return "incomplete";
    const value = nameEnd + 2, valueEnd = value + sizeAt(bytes, nameEnd);
    if (valueEnd > blockEnd) throw lie("value", valueEnd - value, blockEnd - value, nameEnd - block);
    if (whole) {
      set(vars, characters.slice(name - block, nameEnd - block), characters.slice(value - block, valueEnd - block));
    }
    at = valueEnd;
  }
  return whole ? { vars, length: blockEnd - start } : "incomplete";
}

/** Bytes that the packet at `start` says it has; its header is there. */
export function packetLength(bytes: Uint8Array, start: number): number {
  return HEADER_SIZE + sizeAt(bytes, start + 1);
}

/**
 * A request's packet, to send its body behind. Throws {@linkcode UwsgiError} for variables that do not fit in one, and for
 * what cannot be in one: an empty name, and characters beyond Latin-1.
 */
export function encodePacket(vars: Iterable<readonly [name: string, value: string]>): Uint8Array<ArrayBuffer> {
  const list = Array.isArray(vars) ? vars as (readonly [string, string])[] : [...vars];
  let length = 0;
  for (const [name, value] of list) {
    if (name.length > MAX_BLOCK_SIZE) throw new UwsgiError(`a name of ${name.length} bytes: too long`, 431);
    if (value.length > MAX_BLOCK_SIZE) throw new UwsgiError(`${name} of ${value.length} bytes: too long`, 431);
    if (!isName(name)) throw new UwsgiError(`"${name}" cannot be a variable's name`);
    if (!isLatin1(value)) throw new UwsgiError(`${name} has a character beyond U+00FF`);
    length += 4 + name.length + value.length;
  }
  if (length > MAX_BLOCK_SIZE) {
    throw new UwsgiError(`variables of ${length} bytes, and ${MAX_BLOCK_SIZE} fit in a packet`, 431);
  }
  const packet = new Uint8Array(HEADER_SIZE + length);
  putSize(length, packet, 1);
  let at = HEADER_SIZE;
  for (const [name, value] of list) {
    at = putText(name, packet, putSize(name.length, packet, at));
    at = putText(value, packet, putSize(value.length, packet, at));
  }
  return packet;
}

/** As `text`, but one call where the block is ASCII, as nearly every one is. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  let all = 0;
  for (let i = start; i < end; i++) all |= bytes[i];
  return all < 128 ? UTF_8.decode(bytes.subarray(start, end)) : text(bytes, start, end);
}

function set(vars: Map<string, string>, name: string, value: string): void {
  if (name.startsWith("HTTP_") && name !== "HTTP_HOST") {
    const before = vars.get(name);
    if (before !== undefined) value = `${before}${name === "HTTP_COOKIE" ? "; " : ", "}${value}`;
  }
  vars.set(name, value);
}

/** The size, of the block, a name or a value, that stands at bytes[at, at + 2). */
export function sizeAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

/** Writes a size; where it ends. */
export function putSize(size: number, out: Uint8Array, at: number): number {
  out[at] = size & 255;
  out[at + 1] = size >>> 8;
  return at + 2;
}

function isName(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (!(TOKEN[name.charCodeAt(i)] > 0)) return false;
  return name !== "";
}

function isLatin1(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 255) return false;
  return true;
}

/** `at` is where in the block it stands. */
function malformed(what: string, at: number): UwsgiError {
  return new UwsgiError(`${what} (at byte ${at} of the block)`);
}

function lie(what: "name" | "value", said: number, left: number, at: number): UwsgiError {
  return malformed(`a ${what} of ${said} bytes where the block has ${left} left`, at);
}
