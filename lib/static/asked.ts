/**
 * What a request's fields ask of a file beyond its bytes, found in one walk over the head's bytes.
 *
 * @module
 */
import { COLON, CR, equalsIgnoringCase, latin1, LF, SPACE, TAB, text } from "../http1/bytes.ts";
import { type Coding, preferredCodings } from "../http1/content_coding.ts";

const ACCEPT_ENCODING = latin1("accept-encoding"), RANGE = latin1("range");
const IF_NONE_MATCH = latin1("if-none-match"), IF_MODIFIED_SINCE = latin1("if-modified-since");
const QUOTE = 34, COMMA = 44;
const NO_CODINGS: readonly Coding[] = [];

/** Accept-Encoding's values are few: those of the browsers of a day. */
const known = new Map<string, readonly Coding[]>();
const KNOWN_LIMIT = 64;

/** The result of {@linkcode ask}; one for all requests, good until the next. */
export interface Asked {
  /** Whether there is a range, or a precondition other than one tag: then it takes longer to tell what is to be sent. */
  special: boolean;
  /**
   * The opaque part of the one entity tag in If-None-Match, quotes included, as an index into `bytes` and the one behind it; both 0
   * when there is none. What browsers ask with: then If-Modified-Since says nothing (RFC 9110 §13.1.3).
   */
  tagStart: number;
  tagEnd: number;
  /** The head. */
  bytes: Uint8Array;
  /** The codings that are preferred to the bytes as they are. */
  codings: readonly Coding[];
}

const asked: Asked = { special: false, tagStart: 0, tagEnd: 0, bytes: new Uint8Array(0), codings: NO_CODINGS };

/** Walks over the field lines in bytes[start, end), which have been validated. */
export function ask(bytes: Uint8Array, start: number, end: number): Asked {
  asked.special = false;
  asked.tagStart = asked.tagEnd = 0;
  asked.bytes = bytes;
  asked.codings = NO_CODINGS;
  let value: string | null = null, since = false;
  for (let i = start; i < end;) {
    const first = bytes[i] | 32;
    if (first === 105) { // If-…
      if ((bytes[i + 1] | 32) === 102 && bytes[i + 2] === 45) {
        if (isNamed(bytes, i, IF_MODIFIED_SINCE)) since = true;
        else if (!isNamed(bytes, i, IF_NONE_MATCH) || !noteTag(bytes, i + 14)) asked.special = true;
      }
    } else if (first === 114) {
      if (isNamed(bytes, i, RANGE)) asked.special = true;
    } else if (first === 97 && isNamed(bytes, i, ACCEPT_ENCODING)) {
      const line = valueAt(bytes, i + 16);
      value = value === null ? line : `${value}, ${line}`;
    }
    while (bytes[i] !== LF) i++;
    i++;
  }
  if (since && asked.tagEnd === 0) asked.special = true;
  if (value !== null) asked.codings = codingsOf(value);
  return asked;
}

function isNamed(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  const end = at + name.length;
  return bytes[end] === COLON && equalsIgnoringCase(bytes, at, end, name);
}

/** Notes the entity tag that a value from `at` on is; false when it is anything else, or not the first. */
function noteTag(bytes: Uint8Array, at: number): boolean {
  if (asked.tagEnd !== 0) return false;
  while (bytes[at] === SPACE || bytes[at] === TAB) at++;
  if (bytes[at] === 87 && bytes[at + 1] === 47) at += 2; // W/: tags are compared weakly here (RFC 9110 §13.1.2)
  if (bytes[at] !== QUOTE) return false;
  let end = at + 1;
  while (bytes[end] !== QUOTE) {
    if (bytes[end] === LF || bytes[end] === COMMA) return false;
    end++;
  }
  asked.tagStart = at;
  asked.tagEnd = ++end;
  while (bytes[end] === SPACE || bytes[end] === TAB) end++;
  return bytes[end] === CR;
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
