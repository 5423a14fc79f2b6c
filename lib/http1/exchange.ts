/**
 * One request and its answer: what the router, the relay, the static files and the access log see of it.
 *
 * @module
 */
import { randomPrefix } from "../observe/request_id.ts";
import { RequestBody } from "./body.ts";
import { latin1, put, putHex, putText, text } from "./bytes.ts";
import type { ClientConnection } from "./connection.ts";
import { dateLine } from "./date.ts";
import { type HeadLimits, RequestHead } from "./request_head.ts";
import { UpstreamTrace } from "./upstream_trace.ts";

const pool: Exchange[] = [];
const KEEP = 256;

/** Request ids are this process's random prefix and a counter: unique enough to find a line in a log, and cheap. */
const ID_PREFIX = `${randomPrefix()}-`;
const ID_NAME = latin1("X-Request-Id: "), ID_START = latin1(`X-Request-Id: ${ID_PREFIX}`);
let requests = 0;

const CLOSE = latin1("Connection: close\r\n"), KEEP_ALIVE = latin1("Connection: keep-alive\r\n");

/** A request and what became of it. Reused: hold none beyond the call it was given to. */
export class Exchange {
  connection: ClientConnection;
  readonly head: RequestHead;
  readonly body: RequestBody;
  /** The status that was answered; 0 before, 499 when the client left. */
  status = 0;
  /** Body bytes sent to the client, as nginx's $body_bytes_sent: without the head. */
  bytesSent = 0;
  /** Whether a byte of the answer's head has been sent: then no other answer is possible. */
  started = false;
  /** Whether the connection ends after this answer. */
  close = false;
  /** Whether the head could be read: else there is no method and no target to speak of. */
  readable = false;
  lastOnConnection = false;
  /** When its first byte was looked at, monotonic ms; by the coarse clock of the service's deadlines unless it is traced. */
  begun = 0;
  /** The client's address as far as it is known: the peer's, or what a trusted proxy says; null for a unix socket. */
  clientAddress: string | null = null;
  /** Which upstreams it was given to; null where nobody asks. */
  trace: UpstreamTrace | null = null;
  /** The path in normal form, when it had to be normalised for routing. */
  normalPath: string | null = null;
  #number = 0;
  #adoptedId: string | null = null;
  #retained = false;

  private constructor(connection: ClientConnection, limits: HeadLimits) {
    this.connection = connection;
    this.head = new RequestHead(limits);
    this.body = new RequestBody(connection);
    this.begun = connection.service.deadlines.now;
  }

  /** An exchange for the next request of `connection`. */
  static begin(connection: ClientConnection, limits: HeadLimits): Exchange {
    const exchange = Exchange.#make(connection, limits);
    if (connection.service.traced) {
      exchange.begun = performance.now();
      exchange.trace = new UpstreamTrace();
    }
    return exchange;
  }

  static #make(connection: ClientConnection, limits: HeadLimits): Exchange {
    const exchange = pool.pop();
    if (exchange === undefined || exchange.head.limits !== limits) return new Exchange(connection, limits);
    exchange.connection = connection;
    exchange.begun = connection.service.deadlines.now;
    exchange.status = exchange.bytesSent = 0;
    exchange.started =
      exchange.close =
      exchange.readable =
      exchange.lastOnConnection =
        false;
    exchange.clientAddress =
      exchange.normalPath =
      exchange.#adoptedId =
      exchange.trace =
        null;
    exchange.#number = 0;
    return exchange;
  }

  /** The head has been read: prepares the body, decides about the connection, and watches for the client's leaving. */
  ready(): void {
    this.readable = true;
    this.body.begin(this.connection, this.head);
    this.close = !this.head.keepAlive || this.lastOnConnection || this.connection.service.draining;
    if (this.body.complete) this.connection.watch();
  }

  /** Gives the exchange back, unless something still works on it. */
  end(): void {
    if (!this.#retained && pool.length < KEEP) pool.push(this);
  }

  /** Keeps the exchange from being reused before `work`, which never rejects, is over. */
  retainUntil(work: Promise<unknown>): void {
    this.#retained = true;
    work.then(() => {
      this.#retained = false;
    });
  }

  /** The id that ties answer, log and upstream together. */
  get requestId(): string {
    return this.#adoptedId ?? `${ID_PREFIX}${this.#id().toString(16)}`;
  }

  /** Takes over the id that a trusted proxy gave the request. */
  adoptRequestId(id: string): void {
    this.#adoptedId = id;
  }

  /** Writes the X-Request-Id line, without its CRLF, to `out`; returns the position behind it. */
  putRequestId(out: Uint8Array, at: number): number {
    if (this.#adoptedId !== null) return putText(this.#adoptedId, out, put(ID_NAME, out, at));
    return putHex(this.#id(), out, put(ID_START, out, at));
  }

  #id(): number {
    if (this.#number === 0) this.#number = requests = requests % 0x7fffffff + 1;
    return this.#number;
  }

  /** The buffer that the head's offsets point into. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.connection.inbox.bytes;
  }

  get method(): string {
    return this.head.method(this.bytes);
  }

  /** Whether an answer may have chunks, and interim ones before it: not in HTTP/1.0, nor over the uwsgi protocol. */
  get takesChunks(): boolean {
    return this.head.minor === 1 && this.connection.told === null;
  }

  get isHead(): boolean {
    return this.readable && this.head.isMethod(this.bytes, "HEAD");
  }

  /** The value of a request field by its lower-case name, several joined by commas; null when absent. */
  field(name: string): string | null {
    return this.head.fields.lookUp(this.bytes, name);
  }

  /** The answer is the last one on this connection, whatever the client wanted. */
  closeAfter(): void {
    this.close = true;
  }

  /** No answer can be given any more; `status` is for the log. */
  abandon(status: number): void {
    this.status = status;
    this.close = true;
  }

  /** Whether the client may still be sending what nobody will read: then closing the connection must linger. */
  get mayBeSending(): boolean {
    return !this.readable || !this.body.complete || this.connection.inbox.length > 0;
  }

  /**
   * Settles what an answer before the request's end means for the connection; call it before the answer's head is written.
   * A body that has been received already is passed over, so that an early answer does not cost the connection.
   */
  settleBody(): void {
    if (this.readable && this.body.discardBuffered()) return;
    this.body.withholdContinue();
    this.close = true;
  }

  /** Writes the Connection field that the client's version needs, if any; returns the position behind it. */
  putConnection(out: Uint8Array, at: number): number {
    const line = this.close ? CLOSE : this.head.minor === 0 ? KEEP_ALIVE : null;
    return line === null ? at : put(line, out, at);
  }

  /** Too slow: a 408 as far as the kernel takes it, when no answer has begun; the connection is closed right after. */
  timeOut(): void {
    if (this.started) return;
    this.started = true;
    const line = dateLine(), date = text(line, 0, line.length);
    const body = "408 Request Timeout\n";
    const answer = latin1(
      `HTTP/1.1 408 Request Timeout\r\n${date}Server: stackd\r\nContent-Type: text/plain; charset=utf-8\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    this.connection.wire.write(answer).catch(() => {});
    this.bytesSent = body.length;
  }
}
