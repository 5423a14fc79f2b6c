/**
 * What a request says about the server that it wants: a key that is hashed, or a cookie that it got from us.
 *
 * @module
 */
import type { GroupOptions } from "../config/group_options.ts";
import type { KeySource } from "../config/route_options.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { ServerRequest } from "../upstream/group.ts";
import type { UpstreamServer } from "../upstream/server.ts";
import type { Client } from "./forwarded.ts";
import { bareHost } from "./host_router.ts";
import { hostOf, originForm } from "./template.ts";

/** How a group's servers are chosen, as far as the request has a say in it. */
export interface ServerChoice {
  /** What choosing depends on. */
  of(exchange: Exchange, client: Client | null): ServerRequest;
  /** The Set-Cookie value that keeps the client at `server`; null when there is none to be sent. */
  cookieFor(server: UpstreamServer, exchange: Exchange): string | null;
}

/** The choice by `options`. */
export function compileChoice({ policy, hashKey, stickyCookie }: GroupOptions): ServerChoice {
  const keyed = policy === "hash";
  if (!keyed && stickyCookie === null) return FREE;
  return {
    of: (exchange, client) => ({
      key: keyed ? keyOf(hashKey, exchange, client) : "",
      sticky: stickyCookie === null ? null : cookieOf(exchange, stickyCookie),
    }),
    cookieFor: (server, exchange) =>
      stickyCookie === null || cookieOf(exchange, stickyCookie) === server.publicId
        ? null
        : `${stickyCookie}=${server.publicId}; Path=/; HttpOnly; SameSite=Lax`,
  };
}

const ANY: ServerRequest = { key: "", sticky: null };
/** Requests that have no say. */
const FREE: ServerChoice = { of: () => ANY, cookieFor: () => null };

/** What tells a request from others by `source`. */
export function keyOf(source: KeySource, exchange: Exchange, client: Client | null): string {
  switch (source.kind) {
    case "client":
      return exchange.clientAddress ?? "unix:";
    case "uri":
      return originForm(exchange);
    case "host":
      return bareHost(hostOf(exchange, client));
    case "cookie":
      return cookieOf(exchange, source.name) ?? "";
    case "field":
      return exchange.field(source.name.toLowerCase()) ?? "";
  }
}

/** The value of a cookie (RFC 6265 §5.4), as it was sent; null when there is none of the name. */
export function cookieOf(exchange: Exchange, name: string): string | null {
  for (const pair of (exchange.field("cookie") ?? "").split(/[;,]/)) {
    const at = pair.indexOf("=");
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}
