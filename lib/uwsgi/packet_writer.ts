/**
 * A request's packet, written as bytes into one buffer: what `varsFor` and `encodePacket` make of strings, at the cost of
 * copying. A test holds the two together.
 *
 * @module
 */
import { COLON, copy, CR, isBlank, latin1, put, putText, TOKEN } from "../http1/bytes.ts";
import { UwsgiError } from "./error.ts";
import { NOT_CARRIED } from "./fields.ts";
import { HEADER_SIZE, MAX_BLOCK_SIZE, putSize, sizeAt } from "./packet.ts";

const HTTP = latin1("HTTP_"), HTTP_COOKIE = latin1("HTTP_COOKIE"), CONTENT_TYPE = latin1("CONTENT_TYPE");
const COMMA = latin1(", "), SEMICOLON = latin1("; "), NOTHING = latin1("");
const DASH = 45, UNDERSCORE = 95;

/** Characters of fields' names as variables have them; 0 for the underscore, which no field that is carried has in its name. */
const LETTERS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === DASH) return UNDERSCORE;
  if (byte === UNDERSCORE || TOKEN[byte] === 0) return 0;
  return byte >= 97 && byte <= 122 ? byte - 32 : byte;
});

/** Names of fields that are not carried, as variables have them, by their length. */
const DROPPED: (readonly Uint8Array[])[] = [];
for (const field of NOT_CARRIED) {
  const name = latin1(field).map((byte) => LETTERS[byte]);
  DROPPED[name.length] = [...DROPPED[name.length] ?? [], name];
}

/** So many bytes of a value are copied as its end is looked for: to find the end first costs more, unless it is far. */
const NEAR = 96;

/** Writes one packet after the other. */
export class PacketWriter {
  /** The packet, good until the next {@linkcode begin}. */
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(HEADER_SIZE + MAX_BLOCK_SIZE);
  #end = HEADER_SIZE;
  /** Where the variables of fields begin, and a number made of each one's name, to find those that come again. */
  readonly #starts: number[] = [];
  readonly #hashes: number[] = [];

  /** Begins a packet. */
  begin(): void {
    this.#end = HEADER_SIZE;
    this.#starts.length = this.#hashes.length = 0;
  }

  /** Ends the packet; how long it is. */
  finish(): number {
    this.bytes[0] = this.bytes[3] = 0; // both modifiers
    putSize(this.#end - HEADER_SIZE, this.bytes, 1);
    return this.#end;
  }

  /** Where the next variable begins. */
  get position(): number {
    return this.#end;
  }

  /** Adds a variable by its name's bytes; the value has characters up to U+00FF. Throws {@linkcode UwsgiError} for no room. */
  addText(name: Uint8Array, value: string): void {
    const at = this.#begun(name, value.length);
    this.#end = putText(value, this.bytes, at);
  }

  /** As {@linkcode addText}, with from[start, end) for a value. */
  addBytes(name: Uint8Array, from: Uint8Array, start: number, end: number): void {
    const at = this.#begun(name, end - start);
    this.#end = copy(from, start, end, this.bytes, at);
  }

  #begun(name: Uint8Array, size: number): number {
    const { bytes } = this;
    if (this.#end + 4 + name.length + size > bytes.length) throw tooLong();
    const at = put(name, bytes, putSize(name.length, bytes, this.#end));
    return putSize(size, bytes, at);
  }

  /**
   * Adds the variables of the field lines in lines[start, end). Content-Type becomes the value of the variable at
   * `contentType`, that of its last line. Other fields' lines are joined (RFC 9110 §5.3), Cookie's as RFC 6265 §5.4 has it.
   * Throws {@linkcode UwsgiError} for no room.
   */
  addFields(lines: Uint8Array, start: number, end: number, contentType: number): void {
    for (let at = start; at < end;) at = this.#addLine(lines, at, contentType);
  }

  /** Adds the line that begins at `line`; where the next one does. */
  #addLine(lines: Uint8Array, line: number, contentType: number): number {
    // Written behind the last variable, and one itself when it is clear that it is. Beyond the buffer's end, writing does nothing.
    const { bytes } = this, start = this.#end;
    let to = put(HTTP, bytes, start + 2), at = line, hash = 0, carried = true;
    for (let byte = lines[at]; byte !== COLON; byte = lines[++at]) {
      const letter = LETTERS[byte];
      carried &&= letter !== 0;
      hash = (Math.imul(hash, 31) + letter) | 0;
      bytes[to++] = letter;
    }
    const colon = at, nameEnd = to;
    do at++; while (isBlank(lines[at]));
    const value = at, near = at + NEAR;
    to += 2;
    while (at < near && lines[at] !== CR) bytes[to++] = lines[at++];
    if (lines[at] !== CR) {
      const rest = at;
      at = lines.indexOf(CR, rest);
      if (to + at - rest <= bytes.length) copy(lines, rest, at, bytes, to);
    }
    let valueEnd = at;
    while (valueEnd > value && isBlank(lines[valueEnd - 1])) valueEnd--;
    if (carried && !isDropped(lines, line, colon)) {
      const before = this.#find(hash, lines, line, colon);
      if (before === -1) this.#addWritten(start, hash, nameEnd, valueEnd - value);
      else this.#join(before, lines, value, valueEnd);
    } else if (colon - line === CONTENT_TYPE.length && isVariable(lines, line, colon, CONTENT_TYPE, 0)) {
      this.#replace(contentType, 0, NOTHING, lines, value, valueEnd);
    }
    return at + 2;
  }

  /** The variable of a field has been written at `start`, with a value of `size` bytes. */
  #addWritten(start: number, hash: number, nameEnd: number, size: number): void {
    const { bytes } = this, end = nameEnd + 2 + size;
    if (end > bytes.length) throw tooLong();
    putSize(nameEnd - start - 2, bytes, start);
    putSize(size, bytes, nameEnd);
    this.#starts.push(start);
    this.#hashes.push(hash);
    this.#end = end;
  }

  /** Where the variable of the field named lines[start, end) begins; -1 for none. */
  #find(hash: number, lines: Uint8Array, start: number, end: number): number {
    const { bytes } = this, hashes = this.#hashes, starts = this.#starts;
    for (let i = 0; i < hashes.length; i++) {
      if (hashes[i] !== hash || sizeAt(bytes, starts[i]) !== HTTP.length + end - start) continue;
      if (isVariable(lines, start, end, bytes, starts[i] + 2 + HTTP.length)) return starts[i];
    }
    return -1;
  }

  /** Adds from[start, end) to the value of the variable at `variable`. */
  #join(variable: number, from: Uint8Array, start: number, end: number): void {
    const { bytes } = this, nameEnd = variable + 2 + sizeAt(bytes, variable);
    const separator = equals(bytes, variable + 2, nameEnd, HTTP_COOKIE) ? SEMICOLON : COMMA;
    this.#replace(variable, sizeAt(bytes, nameEnd), separator, from, start, end);
  }

  /** Leaves `kept` bytes of the value of the variable at `variable`, and puts `separator` and from[start, end) behind them. */
  #replace(variable: number, kept: number, separator: Uint8Array, from: Uint8Array, start: number, end: number): void {
    const { bytes } = this, nameEnd = variable + 2 + sizeAt(bytes, variable), value = nameEnd + 2;
    const before = sizeAt(bytes, nameEnd), size = kept + separator.length + end - start, growth = size - before;
    if (this.#end + growth > bytes.length) throw tooLong();
    bytes.copyWithin(value + size, value + before, this.#end);
    copy(from, start, end, bytes, put(separator, bytes, value + kept));
    putSize(size, bytes, nameEnd);
    this.#end += growth;
    const starts = this.#starts;
    for (let i = 0; i < starts.length; i++) if (starts[i] > variable) starts[i] += growth;
  }
}

function isDropped(lines: Uint8Array, start: number, end: number): boolean {
  const names = DROPPED[end - start];
  if (names === undefined) return false;
  for (let i = 0; i < names.length; i++) if (isVariable(lines, start, end, names[i], 0)) return true;
  return false;
}

/** Whether the field name lines[start, end) becomes what stands at names[at, …). */
function isVariable(lines: Uint8Array, start: number, end: number, names: Uint8Array, at: number): boolean {
  for (let i = start; i < end; i++, at++) if (LETTERS[lines[i]] !== names[at]) return false;
  return true;
}

function equals(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

function tooLong(): UwsgiError {
  return new UwsgiError(`variables of more than the ${MAX_BLOCK_SIZE} bytes that fit in a packet`, 431);
}
