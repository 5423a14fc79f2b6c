/**
 * What is sent of a file, decided from what is known about it and the request's fields: no file is touched here, so the same
 * decision serves bytes from a disk and from a memory cache.
 *
 * @module
 */
import type { Field } from "../http1/answer.ts";
import type { Coding } from "../http1/content_coding.ts";
import { evaluate, type FieldLookup, rangeApplies, type Validators } from "./conditional.ts";
import type { Freshness } from "./freshness.ts";
import { formatHttpDate } from "./http_date.ts";
import { type Part, selectRanges } from "./range.ts";

/** One state of a file in one coding, as HTTP sees it. */
export interface Representation extends Validators, Freshness {
  readonly contentType: string;
  /** null: as it is. */
  readonly coding: Coding | null;
  /** Whether Accept-Encoding had a say in which one is sent, or could have had. */
  readonly varies: boolean;
  /** Bytes. */
  readonly size: number;
}

/** What {@linkcode describe} is told of a file. */
export interface Described extends Freshness {
  readonly contentType: string;
  readonly size: number;
  /** Modification time, ms since the epoch; null when unknown. */
  readonly mtime: number | null;
  readonly coding?: Coding | null;
  readonly varies?: boolean;
}

/** What to answer: all, or parts, of the bytes; a 304 without content; or an error with a field to add. */
export type Plan =
  | { readonly kind: "full"; readonly fields: readonly Field[] }
  | { readonly kind: "parts"; readonly fields: readonly Field[]; readonly parts: readonly Part[] }
  | { readonly kind: "not-modified"; readonly fields: readonly Field[] }
  | { readonly kind: "error"; readonly status: 412 | 416; readonly extra: readonly Field[] };

/** A file younger than this may change again within its timestamp's resolution, ms. */
export const SETTLED_AFTER = 2_000;
/** Up to here, ms since the epoch, a modification time says nothing: reproducible builds set every file to 0 or 1 s. */
const MEANINGLESS_UNTIL = 1_000;

/**
 * The representation of a file at `now` (ms).
 *
 * The entity tag is the modification time in ms and the size, in hex, and the coding: as nginx's, but finer. It is strong, so
 * that downloads can be resumed, except for the file's first two seconds, in which a second write of the same length could go
 * unnoticed (as Apache does; the weak and the strong form match each other in If-None-Match). A time at the epoch gives no
 * validators at all (as Caddy does): every file of such a tree has it, in every release. Last-Modified is never in the future
 * (RFC 9110 §8.8.2.1).
 */
export function describe(file: Described, now: number): Representation {
  const { size, mtime, coding = null, varies = false } = file;
  const { contentType, cacheControl, expiresAfter } = file;
  const same = { contentType, coding, varies, size, cacheControl, expiresAfter };
  if (mtime === null || mtime <= MEANINGLESS_UNTIL) return { ...same, etag: null, lastModified: null, strong: false };
  const strong = now - mtime >= SETTLED_AFTER;
  const tag = `"${mtime.toString(16)}-${size.toString(16)}${coding === null ? "" : `-${coding}`}"`;
  const lastModified = Math.floor(Math.min(mtime, now) / 1_000) * 1_000;
  return { ...same, etag: strong ? tag : `W/${tag}`, lastModified, strong };
}

/**
 * What compression makes of a file's bytes: of `size` bytes. Its entity tag is weak, as nginx's, because another version of the
 * compressor may give other bytes; so it has no ranges.
 */
export function compressed(file: Representation, coding: Coding, size: number): Representation {
  const tag = file.etag?.replace(/^W\//, "").replace(/"$/, `-${coding}"`);
  return { ...file, coding, size, strong: false, etag: tag === undefined ? null : `W/${tag}` };
}

/** What a GET or HEAD gets of `representation` at `now` (ms). Ranges are defined for GET alone (RFC 9110 §14.2). */
export function plan(representation: Representation, method: string, field: FieldLookup, now: number): Plan {
  const { size } = representation;
  const condition = evaluate(field, representation, now);
  if (condition === "failed") return { kind: "error", status: 412, extra: [] };
  if (condition === "not-modified") return { kind: "not-modified", fields: keepFields(representation, now) };

  const range = method === "GET" ? field("range") : null;
  const applies = range !== null && rangeApplies(field("if-range"), representation, now);
  const selection = selectRanges(applies ? range : null, size);
  switch (selection.kind) {
    case "unsatisfiable":
      return { kind: "error", status: 416, extra: [["Content-Range", `bytes */${size}`]] };
    case "parts":
      return { kind: "parts", fields: contentFields(representation, now), parts: selection.parts };
    case "full":
      return { kind: "full", fields: contentFields(representation, now) };
  }
}

/** The fields of a 200. */
export function contentFields(representation: Representation, now: number): Field[] {
  const { contentType, coding, lastModified } = representation;
  const fields: Field[] = [["Content-Type", contentType]];
  if (coding !== null) fields.push(["Content-Encoding", coding]);
  if (lastModified !== null) fields.push(["Last-Modified", formatHttpDate(lastModified)]);
  fields.push(...keepFields(representation, now), ["Accept-Ranges", "bytes"]);
  return fields;
}

/** The fields that a 304 has of the 200's (RFC 9110 §15.4.5). */
export function keepFields({ etag, varies, cacheControl, expiresAfter }: Representation, now: number): Field[] {
  const fields: Field[] = [];
  if (etag !== null) fields.push(["ETag", etag]);
  if (cacheControl !== null) fields.push(["Cache-Control", cacheControl]);
  if (expiresAfter !== null) fields.push(["Expires", formatHttpDate(now + expiresAfter * 1_000)]);
  if (varies) fields.push(["Vary", "Accept-Encoding"]);
  return fields;
}
