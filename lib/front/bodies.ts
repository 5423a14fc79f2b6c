/**
 * Bodies in transit: uploads to the upstream, downloads to the client, each piece framed in place in the buffer it was read
 * into and sent as soon as it is there.
 *
 * @module
 */
import { BODY, CHUNK_HEADROOM, CHUNK_TAILROOM } from "../http1/buffers.ts";
import { latin1, put, putHex } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { BodySource } from "./buffer_request.ts";
import type { Sink } from "./buffer_response.ts";

const CRLF = latin1("\r\n"), LAST_CHUNK = latin1("0\r\n\r\n");

/**
 * Streams a request's body, in chunks if `chunked`. The server's deadline rests while the body, which is the client's doing, is
 * being waited for.
 */
export async function upload(
  body: BodySource,
  chunked: boolean,
  upstream: UpstreamConnection,
  timeout: number,
): Promise<void> {
  const buffer = BODY.take();
  try {
    while (!body.complete) {
      upstream.suspendDeadline();
      const n = await body.read(buffer, CHUNK_HEADROOM, buffer.length - CHUNK_TAILROOM);
      let start = CHUNK_HEADROOM, end = CHUNK_HEADROOM + n;
      if (chunked) [start, end] = frameChunk(buffer, n, body.complete);
      if (end > start) await upstream.write(buffer, start, end, timeout);
    }
    upstream.resumeDeadline(timeout);
  } finally {
    BODY.give(buffer);
  }
}

/** Streams what is left of the response's body to `sink`. */
export async function download(
  exchange: Exchange,
  upstream: UpstreamConnection,
  chunked: boolean,
  timeout: number,
  sink: Sink,
): Promise<void> {
  const buffer = BODY.take();
  try {
    while (!upstream.complete) {
      const n = await upstream.readBody(buffer, CHUNK_HEADROOM, buffer.length - CHUNK_TAILROOM, timeout);
      let start = CHUNK_HEADROOM, end = CHUNK_HEADROOM + n;
      if (chunked) [start, end] = frameChunk(buffer, n, upstream.complete);
      if (end > start) await sink.write(buffer, start, end);
      exchange.bytesSent += n;
    }
  } finally {
    BODY.give(buffer);
  }
}

/** Streams the response's body through gzip; its head has been sent. */
export async function downloadCompressed(
  exchange: Exchange,
  upstream: UpstreamConnection,
  chunked: boolean,
  timeout: number,
  sink: Sink,
): Promise<void> {
  const { Compressor } = await import("./gzip.ts");
  const buffer = BODY.take(), compressor = new Compressor();
  const send = async (piece: Uint8Array<ArrayBuffer>, last: boolean) => {
    if (piece.length === 0 && !last) return;
    const framed = chunked ? chunkOf(piece, last) : piece;
    await sink.write(framed, 0, framed.length);
    exchange.bytesSent += piece.length;
  };
  try {
    // What came with the head is a body's beginning, and often all of it.
    const first = upstream.takeBuffered(buffer, 0);
    if (first > 0) await send(await compressor.push(buffer, 0, first), false);
    while (!upstream.complete) {
      const n = await upstream.readBody(buffer, 0, buffer.length, timeout);
      if (n > 0) await send(await compressor.push(buffer, 0, n), false);
    }
    await send(await compressor.end(), true);
  } finally {
    compressor.close();
    BODY.give(buffer);
  }
}

function chunkOf(payload: Uint8Array<ArrayBuffer>, last: boolean): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(payload.length + 16);
  let at = 0;
  if (payload.length > 0) at = put(CRLF, out, put(payload, out, put(CRLF, out, putHex(payload.length, out, at))));
  if (last) at = put(LAST_CHUNK, out, at);
  return out.subarray(0, at);
}

/**
 * Puts the body bytes that came with the response's head behind it in `out`, framed for the client; returns the position
 * behind them. `out` has room for all of them.
 */
export function putFirst(
  exchange: Exchange,
  upstream: UpstreamConnection,
  chunked: boolean,
  out: Uint8Array,
  at: number,
): number {
  if (!chunked) {
    const n = upstream.takeBuffered(out, at);
    exchange.bytesSent = n;
    return at + n;
  }
  // The size stands before the payload, and is known after it: room for four digits, moved together when fewer.
  const payload = at + 6;
  const n = upstream.takeBuffered(out, payload);
  exchange.bytesSent = n;
  if (n > 0) {
    const size = put(CRLF, out, putHex(n, out, at));
    if (size < payload) out.copyWithin(size, payload, payload + n);
    at = put(CRLF, out, size + n);
  }
  return upstream.complete ? put(LAST_CHUNK, out, at) : at;
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
