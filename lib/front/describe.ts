/**
 * A request in the error log.
 *
 * @module
 */
import type { Exchange } from "../http1/exchange.ts";

/** `GET "/a?b" (request id 1)`; a request whose head could not be read has no name. */
export function describe(exchange: Exchange): string {
  if (!exchange.readable) return "a request";
  const { head, bytes } = exchange;
  return `${exchange.method} ${JSON.stringify(head.target(bytes))} (request id ${exchange.requestId})`;
}
