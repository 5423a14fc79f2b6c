/**
 * Relays one request to an upstream and its response back: prepared once, attempted as often as the rules for repeating a
 * request allow, streamed both ways through bounded buffers. The common request, whose body is small and whose response
 * comes in one piece, costs two reads and two writes, and little else.
 *
 * @module
 */
import type { BufferPool } from "../http1/buffers.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { UpstreamError } from "../upstream/error.ts";
import type { UpstreamGroup } from "../upstream/group.ts";
import type { UpstreamServer } from "../upstream/server.ts";
import { download, downloadCompressed, putFirst, upload } from "./bodies.ts";
import { type BodySource, collect, type Collected } from "./buffer_request.ts";
import { ReadAhead } from "./buffer_response.ts";
import type { Answering } from "./answering.ts";
import type { ServerChoice } from "./choice.ts";
import type { Client } from "./forwarded.ts";
import type { HandedFiles } from "./handed_files.ts";
import { putInterim, type PutRequest, putResponse } from "./heads.ts";
import { afterFailure } from "./repeat.ts";
import { responseChanges, type Shaping } from "./shaping.ts";
import { serveUpgrade } from "./upgrade.ts";

/** Where a route relays to, and how. */
export interface Relay {
  readonly group: UpstreamGroup;
  /** What a request says about the server it wants. */
  readonly choice: ServerChoice;
  readonly shaping: Shaping | null;
  /** Writes a request's head in the servers' protocol. */
  readonly putRequest: PutRequest;
  /** Bodies that are received whole before a server is asked. */
  readonly collected: Collected;
  /** Bytes of a response that are read ahead of its client; 0: none. */
  readonly readAhead: number;
  /** Files that a response may hand on; null: none, and nothing is looked for. */
  readonly handed: HandedFiles | null;
  /** For a response's head, ms. */
  readonly readTimeout: number;
  /** Between two reads of a response's body, ms; also the idle limit of an upgraded connection. */
  readonly streamTimeout: number;
  /** Lends the buffer for both heads. */
  readonly heads: BufferPool;
}

const NONE: readonly UpstreamServer[] = [];
/** Interim responses before a final one; a server that sends more is playing for time. */
const MAX_INTERIM = 32;

/**
 * Relays the request of `exchange`. Throws `UpstreamError`, `Reject` or `ClientGone` when no response could be passed on.
 */
export async function relay(
  exchange: Exchange,
  route: Relay,
  client: Client | null,
  answering: Answering,
): Promise<void> {
  const { connection } = exchange;
  const { group, shaping, readTimeout, streamTimeout, heads } = route;
  const collecting = collect(exchange, route.collected), kept = collecting === null ? null : await collecting;
  const ahead = route.readAhead === 0 ? null : new ReadAhead(exchange, route.readAhead), sink = ahead ?? connection;
  const out = heads.take();
  let server: UpstreamServer | null = null, upstream: UpstreamConnection | null = null, answered = false;
  try {
    let length = route.putRequest(exchange, client, shaping, kept === null ? -1 : kept.length, out);
    // A small body goes with its head, as if it had come with it.
    const apart = kept !== null && !kept.put(out, length);
    if (kept !== null && !apart) length += kept.length;
    const streams = !exchange.body.complete;
    let body: BodySource | null = streams ? exchange.body : null;
    const { deadlines } = connection.service;
    const until = deadlines.after(readTimeout);
    let uploaded: Promise<boolean> | null = null;
    let tried = NONE;
    let chosen = group.take(route.choice.of(exchange, client), tried, connection);
    server = chosen instanceof Promise ? await chosen : chosen;
    for (let reuse = server.pool.reuse();;) {
      upstream = null;
      exchange.trace?.begin(server.id);
      try {
        upstream = reuse ?? await server.pool.connect();
        connection.workingFor = upstream;
        if (connection.gone) throw connection.lost("the client left before its request was sent");
        const sent = upstream.writeNow(out, length);
        if (sent < length) await upstream.write(out, sent, length, readTimeout);
        if (apart) body = kept.reader();
        if (body !== null) ({ uploaded } = await uploadAndReadHead(exchange, body, upstream, readTimeout));
        else {
          while (!upstream.scanHead()) upstream.received(await upstream.read(readTimeout));
          if (upstream.head.status < 200) await passInterim(exchange, upstream, readTimeout);
        }
        break;
      } catch (thrown) {
        const failure = upstream === null ? thrown : upstream.failure(thrown);
        upstream?.close();
        if (connection.gone) throw connection.lost("the client left before it was answered");
        if (!(failure instanceof UpstreamError)) throw failure;
        const next = afterFailure({
          kind: failure.kind,
          method: exchange.method,
          reused: reuse !== null,
          sent: upstream !== null,
          bodyConsumed: streams && upstream !== null,
          responding: upstream !== null && upstream.responding,
          alike: group.options.waitForServer,
        });
        reuse = null;
        // The first idle connection may have failed because all of them are closed: the same server gets a fresh one.
        if (next === "same") continue;
        if (failure.kind !== "exhausted") group.failed(server);
        const { maxTries } = group.options;
        if (next === "none" || deadlines.now >= until || tried.length + 1 === maxTries) throw failure;
        group.release(server);
        tried = [...tried, server];
        server = null;
        try {
          chosen = group.take(route.choice.of(exchange, client), tried, connection);
          server = chosen instanceof Promise ? await chosen : chosen;
        } catch {
          throw failure;
        }
        reuse = server.pool.reuse();
      }
    }
    group.succeeded(server);
    answered = true;
    if (upstream.head.status === 101) return await serveUpgrade(exchange, upstream, streamTimeout, out);
    const framing = upstream.head.framing(exchange.isHead);
    upstream.beginBody(framing, exchange.head.contentLength !== 0);
    upstream.readNow();
    // An answer that is whole before the request is will be the last: nobody reads the rest of the body.
    if (connection.service.draining || (!exchange.body.complete && upstream.hasAll)) exchange.closeAfter();
    const { handed } = route, file = handed === null ? null : handed.of(upstream);
    if (handed !== null && file !== null) {
      if (upstream.hasAll) upstream.takeBuffered(out, 0);
      giveBack(exchange, server, upstream, (body === null || body.complete) && (uploaded === null || await uploaded));
      group.release(server);
      upstream = server = null;
      return await handed.answer(answering, exchange, client, file);
    }
    const changes = responseChanges(exchange, upstream, shaping, client, route.choice.cookieFor(server, exchange));
    const compressed = changes !== null && changes.compressed;
    const ofUnknownLength = framing === "chunked" || framing === "close" || compressed;
    const chunked = ofUnknownLength && exchange.takesChunks;
    if (ofUnknownLength && !chunked) exchange.closeAfter();
    exchange.status = upstream.head.status;
    const head = putResponse(exchange, upstream, chunked, changes, out);
    const end = compressed ? head : putFirst(exchange, upstream, chunked, out, head);
    exchange.started = true;
    const sent = connection.writeNow(out, 0, end);
    if (sent < end) await sink.write(out, sent, end);
    if (compressed) await downloadCompressed(exchange, upstream, chunked, streamTimeout, sink);
    else if (!upstream.complete) await download(exchange, upstream, chunked, streamTimeout, sink);
    // A server that answered before it had the whole body gets no second request on this connection; the last piece, when
    // the answer has only overtaken it, is waited for.
    giveBack(exchange, server, upstream, (body === null || body.complete) && (uploaded === null || await uploaded));
    if (ahead !== null && ahead.pending) {
      // The server is there for others while the client takes its time.
      group.release(server);
      upstream = server = null;
      await ahead.sent();
    }
  } catch (thrown) {
    upstream?.close();
    // Half a response is a failure of the server's too, unless it was cut because of the client: who left, or whose body was not wanted.
    const isServers = thrown instanceof UpstreamError && !thrown.mayBeUnread && !connection.gone;
    if (answered && isServers && server !== null) group.failed(server);
    throw thrown;
  } finally {
    exchange.trace?.end();
    heads.give(out);
    if (server !== null) group.release(server);
    ahead?.close();
    kept?.close();
  }
}

/** The server is done with the request; `whole`: it has taken all of it, and may have another on this connection. */
function giveBack(
  { connection }: Exchange,
  server: UpstreamServer,
  upstream: UpstreamConnection,
  whole: boolean,
): void {
  // From here on it works for nobody: a client that leaves now must not take an idle connection with it.
  connection.workingFor = null;
  if (whole) server.pool.release(upstream);
  else upstream.close();
}

/**
 * Uploads what is left of the body while the response is waited for: a server may answer before it has read everything.
 * Gives the upload's end, once there is a final head: whether the server took all of it.
 */
async function uploadAndReadHead(
  exchange: Exchange,
  body: BodySource,
  upstream: UpstreamConnection,
  timeout: number,
): Promise<{ readonly uploaded: Promise<boolean> }> {
  let failure: unknown = null;
  const isClients = body === exchange.body;
  const uploaded = upload(body, isClients && exchange.head.chunked, upstream, timeout).then(() => {
    if (isClients) exchange.connection.watch();
    return true;
  }, (thrown) => {
    // A server may also close before it has read everything: its answer, if any, is still to be had.
    if (thrown instanceof UpstreamError) upstream.resumeDeadline(timeout);
    else {
      failure = thrown;
      upstream.close();
    }
    return false;
  });
  if (isClients) exchange.retainUntil(uploaded);
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
  for (let interim = 1; head.status < 200; interim++) {
    if (interim > MAX_INTERIM) throw new UpstreamError("invalid", `sent more than ${MAX_INTERIM} interim responses`);
    if (head.status === 101) {
      if (exchange.head.upgrade) return;
      throw new UpstreamError("invalid", "switched protocols without being asked");
    }
    if (head.status > 100 && exchange.takesChunks) {
      const out = new Uint8Array(head.end + 64);
      await exchange.connection.write(out, 0, putInterim(upstream, null, out));
    }
    while (!upstream.scanHead()) upstream.received(await upstream.read(timeout));
  }
}
