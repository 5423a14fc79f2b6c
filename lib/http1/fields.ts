/**
 * The field section of a head, requests' and responses' alike (RFC 9112 §5): validated byte by byte, never turned into
 * strings. Only lines that matter to a proxy are remembered; all others are copied as they came, in runs.
 *
 * @module
 */
import { COLON, copy, CR, equalsIgnoringCase, latin1, LF, SPACE, TAB, text, TOKEN } from "./bytes.ts";
import { bad, Reject } from "./reject.ts";
import { skipValue, wordsOf } from "./value_scan.ts";

/** The fields that matter. A set of them is a bit mask of `1 << id`. */
export const FIELD = Object.freeze({
  HOST: 1,
  CONNECTION: 2,
  KEEP_ALIVE: 3,
  CONTENT_LENGTH: 4,
  TRANSFER_ENCODING: 5,
  TE: 6,
  TRAILER: 7,
  UPGRADE: 8,
  EXPECT: 9,
  PROXY: 10,
  PROXY_CONNECTION: 11,
  FORWARDED: 12,
  X_FORWARDED_FOR: 13,
  X_FORWARDED_PROTO: 14,
  X_FORWARDED_HOST: 15,
  X_FORWARDED_OTHER: 16,
  X_REAL_IP: 17,
  X_REQUEST_ID: 18,
  REFERER: 19,
  USER_AGENT: 20,
  DATE: 21,
  SERVER: 22,
  /** A name with an underscore: another gateway might take it for the one with a dash. */
  UNDERSCORE: 23,
  /** Named by Connection, so for this hop only. */
  NAMED: 24,
});

/** The fields of a list of ids as a mask. */
export function mask(...ids: number[]): number {
  return ids.reduce((bits, id) => bits | (1 << id), 0);
}

/** RFC 9110 §7.6.1: fields that are for one hop. Content-Length is not among them, Transfer-Encoding is written anew. */
export const HOP_BY_HOP = mask(
  FIELD.CONNECTION,
  FIELD.KEEP_ALIVE,
  FIELD.TRANSFER_ENCODING,
  FIELD.TE,
  FIELD.TRAILER,
  FIELD.UPGRADE,
  FIELD.PROXY_CONNECTION,
  FIELD.NAMED,
);

/** Connection may not name these away: they frame or route the message. */
const NEVER_NAMED = mask(FIELD.HOST, FIELD.CONTENT_LENGTH, FIELD.TRANSFER_ENCODING, FIELD.CONNECTION);

const X_FORWARDED = latin1("x-forwarded-");
const UNDERSCORE = 95, DASH = 45;

/** A field that matters, and the next one whose name has the same length and first letter. */
interface Candidate {
  readonly id: number;
  readonly name: Uint8Array;
  readonly next: Candidate | null;
}

/** Candidates by length and first letter: most names have none, and are known not to matter without a comparison. */
const CANDIDATES: (Candidate | null)[] = Array(64 * 32).fill(null);
for (const [key, id] of Object.entries(FIELD)) {
  if (id === FIELD.UNDERSCORE || id === FIELD.NAMED || id === FIELD.X_FORWARDED_OTHER) continue;
  const name = latin1(key.toLowerCase().replaceAll("_", "-"));
  const slot = slotOf(name.length, name[0]);
  CANDIDATES[slot] = { id, name, next: CANDIDATES[slot] };
}

function slotOf(length: number, first: number): number {
  return (length & 63) * 32 + (first & 31);
}

function idOf(bytes: Uint8Array, start: number, end: number): number {
  for (let candidate = CANDIDATES[slotOf(end - start, bytes[start])]; candidate !== null; candidate = candidate.next) {
    if (equalsIgnoringCase(bytes, start, end, candidate.name)) return candidate.id;
  }
  if (end - start > 12 && bytes[start + 1] === 45 && equalsIgnoringCase(bytes, start, start + 12, X_FORWARDED)) {
    return FIELD.X_FORWARDED_OTHER;
  }
  return 0;
}

/** Whether a name is that of a field that matters, with underscores for dashes. */
function isSpecial(name: Uint8Array): boolean {
  const dashed = name.map((byte) => byte === UNDERSCORE ? DASH : byte);
  return idOf(dashed, 0, dashed.length) !== 0;
}

/** Numbers a remembered line takes in {@linkcode Fields.marks}. */
const STRIDE = 5;

/** What is remembered of a field section. Reused: nothing in it survives the next scan. */
export class Fields {
  /** Fields a section may have. */
  readonly max: number;
  /** Lines remembered. */
  count = 0;
  /** Which fields are there, as a mask. */
  present = 0;
  /** Offset of the first field line. */
  start = 0;
  /** Offset of the empty line that ends the section; the body begins two bytes later. */
  end = 0;
  #total = 0;
  /** id, line start, value start, value end, line end; ordered by position. */
  readonly #marks: Int32Array;

  constructor(max: number) {
    this.max = max;
    this.#marks = new Int32Array(max * STRIDE);
  }

  id(index: number): number {
    return this.#marks[index * STRIDE];
  }

  /** The name of the first line of field `id`, as sent; empty when there is none. */
  name(bytes: Uint8Array, id: number): string {
    const index = this.find(id);
    if (index === -1) return "";
    const start = this.#marks[index * STRIDE + 1];
    return text(bytes, start, bytes.indexOf(COLON, start));
  }

  valueStart(index: number): number {
    return this.#marks[index * STRIDE + 2];
  }

  valueEnd(index: number): number {
    return this.#marks[index * STRIDE + 3];
  }

  /**
   * Scans the section that begins at `start` in bytes[0, n), where bytes[n] is 0. True when it is complete.
   * Throws {@linkcode Reject} as soon as it cannot become valid.
   */
  scan(bytes: Uint8Array, start: number, n: number): boolean {
    this.count = this.present = this.#total = 0;
    this.start = start;
    const token = TOKEN, words = wordsOf(bytes);
    let i = start;
    for (;;) {
      if (bytes[i] === CR) {
        if (i + 1 >= n) return false;
        if (bytes[i + 1] !== LF) throw bad("a CR without LF in the head");
        this.end = i;
        return true;
      }
      const line = i;
      let kinds = 0, kind = 0;
      while ((kind = token[bytes[i]]) !== 0) {
        kinds |= kind;
        i++;
      }
      if (i >= n) return false;
      if (bytes[i] !== COLON || i === line) throw badName(bytes[i], i === line);
      const nameEnd = i++;
      const value = i;
      i = skipValue(bytes, words, i);
      if (i >= n) return false;
      if (bytes[i] !== CR) {
        throw bad(bytes[i] === LF ? "a bare LF in the head" : "a control character in a field's value");
      }
      if (i + 1 >= n) return false;
      if (bytes[i + 1] !== LF) throw bad("a CR without LF in the head");
      if (++this.#total > this.max) throw new Reject(431, `more than ${this.max} fields`);
      const id = (kinds & 2) !== 0 ? FIELD.UNDERSCORE : idOf(bytes, line, nameEnd);
      i += 2;
      if (id !== 0) this.#remember(bytes, id, line, value, i);
    }
  }

  #remember(bytes: Uint8Array, id: number, line: number, value: number, lineEnd: number): void {
    let start = value, end = lineEnd - 2;
    while (start < end && (bytes[start] === SPACE || bytes[start] === TAB)) start++;
    while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
    const at = this.count++ * STRIDE, marks = this.#marks;
    marks[at] = id;
    marks[at + 1] = line;
    marks[at + 2] = start;
    marks[at + 3] = end;
    marks[at + 4] = lineEnd;
    this.present |= 1 << id;
  }

  /** Whether a field of the mask is there. */
  has(fields: number): boolean {
    return (this.present & fields) !== 0;
  }

  /** Index of the first remembered line of field `id`; -1 when there is none. */
  find(id: number): number {
    if ((this.present & (1 << id)) === 0) return -1;
    for (let i = 0; i < this.count; i++) if (this.id(i) === id) return i;
    return -1;
  }

  /** The value of field `id` as a string, several lines joined by a comma (RFC 9110 §5.3); null when absent. */
  value(bytes: Uint8Array, id: number): string | null {
    if ((this.present & (1 << id)) === 0) return null;
    let joined: string | null = null;
    for (let i = 0; i < this.count; i++) {
      if (this.id(i) !== id) continue;
      const part = text(bytes, this.valueStart(i), this.valueEnd(i));
      joined = joined === null ? part : `${joined}, ${part}`;
    }
    return joined;
  }

  /** The value of any field by its lower-case name, joined as {@linkcode value}; walks the section, so not for every request. */
  lookUp(bytes: Uint8Array, name: string): string | null {
    const wanted = latin1(name);
    let joined: string | null = null;
    for (let i = this.start; i < this.end;) {
      const colon = bytes.indexOf(COLON, i), lineEnd = bytes.indexOf(CR, colon);
      if (equalsIgnoringCase(bytes, i, colon, wanted)) {
        const part = text(bytes, colon + 1, lineEnd).replace(/^[ \t]+|[ \t]+$/g, "");
        joined = joined === null ? part : `${joined}, ${part}`;
      }
      i = lineEnd + 2;
    }
    return joined;
  }

  /**
   * Marks every line that Connection names (RFC 9110 §7.6.1), except those that frame or route the message: a client must
   * not be able to name them away. `tokens` is Connection's value, lower case.
   */
  markNamed(bytes: Uint8Array, tokens: readonly string[]): void {
    const lines: [id: number, line: number, valueStart: number, valueEnd: number, lineEnd: number][] = [];
    let known = 0;
    for (let i = this.start; i < this.end;) {
      const colon = bytes.indexOf(COLON, i), lineEnd = bytes.indexOf(CR, colon) + 2;
      let id = 0, valueStart = colon + 1, valueEnd = lineEnd - 2;
      if (known < this.count && this.#marks[known * STRIDE + 1] === i) {
        id = this.id(known);
        valueStart = this.valueStart(known);
        valueEnd = this.valueEnd(known++);
      }
      if ((NEVER_NAMED & (1 << id)) === 0 && tokens.includes(text(bytes, i, colon).toLowerCase())) id = FIELD.NAMED;
      if (id !== 0) lines.push([id, i, valueStart, valueEnd, lineEnd]);
      i = lineEnd;
    }
    this.count = lines.length;
    this.present = 0;
    for (const [index, line] of lines.entries()) {
      this.#marks.set(line, index * STRIDE);
      this.present |= 1 << line[0];
    }
  }

  /** Takes names with an underscore for ordinary ones, but those that matter when read with a dash. Returns whether there are such. */
  releaseUnderscores(bytes: Uint8Array): boolean {
    const marks = this.#marks, kept: number[] = [];
    this.present = 0;
    for (let i = 0; i < this.count; i++) {
      const id = this.id(i), line = marks[i * STRIDE + 1];
      if (id === FIELD.UNDERSCORE && !isSpecial(bytes.slice(line, bytes.indexOf(COLON, line)))) continue;
      kept.push(...marks.subarray(i * STRIDE, (i + 1) * STRIDE));
      this.present |= 1 << id;
    }
    marks.set(kept);
    this.count = kept.length / STRIDE;
    return this.has(1 << FIELD.UNDERSCORE);
  }

  /** Copies the section without the fields of `dropped` and without its empty line to `out`; returns the position behind. */
  copy(bytes: Uint8Array, dropped: number, out: Uint8Array, at: number): number {
    if ((this.present & dropped) === 0) return copy(bytes, this.start, this.end, out, at);
    const marks = this.#marks;
    let run = this.start;
    for (let i = 0; i < this.count; i++) {
      if ((dropped & (1 << this.id(i))) === 0) continue;
      const line = marks[i * STRIDE + 1];
      if (line > run) at = copy(bytes, run, line, out, at);
      run = marks[i * STRIDE + 4];
    }
    return this.end > run ? copy(bytes, run, this.end, out, at) : at;
  }
}

function badName(byte: number, empty: boolean): Reject {
  if (byte === SPACE || byte === TAB) {
    return bad(empty ? "a folded line (obs-fold)" : "white space before a field's colon");
  }
  if (byte === LF) return bad("a bare LF in the head");
  return bad(empty ? "a field without a name" : "a field's name with a character that is not allowed");
}

/** The comma-separated members of a list field's value, lower case, empty ones left out (RFC 9110 §5.6.1). */
export function listMembers(value: string): string[] {
  return value.split(",").map((member) => member.trim().toLowerCase()).filter((member) => member !== "");
}

/**
 * A Content-Length's value: digits only, no sign, no list, at most 2^53-1; -1 for anything else (RFC 9112 §6.3).
 */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 16) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}
