/**
 * What a route changes in the heads that pass through it, beyond what every proxy must: a prefix taken off and put back, fields
 * edited, a body compressed, a cookie that keeps a client at its server.
 *
 * @module
 */
import type { RouteOptions } from "../config/route_options.ts";
import { latin1, putText } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { acceptsGzip, isCompressible } from "./compressible.ts";
import { dropLines, HeadEdits } from "./edits.ts";
import type { Client } from "./forwarded.ts";
import { restorePrefix } from "./prefix.ts";
import { hostOf } from "./template.ts";

/** The changes of one route; none at all is null, so that most requests pay for nothing. */
export interface Shaping {
  readonly request: HeadEdits | null;
  readonly response: HeadEdits | null;
  /** The prefix that the upstream is not told. */
  readonly stripped: string | null;
  /** Whether it is put back into what the response says about places. */
  readonly restored: boolean;
  readonly gzip: boolean;
  /** The most bytes that a head grows by. */
  readonly room: number;
}

/** The changes that `route` makes; null when it makes none. `longest`: of a head's parts, bytes. */
export function compileShaping(route: RouteOptions, longest: number): Shaping | null {
  const request = HeadEdits.compile(route.requestFields), response = HeadEdits.compile(route.responseFields);
  const stripped = route.stripPrefix && route.prefix !== "/" ? route.prefix : null;
  if (request === null && response === null && stripped === null && !route.gzip) return null;
  const edits = Math.max(request?.room(longest) ?? 0, response?.room(longest) ?? 0);
  // A prefix may be put into every line that names a path.
  const room = edits + (stripped ?? "").length * 200 + 256;
  return { request, response, stripped, restored: route.restorePrefix, gzip: route.gzip, room };
}

/** What is changed in one response's head. */
export interface ResponseChanges {
  readonly shaping: Shaping | null;
  readonly client: Client | null;
  /** Whether its body is compressed here. */
  readonly compressed: boolean;
  /** Whether it depends on Accept-Encoding. */
  readonly varies: boolean;
  /** A Set-Cookie value to add. */
  readonly cookie: string | null;
}

/** What is to be changed in the response that `upstream` has begun; null for nothing. */
export function responseChanges(
  exchange: Exchange,
  upstream: UpstreamConnection,
  shaping: Shaping | null,
  client: Client | null,
  cookie: string | null,
): ResponseChanges | null {
  if (shaping === null && cookie === null) return null;
  const varies = shaping !== null && shaping.gzip && mayCompress(upstream);
  const compressed = varies && !exchange.isHead && acceptsGzip(exchange.field("accept-encoding"));
  return { shaping, client, compressed, varies, cookie };
}

function mayCompress({ head, bytes }: UpstreamConnection): boolean {
  const field = (name: string) => head.fields.lookUp(bytes, name);
  return isCompressible({
    status: head.status,
    contentType: field("content-type"),
    contentEncoding: field("content-encoding"),
    cacheControl: field("cache-control"),
    contentLength: head.contentLength,
  });
}

const ETAG = latin1("etag");
/** What is said of the uncompressed body only; of digests, those of RFC 9530 and their predecessors. */
const OF_THE_PLAIN_BODY = [
  ETAG,
  ...["accept-ranges", "content-md5", "digest", "content-digest", "repr-digest"].map(latin1),
];

/** Makes the changes in the field lines in out[start, end); returns where the lines end then. */
export function changeResponse(
  changes: ResponseChanges,
  exchange: Exchange,
  { head, bytes, authority }: UpstreamConnection,
  out: Uint8Array,
  start: number,
  end: number,
): number {
  const { shaping, client, cookie } = changes;
  let at = end;
  if (shaping !== null && shaping.stripped !== null && shaping.restored) {
    at = restorePrefix(out, start, at, shaping.stripped, [hostOf(exchange, client).toLowerCase()], authority);
  }
  if (changes.compressed) {
    at = dropLines(out, start, at, OF_THE_PLAIN_BODY);
    const etag = head.fields.lookUp(bytes, "etag");
    // The same page in other bytes: only a weak validator may be shared (RFC 9110 §8.8.1).
    if (etag !== null) at = putText(`ETag: ${etag.startsWith("W/") ? "" : "W/"}${etag}\r\n`, out, at);
    at = putText("Content-Encoding: gzip\r\n", out, at);
  }
  if (changes.varies) at = putText("Vary: Accept-Encoding\r\n", out, at);
  if (cookie !== null) at = putText(`Set-Cookie: ${cookie}\r\n`, out, at);
  return shaping?.response ? shaping.response.apply(exchange, client, out, start, at) : at;
}
