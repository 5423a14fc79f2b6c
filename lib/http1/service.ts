/**
 * What a client's connection needs of the server that it belongs to.
 *
 * @module
 */
import type { Limits } from "../config/options.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Exchange } from "./exchange.ts";

/** Who serves the requests of a listener's connections. */
export interface Service {
  readonly limits: Limits;
  readonly deadlines: Deadlines;
  /** Whether connections are to end after the answer in progress. */
  readonly draining: boolean;
  /** Whether it matters to the millisecond when a request began, and which upstreams had it: the access log says so. */
  readonly traced: boolean;
  /** WebSockets that are open. */
  readonly upgraded: Set<Upgraded>;
  /** Answers one request. What it throws is answered by `fail`. */
  handle(exchange: Exchange): Promise<void>;
  /** Answers what could not be read or handled, when no answer has begun; never throws. */
  fail(exchange: Exchange, thrown: unknown): Promise<void>;
  /** Called once for each request, when its answer has ended, well or not. */
  finished(exchange: Exchange): void;
}

/** A WebSocket that is passed on. */
export interface Upgraded {
  /** The upstream server that has it. */
  readonly authority: string;
  /** Tells the client that its server goes. */
  farewell(): void;
}
