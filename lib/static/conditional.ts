/**
 * Conditional requests as a decision (RFC 9110 §13): is the whole answer wanted, is the client's copy still good, or does
 * its precondition not hold?
 *
 * @module
 */
import { ifMatch, ifNoneMatch } from "@std/http/etag";
import { parseHttpDate } from "./http_date.ts";

/** A request field's value by lower-case name, several lines joined by a comma; null when absent. */
export type FieldLookup = (name: string) => string | null;

/** What identifies one state of a file. */
export interface Validators {
  /** The entity tag as it is sent, `W/` included; null when there is none. */
  readonly etag: string | null;
  /** Last-Modified in ms since the epoch, whole seconds; null when there is none. */
  readonly lastModified: number | null;
  /** Whether both change with every change of the bytes (RFC 9110 §8.8.1), so that parts may be combined. */
  readonly strong: boolean;
}

/** `full`: answer as if unconditional. `not-modified`: 304. `failed`: 412. */
export type Condition = "full" | "not-modified" | "failed";

/**
 * Evaluates the preconditions of a GET or HEAD for something that exists, in the order of RFC 9110 §13.2.2: If-Match before
 * If-Unmodified-Since, then If-None-Match before If-Modified-Since. Dates that are none are ignored. `now` in ms.
 */
export function evaluate(field: FieldLookup, validators: Validators, now: number): Condition {
  const { etag, lastModified } = validators;
  const match = field("if-match");
  if (match !== null) {
    if (match !== "*" && !ifMatch(match, etag ?? undefined)) return "failed";
  } else if (lastModified !== null) {
    const unmodifiedSince = dateIn(field("if-unmodified-since"), now);
    if (unmodifiedSince !== null && lastModified > unmodifiedSince) return "failed";
  }
  const noneMatch = field("if-none-match");
  if (noneMatch !== null) {
    return noneMatch === "*" || !ifNoneMatch(noneMatch, etag ?? undefined) ? "not-modified" : "full";
  }
  if (lastModified === null) return "full";
  const modifiedSince = dateIn(field("if-modified-since"), now);
  return modifiedSince !== null && lastModified <= modifiedSince ? "not-modified" : "full";
}

/**
 * Whether an If-Range value (RFC 9110 §13.1.5) lets a Range be honoured: absent, or naming exactly the present state by a
 * strong validator. Otherwise the client's part is of another state, and it gets the whole.
 */
export function rangeApplies(ifRange: string | null, validators: Validators, now: number): boolean {
  if (ifRange === null) return true;
  if (!validators.strong) return false;
  if (ifRange.startsWith('"')) return ifRange === validators.etag;
  const date = dateIn(ifRange, now);
  return date !== null && date === validators.lastModified;
}

function dateIn(value: string | null, now: number): number | null {
  return value === null ? null : parseHttpDate(value, now);
}
