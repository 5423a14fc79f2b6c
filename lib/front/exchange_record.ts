/**
 * A finished exchange as formats of the access log other than `combined` see it. Nothing is worked out before it is asked for.
 *
 * @module
 */
import { text } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import type { LogRecord, UpstreamUse } from "../observe/log_record.ts";
import { bareHost } from "./host_router.ts";

const NONE: readonly UpstreamUse[] = [];

/** The record of one exchange, good as long as the call that it was given to. */
export class ExchangeRecord implements LogRecord {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get remoteAddress(): string {
    const { clientAddress, connection } = this.#exchange;
    return clientAddress ?? connection.peer ?? "unix:";
  }

  get requestLine(): string {
    const { readable, head, bytes, connection } = this.#exchange;
    if (readable) return text(bytes, head.methodStart, head.fields.start - 2);
    const { start, end } = connection.firstLine();
    return text(bytes, start, end);
  }

  get method(): string {
    return this.#exchange.readable ? this.#exchange.method : "";
  }

  get target(): string {
    const { readable, head, bytes } = this.#exchange;
    return readable ? text(bytes, head.targetStart, head.targetEnd) : "";
  }

  get protocol(): string {
    const { readable, head } = this.#exchange;
    return readable ? `HTTP/1.${head.minor}` : "";
  }

  get host(): string {
    const { readable, head, bytes } = this.#exchange;
    return readable ? bareHost(head.host(bytes)) : "";
  }

  get status(): number {
    return this.#exchange.status;
  }

  get bytes(): number {
    return this.#exchange.bytesSent;
  }

  get requestId(): string {
    return this.#exchange.requestId;
  }

  get duration(): number {
    return performance.now() - this.#exchange.begun;
  }

  get upstreams(): readonly UpstreamUse[] {
    return this.#exchange.trace?.uses ?? NONE;
  }

  field(name: string): string | null {
    return this.#exchange.readable ? this.#exchange.field(name) : null;
  }
}
