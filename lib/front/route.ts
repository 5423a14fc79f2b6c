/**
 * A route, ready to take requests: what guards it, what answers it, and what it changes in answers of our own.
 *
 * @module
 */
import type { ErrorPage, RouteOptions } from "../config/route_options.ts";
import type { Answer } from "../http1/answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import { respond } from "../http1/respond.ts";
import { type ActionContext, compileAction } from "./actions.ts";
import type { Act } from "./answering.ts";
import { HeadEdits } from "./edits.ts";
import type { Client } from "./forwarded.ts";
import { compileGuard, type Guard } from "./guard.ts";
import type { Hosted } from "./host_router.ts";

/** A compiled route. */
export class Route implements Hosted {
  readonly hosts: readonly string[];
  readonly prefix: string;
  /** Bytes; null: as the front's. */
  readonly maxBody: number | null;
  /** Milliseconds; null: as the front's. */
  readonly bodyTimeout: number | null;
  /** Bytes per second of an answer; 0: unlimited. */
  readonly bandwidth: number;
  readonly #act: Act;
  readonly #guard: Guard | null;
  readonly #edits: HeadEdits | null;
  readonly #errorPages: readonly ErrorPage[];

  /** Throws `STACKD_CONFIG_INVALID` for a directory that is gone. */
  constructor(options: RouteOptions, context: ActionContext) {
    this.hosts = options.hosts;
    this.prefix = options.prefix;
    this.maxBody = options.maxBody;
    this.bodyTimeout = options.bodyTimeout;
    this.bandwidth = options.bandwidth;
    this.#act = compileAction(options, context);
    this.#guard = compileGuard(options);
    this.#edits = HeadEdits.compile(options.responseFields);
    this.#errorPages = options.errorPages;
  }

  /** Answers one request. `client`: what a trusted proxy says of it; null when the peer is the client. */
  run(exchange: Exchange, client: Client | null): Promise<void> {
    return this.#guard === null ? this.#act(this, exchange, client) : this.#runGuarded(this.#guard, exchange, client);
  }

  async #runGuarded(guard: Guard, exchange: Exchange, client: Client | null): Promise<void> {
    await guard(exchange, client);
    await this.#act(this, exchange, client);
  }

  /** Sends an answer of our own, with this route's changes to its fields. */
  answer(exchange: Exchange, client: Client | null, answer: Answer): Promise<void> {
    if (this.#edits === null) return respond(exchange, answer);
    return respond(exchange, { ...answer, fields: this.#edits.applyTo(answer.fields, exchange, client) });
  }

  /** An answer of our own; where it is an error that there is a page for, with that page. */
  withErrorPage(answer: Answer): Answer {
    const { status, fields } = answer;
    const page = status < 400 ? undefined : this.#errorPages.find(({ from, to }) => from <= status && status <= to);
    if (page === undefined) return answer;
    const others = fields.filter(([name]) => name !== "Content-Type");
    return { status, fields: [["Content-Type", page.contentType], ...others], body: page.body };
  }
}
