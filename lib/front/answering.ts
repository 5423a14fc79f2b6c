/**
 * How what answers a route's requests is called, and what the route does for it.
 *
 * @module
 */
import type { Answer } from "../http1/answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { Client } from "./forwarded.ts";

/** Sends an answer in a route's name. */
export interface Answering {
  answer(exchange: Exchange, client: Client | null, answer: Answer): Promise<void>;
  /** The same answer, with the route's page where it is an error that there is one for. */
  withErrorPage(answer: Answer): Answer;
}

/** Answers one request of a route. */
export type Act = (route: Answering, exchange: Exchange, client: Client | null) => Promise<void>;
