/**
 * The one body of every error that stackd itself answers with: plain text, or JSON for clients that ask for it. Never a
 * path, a stack or a reason that only the operator should read.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import type { Answer, Field } from "./answer.ts";

/** What an error answer may say beyond its status. */
export interface ErrorAnswerOptions {
  /** The request's Accept value. @default {null} */
  readonly accept?: string | null;
  /** Named in the body, so that a report can be matched with the log. @default {null} */
  readonly requestId?: string | null;
  /** Further fields, such as `Allow` or `Retry-After`. @default {[]} */
  readonly extra?: readonly Field[];
}

/**
 * The answer to a request that failed with `status`. It may not be stored by caches: what is missing now may exist in a
 * moment, and a request id belongs to one request.
 *
 * @example
 * ```ts ignore
 * errorAnswer(405, { accept: "application/json", extra: [["Allow", "GET, HEAD"]] });
 * ```
 */
export function errorAnswer(status: number, options: ErrorAnswerOptions = {}): Answer & { readonly body: string } {
  const { accept = null, requestId = null, extra = [] } = options;
  const reason = STATUS_TEXT[status] ?? "Error";
  const json = prefersJson(accept);
  const body = json
    ? JSON.stringify({ status, error: reason, ...(requestId === null ? {} : { requestId }) })
    : `${status} ${reason}\n${requestId === null ? "" : `request id: ${requestId}\n`}`;
  return {
    status,
    fields: [
      ["Content-Type", json ? "application/json" : "text/plain; charset=utf-8"],
      ["Cache-Control", "no-store"],
      ...extra,
    ],
    body,
  };
}

/** A media range of an Accept value that matches a type: how much it is wanted, how exactly it names it, where it stands. */
interface Match {
  readonly quality: number;
  /** 3 for a type with subtype, 2 for a type alone, 1 for the wildcard. */
  readonly exactness: number;
  readonly position: number;
}

const NO_MATCH: Match = { quality: 0, exactness: 0, position: 0 };

/**
 * Whether an Accept value (RFC 9110 §12.5.1) asks for `application/json` rather than text. A higher q-value decides, then
 * the more exact range, then the earlier one; any `text/…` counts as text, since people send that. Text is the default:
 * for no Accept, for a bare wildcard, and where neither is acceptable.
 */
export function prefersJson(accept: string | null): boolean {
  if (accept === null) return false;
  let json = NO_MATCH, text = NO_MATCH;
  for (const [position, member] of accept.toLowerCase().split(",").entries()) {
    const [range, ...parameters] = member.split(";").map((part) => part.trim());
    const quality = qualityOf(parameters);
    if (range === "*/*") {
      const match = { quality, exactness: 1, position };
      if (json.exactness < 1) json = match;
      if (text.exactness < 1) text = match;
    } else if (range === "application/json" || range === "application/*") {
      const exactness = range === "application/json" ? 3 : 2;
      if (exactness > json.exactness) json = { quality, exactness, position };
    } else if (range.startsWith("text/")) {
      const exactness = range === "text/*" ? 2 : 3;
      if (text.exactness < 2 || quality > text.quality) text = { quality, exactness, position };
    }
  }
  if (json.quality !== text.quality) return json.quality > text.quality;
  if (json.quality === 0) return false;
  if (json.exactness !== text.exactness) return json.exactness > text.exactness;
  return json.position < text.position;
}

/** The q of a media range's parameters, 0 to 1; 1 when it has none or an unreadable one. */
function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 1;
}
