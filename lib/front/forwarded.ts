/**
 * What the upstream is told about the client: X-Forwarded-For, -Proto, -Host, X-Real-IP and X-Request-Id, written anew.
 * What came in under these names is believed only from a trusted proxy.
 *
 * @module
 */
import { isIpv4, isIpv6 } from "../config/network.ts";
import { copy, latin1, put, putText } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, mask } from "../http1/fields.ts";
import { isHost } from "../http1/host.ts";
import { clientAddress, type Trust } from "../http1/trust.ts";
import { acceptRequestId } from "../observe/request_id.ts";

/** Fields that a client may not speak in: all that say who it is, and those an upstream could take for them. */
export const FORWARDING = mask(
  FIELD.FORWARDED,
  FIELD.X_FORWARDED_FOR,
  FIELD.X_FORWARDED_PROTO,
  FIELD.X_FORWARDED_HOST,
  FIELD.X_FORWARDED_OTHER,
  FIELD.X_REAL_IP,
  FIELD.X_REQUEST_ID,
);

const X_FORWARDED_HOST = "X-Forwarded-Host: ";
const CRLF = latin1("\r\n");

/** What a trusted proxy said, or what the connection itself shows. */
export interface Client {
  /** The client's address; null when all that is known is a unix socket. */
  readonly address: string | null;
  /** The X-Forwarded-For value to pass on; null for none. */
  readonly chain: string | null;
  readonly scheme: "http" | "https";
  /** The host that the client asked for, if a trusted proxy names another than Host. */
  readonly host: string | null;
  /** A trusted request id; null: make one. */
  readonly requestId: string | null;
}

/** Who the client of a request from a trusted proxy is. */
export function clientBehind(exchange: Exchange, trust: Trust): Client {
  const { connection: { peer, told }, head: { fields }, bytes } = exchange;
  const chain = fields.value(bytes, FIELD.X_FORWARDED_FOR);
  const host = fields.value(bytes, FIELD.X_FORWARDED_HOST);
  const id = fields.value(bytes, FIELD.X_REQUEST_ID), proto = fields.value(bytes, FIELD.X_FORWARDED_PROTO);
  // For a proxy that sends this alone, as many nginx configurations do.
  const named = fields.value(bytes, FIELD.X_REAL_IP);
  const realIp = named !== null && (isIpv4(named) || isIpv6(named)) ? named : null;
  return {
    address: chain === null && realIp !== null ? realIp : clientAddress(peer, chain, trust),
    chain: chain === null ? realIp ?? peer : peer === null ? chain : `${chain}, ${peer}`,
    scheme: (proto === null ? told?.scheme : proto.toLowerCase()) === "https" ? "https" : "http",
    host: host !== null && isHost(latin1(host), 0, host.length) ? host : null,
    requestId: acceptRequestId(id),
  };
}

/** A client that is the peer itself. */
export function clientAt(peer: string | null, scheme: "http" | "https"): Client {
  return { address: peer, chain: peer, scheme, host: null, requestId: null };
}

/** Peers whose lines are kept: enough for the clients of a moment, or the proxies in front. */
const MAX_PREPARED = 1_024;
const prepared = new Map<string, Uint8Array>();

/** The lines that are the same for all requests of a peer that is not trusted, up to the value of X-Forwarded-Host. */
function linesOf(peer: string | null): Uint8Array {
  const known = prepared.get(peer ?? "");
  if (known !== undefined) return known;
  if (prepared.size >= MAX_PREPARED) prepared.clear();
  const address = peer === null ? "" : `X-Forwarded-For: ${peer}\r\nX-Real-IP: ${peer}\r\n`;
  const lines = latin1(`${address}X-Forwarded-Proto: http\r\n${X_FORWARDED_HOST}`);
  prepared.set(peer ?? "", lines);
  return lines;
}

/**
 * Writes the forwarding fields for the request of `exchange` to `out`; returns the position behind. `client` is null when
 * the peer is the client.
 */
export function putForwarding(exchange: Exchange, client: Client | null, out: Uint8Array, at: number): number {
  const { connection, head, bytes } = exchange;
  if (client === null) {
    const lines = linesOf(connection.peer);
    if (head.hostEnd > head.hostStart && head.absolute === null) {
      at = copy(bytes, head.hostStart, head.hostEnd, out, put(lines, out, at));
      at = put(CRLF, out, at);
    } else if (head.absolute !== null) {
      at = putText(`${head.absolute.host}\r\n`, out, put(lines, out, at));
    } else {
      at = copy(lines, 0, lines.length - X_FORWARDED_HOST.length, out, at);
    }
  } else {
    at = putText(linesBehind(client, client.host ?? head.host(bytes)), out, at);
  }
  return put(CRLF, out, exchange.putRequestId(out, at));
}

function linesBehind({ chain, address, scheme }: Client, host: string): string {
  return (chain === null ? "" : `X-Forwarded-For: ${chain}\r\n`) +
    (address === null ? "" : `X-Real-IP: ${address}\r\n`) +
    `X-Forwarded-Proto: ${scheme}\r\n${host === "" ? "" : `${X_FORWARDED_HOST}${host}\r\n`}`;
}
