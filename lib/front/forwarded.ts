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

const X_FORWARDED_FOR = latin1("X-Forwarded-For: "), X_REAL_IP = latin1("\r\nX-Real-IP: ");
const X_FORWARDED_PROTO = latin1("X-Forwarded-Proto: http\r\n");
const X_FORWARDED_HOST = latin1("X-Forwarded-Host: ");
const X_REQUEST_ID = latin1("X-Request-Id: ");
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
  const { connection: { peer }, head: { fields }, bytes } = exchange;
  const chain = fields.value(bytes, FIELD.X_FORWARDED_FOR);
  const host = fields.value(bytes, FIELD.X_FORWARDED_HOST);
  const id = fields.value(bytes, FIELD.X_REQUEST_ID);
  // For a proxy that sends this alone, as many nginx configurations do.
  const named = fields.value(bytes, FIELD.X_REAL_IP);
  const realIp = named !== null && (isIpv4(named) || isIpv6(named)) ? named : null;
  return {
    address: chain === null && realIp !== null ? realIp : clientAddress(peer, chain, trust),
    chain: chain === null ? realIp ?? peer : peer === null ? chain : `${chain}, ${peer}`,
    scheme: fields.value(bytes, FIELD.X_FORWARDED_PROTO)?.toLowerCase() === "https" ? "https" : "http",
    host: host !== null && isHost(latin1(host), 0, host.length) ? host : null,
    requestId: acceptRequestId(id),
  };
}

/**
 * Writes the forwarding fields for the request of `exchange` to `out`; returns the position behind. `client` is null when
 * the peer is the client.
 */
export function putForwarding(exchange: Exchange, client: Client | null, out: Uint8Array, at: number): number {
  const { connection, head, bytes } = exchange;
  if (client === null) {
    const { peer } = connection;
    if (peer !== null) {
      at = putText(peer, out, put(X_FORWARDED_FOR, out, at));
      at = putText(peer, out, put(X_REAL_IP, out, at));
      at = put(CRLF, out, at);
    }
    at = put(X_FORWARDED_PROTO, out, at);
    if (head.absolute !== null) at = put(latin1(`X-Forwarded-Host: ${head.absolute.host}\r\n`), out, at);
    else if (head.hostEnd > head.hostStart) {
      at = copy(bytes, head.hostStart, head.hostEnd, out, put(X_FORWARDED_HOST, out, at));
      at = put(CRLF, out, at);
    }
  } else {
    const host = client.host ?? head.host(bytes);
    at = put(
      latin1(
        (client.chain === null ? "" : `X-Forwarded-For: ${client.chain}\r\n`) +
          (client.address === null ? "" : `X-Real-IP: ${client.address}\r\n`) +
          `X-Forwarded-Proto: ${client.scheme}\r\n${host === "" ? "" : `X-Forwarded-Host: ${host}\r\n`}`,
      ),
      out,
      at,
    );
  }
  at = put(X_REQUEST_ID, out, at);
  at = exchange.putRequestId(out, at);
  return put(CRLF, out, at);
}
