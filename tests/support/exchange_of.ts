/**
 * A request as a route's parts see it, without a connection: for tests of what is made of its head.
 *
 * @module
 */
import { DEFAULTS } from "../../lib/config/defaults.ts";
import type { Client } from "../../lib/front/forwarded.ts";
import { normalizePath } from "../../lib/front/path.ts";
import type { Exchange } from "../../lib/http1/exchange.ts";
import { RequestHead } from "../../lib/http1/request_head.ts";
import { latin1 } from "./raw_http.ts";

/** What is known of a request beyond its head. */
export interface Facts {
  /** null: a unix socket. @default {"192.0.2.1"} */
  readonly peer?: string | null;
  /** @default {the peer} */
  readonly clientAddress?: string | null;
  /** The port that the client connected to. @default {8080} */
  readonly port?: number | null;
}

/** The exchange of the request with this head. It has what heads are written from, and nothing else. */
export function exchangeOf(request: string, facts: Facts = {}): Exchange {
  const { peer = "192.0.2.1", port = 8_080 } = facts;
  const localAddr = port === null ? { transport: "unix", path: "/p.sock" } : { transport: "tcp", hostname: "", port };
  const bytes = new Uint8Array(request.length + 1);
  bytes.set(latin1(request));
  const head = new RequestHead(DEFAULTS.limits);
  if (!head.scan(bytes, 0, request.length)) throw new Error("the head is not whole");
  const normalPath = head.irregularPath ? normalizePath(head.target(bytes).split("?", 1)[0]) : null;
  const exchange = {
    head,
    bytes,
    normalPath,
    connection: { peer, wire: { localAddr } },
    clientAddress: facts.clientAddress === undefined ? peer : facts.clientAddress,
    requestId: "id-1",
    method: head.method(bytes),
    field: (name: string) => head.fields.lookUp(bytes, name),
  };
  return exchange as unknown as Exchange;
}

/** What a trusted proxy said, where it said anything. */
export function clientOf(said: Partial<Client>): Client {
  return { address: null, chain: null, scheme: "http", host: null, requestId: null, ...said };
}
