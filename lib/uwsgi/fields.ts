/**
 * Fields as variables and back: `HTTP_` and the name in capitals with underscores for dashes (RFC 3875 §4.1.18).
 *
 * @module
 */
import { COLON, CR, isBlank, text } from "../http1/bytes.ts";
import type { Fields } from "../http1/fields.ts";

/** A field line: its name and its value. */
export type FieldLine = readonly [name: string, value: string];

/**
 * Fields that end with the connection they came on (RFC 9110 §7.6.1), and those that a gateway has dealt with: Expect is
 * answered by whoever reads the body; Proxy would become HTTP_PROXY, a setting for some libraries (CVE-2016-5385). Host and
 * what describes the body have variables of their own, and must not be said twice.
 */
export const NOT_CARRIED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "proxy",
  "host",
  "content-type",
  "content-length",
]);

/** What browsers and proxies send, so that few names have to be worked out. */
const COMMON =
  `accept accept-encoding accept-language authorization cache-control cookie dnt forwarded if-modified-since
  if-none-match origin pragma priority range referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest
  sec-fetch-mode sec-fetch-site sec-fetch-user traceparent tracestate upgrade-insecure-requests user-agent via
  x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-request-id x-requested-with`;

/** What {@linkcode fieldOf} says of these and of what is not carried. */
const KNOWN: ReadonlyMap<string, string | null> = new Map<string, string | null>([
  ...COMMON.split(/\s+/).map((name) => [toVariable(name), name] as const),
  ...[...NOT_CARRIED].map((name) => [toVariable(name), null] as const),
]);

/** The lower-case name of the field that `HTTP_…` is; null for one that is not carried. Empty for `HTTP_` alone. */
export function fieldOf(variable: string): string | null {
  const known = KNOWN.get(variable);
  if (known !== undefined) return known;
  const name = variable.slice(5).toLowerCase().replaceAll("_", "-");
  return NOT_CARRIED.has(name) ? null : name;
}

/**
 * The variable of a field; null for one that is not carried. One with an underscore is not: it would become the variable of
 * the field with a dash, which is how a client would speak in a proxy's name.
 */
export function variableOf(field: string): string | null {
  return field.includes("_") || NOT_CARRIED.has(field.toLowerCase()) ? null : toVariable(field);
}

function toVariable(field: string): string {
  return `HTTP_${field.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * The lines of a scanned field section without those of `dropped`, a mask of `FIELD`s. With `HOP_BY_HOP` that leaves out
 * what the client's Connection names; what a caller adds behind it, the client cannot name away.
 */
export function fieldLines(fields: Fields, bytes: Uint8Array, dropped: number): FieldLine[] {
  const lines: FieldLine[] = [];
  let known = 0;
  for (let at = fields.start; at < fields.end;) {
    const colon = bytes.indexOf(COLON, at), lineEnd = bytes.indexOf(CR, colon);
    let id = 0, start = colon + 1, end = lineEnd;
    // Remembered lines are in order, and have their values trimmed.
    if (known < fields.count && fields.valueStart(known) <= lineEnd) {
      id = fields.id(known);
      start = fields.valueStart(known);
      end = fields.valueEnd(known++);
    } else {
      while (start < end && isBlank(bytes[start])) start++;
      while (end > start && isBlank(bytes[end - 1])) end--;
    }
    if ((dropped & (1 << id)) === 0 || id === 0) lines.push([text(bytes, at, colon), text(bytes, start, end)]);
    at = lineEnd + 2;
  }
  return lines;
}
