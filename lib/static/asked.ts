/**
 * What a request's fields ask of a file beyond its bytes, found in one walk over the head's bytes.
 *
 * @module
 */
import { COLON, equalsIgnoringCase, latin1, LF, SPACE, TAB, text } from "../http1/bytes.ts";
import { type Coding, preferredCodings } from "../http1/content_coding.ts";

const ACCEPT_ENCODING = latin1("accept-encoding"), RANGE = latin1("range");
const NO_CODINGS: readonly Coding[] = [];

/** Accept-Encoding's values are few: those of the browsers of a day. */
const known = new Map<string, readonly Coding[]>();
const KNOWN_LIMIT = 64;

/** The result of {@linkcode ask}; one for all requests, good until the next. */
export interface Asked {
  /** Whether there is a precondition or a range: then the answer may be another one than all bytes. */
  special: boolean;
  /** The codings that are preferred to the bytes as they are. */
  codings: readonly Coding[];
}

const asked: Asked = { special: false, codings: NO_CODINGS };

/** Walks over the field lines in bytes[start, end), which have been validated. */
export function ask(bytes: Uint8Array, start: number, end: number): Asked {
  asked.special = false;
  asked.codings = NO_CODINGS;
  let value: string | null = null;
  for (let i = start; i < end;) {
    const first = bytes[i] | 32;
    if (first === 105) { // If-…
      if ((bytes[i + 1] | 32) === 102 && bytes[i + 2] === 45) asked.special = true;
    } else if (first === 114) {
      if (bytes[i + 5] === COLON && equalsIgnoringCase(bytes, i, i + 5, RANGE)) asked.special = true;
    } else if (first === 97 && bytes[i + 15] === COLON && equalsIgnoringCase(bytes, i, i + 15, ACCEPT_ENCODING)) {
      const line = valueAt(bytes, i + 16);
      value = value === null ? line : `${value}, ${line}`;
    }
    while (bytes[i] !== LF) i++;
    i++;
  }
  if (value !== null) asked.codings = codingsOf(value);
  return asked;
}

/** {@linkcode preferredCodings}, remembered. */
export function codingsOf(acceptEncoding: string): readonly Coding[] {
  let codings = known.get(acceptEncoding);
  if (codings === undefined) {
    codings = preferredCodings(acceptEncoding);
    if (known.size < KNOWN_LIMIT) known.set(acceptEncoding, codings);
  }
  return codings;
}

function valueAt(bytes: Uint8Array, start: number): string {
  while (bytes[start] === SPACE || bytes[start] === TAB) start++;
  let end = start;
  while (bytes[end] !== LF) end++;
  end--; // CR
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
  return text(bytes, start, end);
}
