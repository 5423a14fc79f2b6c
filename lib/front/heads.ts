/**
 * Heads as the other side gets them: a client's request for the upstream, an upstream's response for the client. Untouched
 * fields are copied as bytes, in runs.
 *
 * @module
 */
import { BufferPool } from "../http1/buffers.ts";
import { copy, latin1, put, putText } from "../http1/bytes.ts";
import { dateLine } from "../http1/date.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, HOP_BY_HOP, mask } from "../http1/fields.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { type Client, FORWARDING, putForwarding } from "./forwarded.ts";
import { prefixToTake, withoutPrefix } from "./prefix.ts";
import { changeResponse, type ResponseChanges, type Shaping } from "./shaping.ts";
import { originForm } from "./template.ts";

/** Never forwarded: one hop's business, what we write ourselves, and what could be mistaken for it (CVE-2016-5385). */
const NOT_FORWARDED = HOP_BY_HOP | FORWARDING | mask(FIELD.EXPECT, FIELD.PROXY, FIELD.UNDERSCORE);
const HOST = mask(FIELD.HOST), DATE = mask(FIELD.DATE), CONTENT_LENGTH = mask(FIELD.CONTENT_LENGTH);

const HTTP_1_1 = latin1(" HTTP/1.1\r\n"), STATUS_LINE = latin1("HTTP/1.1 "), CRLF = latin1("\r\n");
const CHUNKED = latin1("Transfer-Encoding: chunked\r\n"), UPGRADE = latin1("Connection: Upgrade\r\nUpgrade: ");
const NO_CONTENT = latin1("Content-Length: 0\r\n");
const NO_HOST = latin1("Host: localhost\r\n");

/** A response head, its first body bytes, and what we add to them. */
const RESPONSE_SIZE = 36_864;

/**
 * Room for a whole request head as it is sent: its Host may stand in it twice, and a chain of proxies in front of it; and for
 * what a route adds.
 */
export function headPool(maxHeadSize: number, added = 0): BufferPool {
  return new BufferPool(Math.max(RESPONSE_SIZE, maxHeadSize * 2 + 4_096) + added, 64);
}

/** Writes a request as an upstream gets it to `out`, as {@linkcode putRequest}. */
export type PutRequest = typeof putRequest;

/**
 * Writes the request of `exchange` as the upstream gets it to `out`, with its body when that has been received whole and
 * fits; returns its length. Every body is framed anew. `kept`: bytes of a body that has been collected and is not in it; -1:
 * none has been.
 */
export function putRequest(
  exchange: Exchange,
  client: Client | null,
  shaping: Shaping | null,
  kept: number,
  out: Uint8Array,
): number {
  const { head, bytes, body } = exchange;
  const stripped = prefixToTake(exchange, shaping === null ? null : shaping.stripped);
  let at: number;
  if (head.absolute === null && stripped === null) {
    at = copy(bytes, head.methodStart, head.targetEnd, out, 0);
  } else {
    at = copy(bytes, head.methodStart, head.methodEnd, out, 0);
    at = putText(` ${stripped === null ? originForm(exchange) : withoutPrefix(exchange, stripped)}`, out, at);
  }
  at = put(HTTP_1_1, out, at);
  const start = at;
  at = putFields(exchange, out, at);
  if (head.upgrade) at = put(latin1(`${head.fields.value(bytes, FIELD.UPGRADE)}\r\n`), out, put(UPGRADE, out, at));
  if (head.chunked) at = kept < 0 ? put(CHUNKED, out, at) : putText(`Content-Length: ${kept}\r\n`, out, at);
  at = putForwarding(exchange, client, out, at);
  if (stripped !== null) at = putText(`X-Forwarded-Prefix: ${stripped}\r\n`, out, at);
  if (shaping !== null && shaping.request !== null) at = shaping.request.apply(exchange, client, out, start, at);
  out[at] = 13;
  out[at + 1] = 10;
  at += 2;
  return body.complete ? at : at + body.takeAll(out, at, out.length - 1);
}

/** Writes the fields that go on as the client sent them, and Host, to `out`; returns the position behind them. */
export function putFields({ head, bytes }: Exchange, out: Uint8Array, at: number): number {
  const { fields } = head;
  if (head.absolute === null) {
    at = fields.copy(bytes, NOT_FORWARDED, out, at);
    return head.hostEnd === 0 ? put(NO_HOST, out, at) : at;
  }
  // RFC 9112 §3.2.2: the host of an absolute-form target replaces Host.
  at = putText(`Host: ${head.absolute.host}\r\n`, out, at);
  return fields.copy(bytes, NOT_FORWARDED | HOST, out, at);
}

/** Writes the upstream's final head as the client gets it to `out`; returns the position behind it. */
export function putResponse(
  exchange: Exchange,
  upstream: UpstreamConnection,
  chunked: boolean,
  changes: ResponseChanges | null,
  out: Uint8Array,
): number {
  const { head, bytes } = upstream;
  const start = putStatusLine(upstream, out);
  // RFC 9110 §8.6: a 204 has no length.
  const lengthless = head.status === 204 || (changes !== null && changes.compressed);
  let at = head.fields.copy(bytes, lengthless ? HOP_BY_HOP | CONTENT_LENGTH : HOP_BY_HOP, out, start);
  if (head.status === 205 && head.contentLength === -1 && !chunked) at = put(NO_CONTENT, out, at);
  if (!head.fields.has(DATE)) at = put(dateLine(), out, at);
  if (changes !== null) at = changeResponse(changes, exchange, upstream, out, start, at);
  if (chunked) at = put(CHUNKED, out, at);
  at = exchange.putConnection(out, at);
  out[at] = 13;
  out[at + 1] = 10;
  return at + 2;
}

/** As {@linkcode putResponse}, for an interim response (RFC 9110 §15.2) or, with `protocol`, a 101. */
export function putInterim(upstream: UpstreamConnection, protocol: string | null, out: Uint8Array): number {
  let at = putStatusLine(upstream, out);
  at = upstream.head.fields.copy(upstream.bytes, HOP_BY_HOP | CONTENT_LENGTH, out, at);
  if (protocol !== null) at = put(latin1(`${protocol}\r\n`), out, put(UPGRADE, out, at));
  return put(CRLF, out, at);
}

function putStatusLine({ head, bytes }: UpstreamConnection, out: Uint8Array): number {
  let at = copy(bytes, head.statusStart, head.lineEnd, out, put(STATUS_LINE, out, 0));
  // A reason may be empty, the space before it may not (RFC 9112 §4).
  if (head.lineEnd - head.statusStart === 3) out[at++] = 32;
  return put(CRLF, out, at);
}
