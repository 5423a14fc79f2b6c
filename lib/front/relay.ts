/**
 * Relays one request to an upstream and its response back: prepared once, attempted as often as the rules for repeating a
 * request allow, streamed both ways through bounded buffers. The common request, whose body is small and whose response
 * comes in one piece, costs two reads and two writes, and little else.
 *
 * @module
 */
import type { BufferPool } from "../http1/buffers.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD } from "../http1/fields.ts";
import { type UpstreamConnection, UpstreamError } from "../upstream/connection.ts";
import type { UpstreamPool } from "../upstream/pool.ts";
import { download, putFirst, upload } from "./bodies.ts";
import type { Client } from "./forwarded.ts";
import { putInterim, putRequest, putResponse } from "./heads.ts";
import { mayRepeat } from "./repeat.ts";
import { splice } from "./splice.ts";

/**
 * Relays the request of `exchange`. `heads` lends the buffer for both heads. Throws `UpstreamError`, `Reject` or `ClientGone`
 * when no response could be passed on.
 */
export async function relay(
  exchange: Exchange,
  pool: UpstreamPool,
  client: Client | null,
  heads: BufferPool,
): Promise<void> {
  const { connection } = exchange;
  const { readTimeout } = pool.limits;
  const out = heads.take();
  let upstream: UpstreamConnection | null = null;
  try {
    const length = putRequest(exchange, client, out);
    const streams = !exchange.body.complete;
    let uploaded: Promise<boolean> | null = null;
    for (let reuse = pool.reuse();; reuse = null) {
      // A second attempt never takes an idle connection: the first may have failed because those are all closed.
      upstream = reuse ?? await pool.connect();
      connection.workingFor = upstream;
      if (connection.gone) throw connection.lost("the client left before its request was sent");
      try {
        const sent = upstream.writeNow(out, length);
        if (sent < length) await upstream.write(out, sent, length, readTimeout);
        if (streams) ({ uploaded } = await uploadAndReadHead(exchange, upstream, readTimeout));
        else {
          while (!upstream.scanHead()) upstream.received(await upstream.read(readTimeout));
          if (upstream.head.status < 200) await passInterim(exchange, upstream, readTimeout);
        }
        break;
      } catch (thrown) {
        const failure = upstream.failure(thrown);
        upstream.close();
        if (connection.gone) throw connection.lost("the client left before it was answered");
        const repeat = reuse !== null && failure instanceof UpstreamError && failure.kind === "closed" &&
          mayRepeat({ method: exchange.method, bodyConsumed: streams, responding: upstream.responding });
        if (!repeat) throw failure;
      }
    }
    if (upstream.head.status === 101) return await serveUpgrade(exchange, upstream, readTimeout, out);
    const framing = upstream.head.framing(exchange.isHead);
    upstream.beginBody(framing);
    // An answer that is whole before the request is will be the last: nobody reads the rest of the body.
    if (connection.service.draining || (!exchange.body.complete && upstream.hasAll)) exchange.closeAfter();
    const ofUnknownLength = framing === "chunked" || framing === "close";
    const chunked = ofUnknownLength && exchange.head.minor === 1;
    if (ofUnknownLength && !chunked) exchange.closeAfter();
    exchange.status = upstream.head.status;
    const end = putFirst(exchange, upstream, chunked, out, putResponse(exchange, upstream, chunked, out));
    exchange.started = true;
    const sent = connection.writeNow(out, 0, end);
    if (sent < end) await connection.write(out, sent, end);
    if (!upstream.complete) await download(exchange, upstream, chunked, readTimeout);
    // A server that answered before it had the whole body gets no second request on this connection; the last piece, when
    // the answer has only overtaken it, is waited for.
    if (exchange.body.complete && (uploaded === null || await uploaded)) pool.release(upstream);
    else upstream.close();
  } catch (thrown) {
    upstream?.close();
    throw thrown;
  } finally {
    heads.give(out);
  }
}

/**
 * Uploads what is left of the body while the response is waited for: a server may answer before it has read everything.
 * Gives the upload's end, once there is a final head: whether the server took all of it.
 */
async function uploadAndReadHead(
  exchange: Exchange,
  upstream: UpstreamConnection,
  timeout: number,
): Promise<{ readonly uploaded: Promise<boolean> }> {
  let failure: unknown = null;
  const uploaded = upload(exchange, upstream, timeout).then(() => true, (thrown) => {
    // A server may also close before it has read everything: its answer, if any, is still to be had.
    if (thrown instanceof UpstreamError) upstream.resumeDeadline(timeout);
    else {
      failure = thrown;
      upstream.close();
    }
    return false;
  });
  exchange.retainUntil(uploaded);
  try {
    await readFinalHead(exchange, upstream, timeout);
  } catch (thrown) {
    throw failure ?? thrown;
  }
  return { uploaded };
}

async function readFinalHead(exchange: Exchange, upstream: UpstreamConnection, timeout: number): Promise<void> {
  while (!upstream.scanHead()) upstream.received(await upstream.read(timeout));
  if (upstream.head.status < 200) await passInterim(exchange, upstream, timeout);
}

/**
 * An interim head has been read: reads on until the final one. 100 is ours to give and has been; 103 and its like go to
 * clients that know them (RFC 9110 §15.2). A 101 is final when it was asked for.
 */
async function passInterim(exchange: Exchange, upstream: UpstreamConnection, timeout: number): Promise<void> {
  const { head } = upstream;
  while (head.status < 200) {
    if (head.status === 101) {
      if (exchange.head.upgrade) return;
      throw new UpstreamError("invalid", "switched protocols without being asked");
    }
    if (head.status > 100 && exchange.head.minor === 1) {
      const out = new Uint8Array(head.end + 64);
      await exchange.connection.write(out, 0, putInterim(upstream, null, out));
    }
    while (!upstream.scanHead()) upstream.received(await upstream.read(timeout));
  }
}

/** Passes a 101 on and joins the two connections until one of them ends (RFC 9110 §7.8). */
async function serveUpgrade(
  exchange: Exchange,
  upstream: UpstreamConnection,
  idleTimeout: number,
  out: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { connection } = exchange;
  const protocol = upstream.head.fields.value(upstream.bytes, FIELD.UPGRADE);
  if (protocol === null) throw new UpstreamError("invalid", "switched protocols without naming one");
  exchange.status = 101;
  exchange.started = true;
  exchange.closeAfter();
  connection.workingFor = null;
  await connection.write(out, 0, putInterim(upstream, protocol, out));
  const { deadlines } = connection.service;
  await splice(connection.detach(), upstream.detach(), deadlines, idleTimeout, (n) => exchange.bytesSent += n);
}
