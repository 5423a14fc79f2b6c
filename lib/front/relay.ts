/**
 * Relays one request to an upstream and its response back: prepared once, attempted as often as the rules for repeating a
 * request allow, streamed both ways through bounded buffers.
 *
 * @module
 */
import { BODY, type Buffer, BufferPool, CHUNK_HEADROOM, CHUNK_TAILROOM } from "../http1/buffers.ts";
import { ascii, copy, put, putHex } from "../http1/bytes.ts";
import { ClientGone } from "../http1/connection.ts";
import { dateLine } from "../http1/date.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, HOP_BY_HOP, mask } from "../http1/fields.ts";
import { type UpstreamConnection, UpstreamError } from "../upstream/connection.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import { type Client, FORWARDING, putForwarding } from "./forwarded.ts";
import { mayRepeat } from "./repeat.ts";
import { splice } from "./splice.ts";

/** Never forwarded: one hop's business, what we write ourselves, and what could be mistaken for it (CVE-2016-5385). */
const NOT_FORWARDED = HOP_BY_HOP | FORWARDING | mask(FIELD.EXPECT, FIELD.PROXY, FIELD.UNDERSCORE);
const HTTP_1_1 = ascii(" HTTP/1.1\r\n"), STATUS_LINE = ascii("HTTP/1.1 "), CRLF = ascii("\r\n");
const CHUNKED = ascii("Transfer-Encoding: chunked\r\n"), LAST_CHUNK = ascii("0\r\n\r\n");
const HOST = ascii("Host: "), UPGRADE = ascii("Connection: Upgrade\r\nUpgrade: ");
/** For a head that may be copied whole, with its Host once more in X-Forwarded-Host. */
const HEADS = new BufferPool(40_960, 64);

/** Relays the request of `exchange`. Throws `UpstreamError`, `Reject` or `ClientGone` when no response could be passed on. */
export async function relay(exchange: Exchange, pool: UpstreamPool, client: Client | null): Promise<void> {
  const buffer = exchange.head.limits.maxHeadSize * 2 + 4_096 <= HEADS.size
    ? HEADS.take()
    : new BufferPool(exchange.head.limits.maxHeadSize * 2 + 4_096 + 16_384, 0).take();
  try {
    const length = putRequest(exchange, client, buffer.bytes);
    const upstream = await exchangeHeads(exchange, pool, buffer, length);
    if (upstream === null) return;
    try {
      await relayResponse(exchange, upstream, pool, buffer.bytes);
    } catch (thrown) {
      upstream.close();
      throw thrown;
    }
    // A server that answered before it had the whole body gets no second request on this connection.
    if (exchange.body.complete) pool.release(upstream);
    else upstream.close();
  } finally {
    HEADS.give(buffer);
  }
}

/** Writes the request as the upstream gets it, with as much of its body as has been received whole; returns its length. */
function putRequest(exchange: Exchange, client: Client | null, out: Uint8Array): number {
  const { head, bytes, body } = exchange;
  let at: number;
  let dropped = NOT_FORWARDED;
  if (head.absolute === null) {
    at = put(HTTP_1_1, out, copy(bytes, head.methodStart, head.targetEnd, out, 0));
  } else {
    at = put(
      ascii(` ${head.absolute.target} HTTP/1.1\r\nHost: ${head.absolute.host}\r\n`),
      out,
      copy(bytes, head.methodStart, head.methodEnd, out, 0),
    );
    dropped |= mask(FIELD.HOST);
  }
  at = head.fields.copy(bytes, dropped, out, at);
  if (head.hostEnd === 0 && head.absolute === null) {
    at = put(CRLF, out, put(ascii("localhost"), out, put(HOST, out, at)));
  }
  if (head.upgrade) at = put(ascii(`${head.fields.value(bytes, FIELD.UPGRADE)}\r\n`), out, put(UPGRADE, out, at));
  if (head.chunked) at = put(CHUNKED, out, at);
  at = putForwarding(exchange, client, out, at);
  at = put(CRLF, out, at);
  return body.complete ? at : at + body.takeAll(out, at, out.length - 1);
}

/** Sends the request and reads the response's head, repeating where that is allowed; null: an upgrade has been served. */
async function exchangeHeads(
  exchange: Exchange,
  pool: UpstreamPool,
  buffer: Buffer,
  length: number,
): Promise<UpstreamConnection | null> {
  const { connection } = exchange;
  for (let attempt = 1;; attempt++) {
    // A second attempt never takes an idle connection: the first may have failed because those are all closed.
    const reused = attempt === 1 ? pool.reuse() : null;
    const upstream = reused ?? await pool.connect();
    connection.onGone = () => upstream.close();
    if (connection.gone) {
      upstream.close();
      throw new ClientGone("the client left");
    }
    const streams = !exchange.body.complete;
    try {
      await attemptOn(exchange, upstream, pool.limits.readTimeout, buffer.bytes, length);
      if (upstream.head.status !== 101) {
        if (exchange.head.upgrade) connection.watch();
        return upstream;
      }
      await serveUpgrade(exchange, upstream, pool.limits.readTimeout, buffer.bytes);
      return null;
    } catch (thrown) {
      upstream.close();
      if (connection.gone) throw new ClientGone("the client left");
      const failed = thrown instanceof UpstreamError && thrown.kind === "closed";
      const repeat = failed && reused !== null && !exchange.started &&
        mayRepeat({ method: exchange.method, bodyConsumed: streams, responding: upstream.responding });
      if (!repeat) throw thrown;
    }
  }
}

/** One attempt: writes the request, uploads what is left of its body meanwhile, and reads heads until the final one. */
async function attemptOn(
  exchange: Exchange,
  upstream: UpstreamConnection,
  timeout: number,
  bytes: Uint8Array,
  length: number,
): Promise<void> {
  await upstream.write(bytes, 0, length, timeout);
  if (exchange.body.complete) await readFinalHead(exchange, upstream, timeout);
  else await uploadAndReadHead(exchange, upstream, timeout);
}

async function uploadAndReadHead(exchange: Exchange, upstream: UpstreamConnection, timeout: number): Promise<void> {
  let failure: unknown = null;
  const uploaded = upload(exchange, upstream, timeout).catch((thrown) => {
    // A server may answer, and close, before it has read everything: its answer, if any, is still to be had.
    if (thrown instanceof UpstreamError) return;
    failure = thrown;
    upstream.close();
  });
  exchange.retainUntil(uploaded);
  try {
    await readFinalHead(exchange, upstream, timeout);
  } catch (thrown) {
    throw failure ?? thrown;
  }
}

/** Streams the request's body. The server's deadline rests while the client is being waited for. */
async function upload(exchange: Exchange, upstream: UpstreamConnection, timeout: number): Promise<void> {
  const { body, head } = exchange;
  const buffer = BODY.take();
  try {
    while (!body.complete) {
      upstream.suspendDeadline();
      const n = await body.read(buffer.bytes, CHUNK_HEADROOM, buffer.room.length - CHUNK_TAILROOM);
      let start = CHUNK_HEADROOM, end = CHUNK_HEADROOM + n;
      if (head.chunked) [start, end] = frameChunk(buffer.bytes, n, body.complete);
      if (end > start) await upstream.write(buffer.bytes, start, end, timeout);
    }
    upstream.resumeDeadline(timeout);
    exchange.connection.watch();
  } finally {
    BODY.give(buffer);
  }
}

/**
 * Frames the `n` payload bytes behind the headroom as one chunk, in place, with the last chunk behind it when `last`;
 * returns where it begins and ends. Without payload and not last: nothing.
 */
function frameChunk(bytes: Uint8Array, n: number, last: boolean): [start: number, end: number] {
  let start = CHUNK_HEADROOM, end = CHUNK_HEADROOM + n;
  if (n > 0) {
    const digits = putHex(n, bytes, 0);
    start -= digits + 2;
    bytes.copyWithin(start, 0, digits);
    put(CRLF, bytes, CHUNK_HEADROOM - 2);
    end = put(CRLF, bytes, end);
  }
  if (last) end = put(LAST_CHUNK, bytes, end);
  return [start, end];
}

/** Reads response heads until one that is not interim; passes 103 and its like on to clients that know them. */
async function readFinalHead(exchange: Exchange, upstream: UpstreamConnection, timeout: number): Promise<void> {
  for (;;) {
    await upstream.readHead(timeout);
    const { status } = upstream.head;
    if (status >= 200) return;
    if (status === 101) {
      if (!exchange.head.upgrade) throw new UpstreamError("invalid", "switched protocols without being asked");
      return;
    }
    if (status !== 100 && exchange.head.minor === 1) await relayInterim(exchange, upstream);
  }
}

async function relayInterim(exchange: Exchange, upstream: UpstreamConnection): Promise<void> {
  const { head, bytes } = upstream;
  const out = HEADS.take();
  try {
    let at = putStatusLine(upstream, out.bytes);
    at = head.fields.copy(bytes, HOP_BY_HOP | mask(FIELD.CONTENT_LENGTH), out.bytes, at);
    at = put(CRLF, out.bytes, at);
    await exchange.connection.write(out.bytes, 0, at);
  } finally {
    HEADS.give(out);
  }
}

function putStatusLine({ head, bytes }: UpstreamConnection, out: Uint8Array): number {
  let at = copy(bytes, head.statusStart, head.lineEnd, out, put(STATUS_LINE, out, 0));
  // A reason may be empty, the space before it may not (RFC 9112 §4).
  if (head.lineEnd - head.statusStart === 3) out[at++] = 32;
  return put(CRLF, out, at);
}

/** Passes the response on: its head with the first of its body in one write, then the rest as it comes. */
async function relayResponse(
  exchange: Exchange,
  upstream: UpstreamConnection,
  pool: UpstreamPool,
  out: Uint8Array,
): Promise<void> {
  const { connection } = exchange;
  const { head } = upstream;
  const framing = head.framing(exchange.isHead);
  upstream.beginBody(framing);
  const chunked = (framing === "chunked" || framing === "close") && exchange.head.minor === 1;
  if (!chunked && (framing === "chunked" || framing === "close")) exchange.closeAfter();
  if (connection.service.draining) exchange.closeAfter();
  exchange.status = head.status;
  let at = putStatusLine(upstream, out);
  at = head.fields.copy(
    upstream.bytes,
    head.status === 204 ? HOP_BY_HOP | mask(FIELD.CONTENT_LENGTH) : HOP_BY_HOP,
    out,
    at,
  );
  if (!head.fields.has(mask(FIELD.DATE))) at = put(dateLine(), out, at);
  if (chunked) at = put(CHUNKED, out, at);
  at = put(CRLF, out, exchange.putConnection(out, at));
  at = takeFirst(exchange, upstream, chunked, out, at);
  exchange.started = true;
  await connection.write(out, 0, at);
  if (upstream.complete) return;
  const buffer = BODY.take();
  try {
    while (!upstream.complete) {
      const limit = buffer.room.length - CHUNK_TAILROOM;
      const n = await upstream.readBody(buffer.bytes, CHUNK_HEADROOM, limit, pool.limits.readTimeout);
      exchange.bytesSent += n;
      let start = CHUNK_HEADROOM, end = CHUNK_HEADROOM + n;
      if (chunked) [start, end] = frameChunk(buffer.bytes, n, upstream.complete);
      upstream.deadline = Infinity;
      if (end > start) await connection.write(buffer.bytes, start, end);
    }
  } finally {
    BODY.give(buffer);
  }
}

/** Puts the body bytes that came with the head behind it, framed for the client. */
function takeFirst(
  exchange: Exchange,
  upstream: UpstreamConnection,
  chunked: boolean,
  out: Uint8Array,
  at: number,
): number {
  if (!chunked) {
    const n = upstream.takeBuffered(out, at);
    exchange.bytesSent += n;
    return at + n;
  }
  // The size stands before the payload, and is known after it: room for four digits, moved together when fewer.
  const payload = at + 6;
  const n = upstream.takeBuffered(out, payload);
  exchange.bytesSent += n;
  if (n > 0) {
    const size = put(CRLF, out, putHex(n, out, at));
    if (size < payload) out.copyWithin(size, payload, payload + n);
    at = put(CRLF, out, size + n);
  }
  return upstream.complete ? put(LAST_CHUNK, out, at) : at;
}

async function serveUpgrade(
  exchange: Exchange,
  upstream: UpstreamConnection,
  idleTimeout: number,
  out: Uint8Array,
): Promise<void> {
  const { connection } = exchange;
  const { head } = upstream;
  const protocol = head.fields.value(upstream.bytes, FIELD.UPGRADE);
  if (protocol === null) throw new UpstreamError("invalid", "switched protocols without naming one");
  let at = putStatusLine(upstream, out);
  at = head.fields.copy(upstream.bytes, HOP_BY_HOP | mask(FIELD.CONTENT_LENGTH), out, at);
  at = put(ascii(`${protocol}\r\n\r\n`), out, put(UPGRADE, out, at));
  exchange.status = 101;
  exchange.started = true;
  exchange.closeAfter();
  connection.onGone = null;
  await connection.write(out, 0, at);
  await splice(
    connection.detach(),
    upstream.detach(),
    connection.service.deadlines,
    idleTimeout,
    (n) => exchange.bytesSent += n,
  );
}
