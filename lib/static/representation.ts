/**
 * What is sent of a file, decided from what is known about it and the request's fields: no file is touched here, so the same
 * decision serves bytes from a disk and from a memory cache.
 *
 * @module
 */
import type { Field } from "../http1/answer.ts";
import { evaluate, type FieldLookup, rangeApplies, type Validators } from "./conditional.ts";
import { formatHttpDate } from "./http_date.ts";
import { mediaType } from "./media_type.ts";
import { selectRange } from "./range.ts";

/** One state of a file, as HTTP sees it. */
export interface Representation extends Validators {
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
}

/** What to answer: bytes `start` to `start + length`, a 304 without content, or an error with a field to add. */
export type Plan =
  | {
    readonly kind: "content";
    readonly status: 200 | 206;
    readonly fields: readonly Field[];
    readonly start: number;
    readonly length: number;
  }
  | { readonly kind: "not-modified"; readonly fields: readonly Field[] }
  | { readonly kind: "error"; readonly status: 412 | 416; readonly extra: readonly Field[] };

/** A file younger than this may change again within its timestamp's resolution, ms. */
const SETTLED_AFTER = 2_000;
/** Up to here, ms since the epoch, a modification time says nothing: reproducible builds set every file to 0 or 1 s. */
const MEANINGLESS_UNTIL = 1_000;

/**
 * The representation of a file by its name, size (bytes) and modification time (ms since the epoch; null when unknown) at
 * `now` (ms).
 *
 * The entity tag is the modification time in ms and the size, in hex: as nginx's, but finer. It is strong, so that downloads
 * can be resumed, except for the file's first two seconds, in which a second write of the same length could go unnoticed
 * (as Apache does; the weak and the strong form match each other in If-None-Match). A time at the epoch gives no validators
 * at all (as Caddy does): every file of such a tree has it, in every release. Last-Modified is never in the future
 * (RFC 9110 §8.8.2.1).
 */
export function describe(name: string, size: number, mtime: number | null, now: number): Representation {
  const contentType = mediaType(name);
  if (mtime === null || mtime <= MEANINGLESS_UNTIL) {
    return { contentType, size, etag: null, lastModified: null, strong: false };
  }
  const strong = now - mtime >= SETTLED_AFTER;
  const tag = `"${mtime.toString(16)}-${size.toString(16)}"`;
  const lastModified = Math.floor(Math.min(mtime, now) / 1_000) * 1_000;
  return { contentType, size, etag: strong ? tag : `W/${tag}`, lastModified, strong };
}

/** What a GET or HEAD gets of `representation` at `now` (ms). Ranges are defined for GET alone (RFC 9110 §14.2). */
export function plan(representation: Representation, method: string, field: FieldLookup, now: number): Plan {
  const { contentType, size, etag, lastModified } = representation;
  const condition = evaluate(field, representation, now);
  if (condition === "failed") return { kind: "error", status: 412, extra: [] };
  if (condition === "not-modified") return { kind: "not-modified", fields: etag === null ? [] : [["ETag", etag]] };

  const range = method === "GET" ? field("range") : null;
  const selection = selectRange(
    range !== null && rangeApplies(field("if-range"), representation, now) ? range : null,
    size,
  );
  if (selection.kind === "unsatisfiable") {
    return { kind: "error", status: 416, extra: [["Content-Range", `bytes */${size}`]] };
  }
  const fields: Field[] = [["Content-Type", contentType]];
  if (lastModified !== null) fields.push(["Last-Modified", formatHttpDate(lastModified)]);
  if (etag !== null) fields.push(["ETag", etag]);
  fields.push(["Accept-Ranges", "bytes"]);
  if (selection.kind === "full") return { kind: "content", status: 200, fields, start: 0, length: size };
  const { start, length } = selection;
  fields.push(["Content-Range", `bytes ${start}-${start + length - 1}/${size}`]);
  return { kind: "content", status: 206, fields, start, length };
}
