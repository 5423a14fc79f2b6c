/**
 * An answer whose bytes are all there before anybody asks: sent without a promise, and without a copy.
 *
 * @module
 */
import { STATUS_TEXT } from "@std/http/status";
import type { Field } from "./answer.ts";
import { latin1, put } from "./bytes.ts";
import { ClientGone } from "./client_gone.ts";
import { dateLine } from "./date.ts";
import type { Exchange } from "./exchange.ts";

/** Our own name in answers. */
export const SERVER = "Server: stackd\r\n";

const DONE: Promise<void> = Promise.resolve();
/** For the lines that some connections need: Connection, at most 24 bytes. */
const ROOM = 32;

/** The bytes of a 200, or of a 304: head, with this second's Date in its place, and body. */
export class PreparedAnswer {
  /** The body; never changed. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly #status: 200 | 304;
  readonly #message: Uint8Array<ArrayBuffer>;
  /** Where the body begins. */
  readonly #headEnd: number;
  readonly #dateAt: number;
  #date: Uint8Array = dateLine();

  /** `fields`: as an `Answer`'s. `body`: null for a 304. */
  constructor(fields: readonly Field[], body: Uint8Array | null) {
    const status = this.#status = body === null ? 304 : 200;
    let text = `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\n`;
    for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
    if (body !== null) text += `Content-Length: ${body.length}\r\n`;
    const head = latin1(text + SERVER);
    const message = new Uint8Array(head.length + this.#date.length + 2 + (body?.length ?? 0));
    this.#dateAt = put(head, message, 0);
    const at = put(this.#date, message, this.#dateAt);
    message[at] = 13;
    message[at + 1] = 10;
    this.#headEnd = at + 2;
    if (body !== null) put(body, message, this.#headEnd);
    this.#message = message;
    this.body = message.subarray(this.#headEnd);
  }

  /** Bytes of memory. */
  get size(): number {
    return this.#message.length;
  }

  /** Answers `exchange` and records it there; to HEAD without the body. Rejects with `ClientGone`. */
  send(exchange: Exchange): Promise<void> {
    const { connection } = exchange;
    exchange.settleBody();
    exchange.status = this.#status;
    exchange.started = true;
    const message = this.#message, headEnd = this.#headEnd, date = dateLine();
    if (date !== this.#date) {
      this.#date = date;
      put(date, message, this.#dateAt);
    }
    const end = exchange.isHead ? headEnd : message.length;
    exchange.bytesSent = end - headEnd;
    if (exchange.close || exchange.head.minor === 0) {
      const own = this.#withConnection(exchange, end);
      return writeCounted(exchange, own, 0, own.length);
    }
    const sent = connection.writeNow(message, 0, end);
    if (sent === end) return DONE;
    // The Date in the shared bytes may be another one by the time that the rest is sent.
    if (sent < headEnd) return writeCounted(exchange, message.slice(sent, end), 0, end - sent);
    return writeCounted(exchange, message, sent, end);
  }

  /** A copy of message[0, end) with the Connection field of `exchange`. */
  #withConnection(exchange: Exchange, end: number): Uint8Array<ArrayBuffer> {
    const message = this.#message, linesEnd = this.#headEnd - 2;
    const own = new Uint8Array(end + ROOM);
    own.set(message.subarray(0, linesEnd));
    const at = exchange.putConnection(own, linesEnd);
    own.set(message.subarray(linesEnd, end), at);
    return own.subarray(0, at + end - linesEnd);
  }
}

/** Writes bytes[start, end), which end a body that `exchange` counts as sent: what a client that leaves has not taken is not. */
export async function writeCounted(
  exchange: Exchange,
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
): Promise<void> {
  try {
    await exchange.connection.write(bytes, start, end);
  } catch (thrown) {
    if (thrown instanceof ClientGone) exchange.bytesSent = Math.max(0, exchange.bytesSent - thrown.unsent);
    throw thrown;
  }
}
