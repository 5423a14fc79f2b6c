/**
 * Who may ask a route, and how often: asked before anything else is done for a request.
 *
 * @module
 */
import type { RouteOptions } from "../config/route_options.ts";
import type { Exchange } from "../http1/exchange.ts";
import { hash32 } from "../upstream/policy/hash32.ts";
import { compileAccess } from "./access.ts";
import { compileBasicAuth } from "./basic_auth.ts";
import { keyOf } from "./choice.ts";
import type { Client } from "./forwarded.ts";
import { RateLimiter } from "./rate_limit.ts";
import { Refusal } from "./refusal.ts";

/** Characters of a key that are remembered as they are. */
const MAX_KEY = 64;

/** Lets a request pass, perhaps after a while, or throws {@linkcode Refusal}: 403, 429, 401, asked for in this order. */
export type Guard = (exchange: Exchange, client: Client | null) => Promise<void>;

/** The guard of a route; null when everybody may ask as often as they like. */
export function compileGuard({ access, basicAuth, rateLimit }: RouteOptions): Guard | null {
  if (access === null && basicAuth === null && rateLimit === null) return null;
  const addresses = access === null ? null : compileAccess(access);
  const limiter = rateLimit === null ? null : new RateLimiter(rateLimit);
  const auth = basicAuth === null ? null : compileBasicAuth(basicAuth);
  return async (exchange, client) => {
    if (addresses !== null && !addresses.allows(exchange.clientAddress)) {
      throw new Refusal(403, "the client's address is denied");
    }
    if (limiter !== null && rateLimit !== null) {
      const key = shortened(keyOf(rateLimit.key, exchange, client)), now = performance.now();
      const delay = limiter.ask(key, now);
      if (delay < 0) {
        const seconds = String(limiter.retryAfter(key, now));
        throw new Refusal(429, "too many requests", [["Retry-After", seconds]]);
      }
      if (delay > 0) await pause(exchange, delay);
    }
    if (auth !== null && await auth.check(exchange.field("authorization"), performance.now()) === null) {
      throw new Refusal(401, "no known user and password", [["WWW-Authenticate", auth.challenge]]);
    }
  };
}

/** A key that is remembered for a while, at no more than a few bytes however long a client makes it. */
function shortened(key: string): string {
  return key.length <= MAX_KEY ? key : `${hash32(key)} ${hash32(key, 1)} ${key.length}`;
}

/** Waits, unless the client leaves. */
function pause({ connection }: Exchange, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      connection.workingFor = null;
      resolve();
    }, ms);
    connection.workingFor = {
      close() {
        clearTimeout(timer);
        reject(connection.lost("the client left before its turn"));
      },
    };
  });
}
