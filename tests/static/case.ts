/**
 * What a line of the table of requests for files is made of.
 *
 * @module
 */
import { MODIFIED } from "./site.ts";

/** What must be in an answer. */
export interface Expected {
  readonly status: number;
  /** Values by lower-case name; null: the field is absent. */
  readonly fields?: Readonly<Record<string, string | RegExp | null>>;
  /** The body, after its coding was undone; nothing is said of it when it is missing here. */
  readonly body?: string | RegExp;
}

/** A request. In `lines`, `{etag}` and `{modified}` stand for what the server says of the path's file. */
export interface Case extends Expected {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly lines: readonly string[];
}

/** Every file's entity tag and time, by size. */
export const etag = (size: number, more = "") => `"${MODIFIED.toString(16)}-${size.toString(16)}${more}"`;
export const LAST_MODIFIED = new Date(MODIFIED).toUTCString();
export const BEFORE = new Date(MODIFIED - 1_000).toUTCString(), AFTER = new Date(MODIFIED + 1_000).toUTCString();
export const A = "0123456789";
export const TEXT = "text/plain; charset=utf-8";

export type Fields = Expected["fields"];

export function of(method: string, target: string, lines: readonly string[], expected: Expected, more = ""): Case {
  const name = [method, target.slice(0, 60), ...lines.map((line) => line.slice(0, 90)), more].join(" ").trim();
  return { name, method, target, lines, ...expected };
}
export const get = (target: string, status: number, body?: Expected["body"], fields?: Fields) =>
  of("GET", target, [], { status, ...(body === undefined ? {} : { body }), ...(fields && { fields }) });
export const ask = (
  target: string,
  lines: readonly string[],
  status: number,
  body?: Expected["body"],
  fields?: Fields,
) => of("GET", target, lines, { status, ...(body === undefined ? {} : { body }), ...(fields && { fields }) });
