/**
 * One client's connection: requests are read from it in order, one at a time, and each is handed on as an `Exchange`. It
 * knows the client's deadlines and notices when the client leaves while its answer is being made.
 *
 * @module
 */
import type { Limits } from "../config/options.ts";
import { CR, LF } from "./bytes.ts";
import { BODY, type Buffer, BufferPool, MEDIUM, SMALL } from "./buffers.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";
import { Exchange } from "./exchange.ts";
import { Reject } from "./reject.ts";
import { sever } from "./sever.ts";

/** Who serves the requests of a listener's connections. */
export interface Service {
  readonly limits: Limits;
  readonly deadlines: Deadlines;
  /** Whether connections are to end after the answer in progress. */
  readonly draining: boolean;
  /** Answers one request. What it throws is answered by `fail`. */
  handle(exchange: Exchange): Promise<void>;
  /** Answers what could not be read or handled, when no answer has begun; never throws. */
  fail(exchange: Exchange, thrown: unknown): Promise<void>;
  /** Called once for each request, when its answer has ended, well or not. */
  finished(exchange: Exchange): void;
}

/** What a connection waits to read. A body is read, and timed, while an answer may be written already. */
type Phase = "idle" | "head" | "body" | "busy" | "linger" | "closed";

/** The client left before its answer was complete: 499 in the log. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/** How long, and for how many bytes, a connection that was answered early is still read, so that the answer arrives. */
const LINGER = Object.freeze({ total: 30_000, idle: 5_000, bytes: 64 * 1024 * 1024 }); // times are nginx's lingering_*

/** One accepted connection. */
export class ClientConnection implements Expiring {
  readonly conn: Deno.Conn;
  readonly service: Service;
  /** The peer's address; null on a unix socket. */
  readonly peer: string | null;
  /** Whether the client has closed or reset the connection. */
  gone = false;
  /** Called once when the client leaves while its request is being handled. */
  onGone: (() => void) | null = null;
  /** Whether a deadline of the client's has passed: the reason why reads fail afterwards. */
  timedOut = false;
  /** Bytes that were encoded once for this connection, for whoever forwards its requests. */
  prepared: Uint8Array | null = null;
  #phase: Phase = "idle";
  #readDeadline: number;
  #writeDeadline = Infinity;
  #buffer: Buffer = SMALL.take();
  #start = 0;
  #end = 0;
  #pool = SMALL;
  readonly #large: BufferPool;
  /** Where a read goes that was started while the head in `#buffer` is still in use. */
  #ahead: Buffer | null = null;
  #pending: Promise<number | null> | null = null;
  #exchange: Exchange | null = null;

  constructor(conn: Deno.Conn, peer: string | null, service: Service, large: BufferPool) {
    this.conn = conn;
    this.peer = peer;
    this.service = service;
    this.#large = large;
    this.#readDeadline = service.deadlines.after(service.limits.headerTimeout);
    service.deadlines.add(this);
  }

  get deadline(): number {
    return Math.min(this.#readDeadline, this.#writeDeadline);
  }

  /** Whether no request is being read or answered. */
  get idle(): boolean {
    return this.#phase === "idle";
  }

  /** Serves requests until the connection ends. Never throws. */
  async serve(): Promise<void> {
    const { service } = this;
    try {
      for (let served = 1; await this.#firstBytes(); served++) {
        const exchange = this.#exchange = Exchange.begin(this, service.limits);
        exchange.lastOnConnection = served >= service.limits.keepaliveRequests;
        await this.#exchangeOne(exchange);
        const { linger } = exchange;
        const close = exchange.close || (exchange.readable && !exchange.body.complete);
        this.#exchange = null;
        service.finished(exchange);
        exchange.end();
        if (close) {
          if (linger && !this.gone && !this.timedOut) await this.#linger();
          return;
        }
        this.#next();
      }
    } catch {
      // The client left between two requests, or its deadline passed.
    } finally {
      this.close();
      this.#release();
    }
  }

  async #exchangeOne(exchange: Exchange): Promise<void> {
    const { service } = this;
    try {
      if (!await this.#readHead(exchange)) {
        // Half a head and no more: answered when it is too slow, given up when the client has left.
        exchange.abandon(this.timedOut ? 408 : 499);
        return;
      }
      exchange.ready();
      await service.handle(exchange);
    } catch (thrown) {
      if (this.timedOut) exchange.abandon(408);
      else if (thrown instanceof ClientGone || this.gone) exchange.abandon(499);
      else await service.fail(exchange, thrown);
    }
  }

  /** The bytes that hold the head of the request in progress. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.bytes;
  }

  /** Bytes that were read behind the head: of the body, then of the next request. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** Moves up to `max` buffered bytes to `target` at `at`; returns how many. */
  take(target: Uint8Array, at: number, max: number): number {
    const length = Math.min(max, this.#end - this.#start);
    if (length === 0) return 0;
    target.set(this.#buffer.bytes.subarray(this.#start, this.#start + length), at);
    this.#start += length;
    return length;
  }

  /** Where the first line of what could not be read begins and ends in {@linkcode bytes}, for the log. */
  firstLine(): { readonly start: number; readonly end: number } {
    const { bytes } = this.#buffer;
    let end = this.#start;
    while (end < this.#end && bytes[end] !== LF && bytes[end] !== CR) end++;
    return { start: this.#start, end };
  }

  /**
   * Gives the connection out of the engine's hands, for an upgrade: its deadlines rest and nothing more is read from it here.
   * {@linkcode close} still closes it.
   */
  detach(): { readonly conn: Deno.Conn; readonly buffered: Uint8Array } {
    this.#phase = "busy";
    this.#readDeadline = Infinity;
    const buffered = this.#buffer.bytes.slice(this.#start, this.#end);
    this.#start = this.#end;
    return { conn: this.conn, buffered };
  }

  /** Passes over `n` buffered bytes. */
  skip(n: number): void {
    this.#start += n;
  }

  /** Undoes the last `n` bytes of {@linkcode take}: they belong to the next request. */
  untake(n: number): void {
    this.#start -= n;
  }

  /** Gives bytes back that were read past a body's end: the next request begins with them. */
  putBack(bytes: Uint8Array): void {
    const buffer = this.#ahead = (bytes.length <= this.#large.size ? this.#large : new BufferPool(bytes.length, 0))
      .take();
    buffer.bytes.set(bytes);
    this.#pending = Promise.resolve(bytes.length);
  }

  /** Reads body bytes. Throws {@linkcode ClientGone} at the end, for a body must not end so. */
  async readBody(view: Uint8Array): Promise<number> {
    this.#phase = "body";
    this.#readDeadline = this.service.deadlines.after(this.service.limits.bodyTimeout);
    const n = await this.#read(view);
    this.#readDeadline = Infinity;
    if (n !== null) {
      this.#phase = "busy";
      return n;
    }
    this.#leave();
    throw new ClientGone("the client left within its body");
  }

  /** Writes bytes[start, end). Throws {@linkcode ClientGone} when the client left or read nothing for the write timeout. */
  async write(bytes: Uint8Array, start: number, end: number): Promise<void> {
    const { deadlines, limits } = this.service;
    this.#writeDeadline = deadlines.after(limits.writeTimeout);
    try {
      let at = start + await this.conn.write(bytes.subarray(start, end));
      while (at < end) {
        this.#writeDeadline = deadlines.after(limits.writeTimeout);
        at += await this.conn.write(bytes.subarray(at, end));
      }
    } catch {
      this.#leave();
      throw new ClientGone("the client left while it was answered");
    }
    this.#writeDeadline = Infinity;
  }

  /**
   * Looks ahead while a request is handled, so that a client that leaves is noticed at once. What it reads is the beginning
   * of the next request. Not while a body is still to be read, nor when a pipelined request is buffered already.
   */
  watch(): void {
    if (this.#pending !== null || this.#end > this.#start || this.#ahead !== null) return;
    this.#ahead = this.#pool.take();
    this.#pending = this.conn.read(this.#ahead.room);
    this.#pending.then(this.#onAhead, this.#onAheadError);
  }

  readonly #onAhead = (n: number | null) => {
    if (n === null) this.#leave();
  };
  readonly #onAheadError = () => this.#leave();

  #leave(): void {
    if (this.gone) return;
    this.gone = true;
    const { onGone } = this;
    this.onGone = null;
    onGone?.();
  }

  /** {@inheritDoc Expiring.expire} */
  expire(): void {
    if (this.#writeDeadline <= this.service.deadlines.now) {
      this.#leave();
      sever(this.conn);
    } else if (this.#phase === "head" || this.#phase === "body") {
      this.timedOut = true;
      this.#exchange?.timeOut();
      this.#leave();
    }
    this.close();
  }

  /** Closes the connection. A read that is pending ends. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.service.deadlines.delete(this);
    try {
      this.conn.close();
    } catch { /* closed already */ }
  }

  /** Waits for the first bytes of a request; false when there will be none. */
  async #firstBytes(): Promise<boolean> {
    if (this.#ahead !== null && this.#pending !== null) {
      const n = await this.#settle(this.#pending);
      this.#pending = null;
      this.#giveBack(this.#buffer);
      this.#buffer = this.#ahead;
      this.#ahead = null;
      if (n === null) return false;
      this.#end = n;
    } else if (this.#end === this.#start && await this.#fill() === null) {
      return false;
    }
    this.#phase = "head";
    return true;
  }

  async #readHead(exchange: Exchange): Promise<boolean> {
    if (this.#scan(exchange)) return true;
    const { maxRequestLine, headerTimeout } = this.service.limits;
    this.#readDeadline = this.service.deadlines.after(headerTimeout);
    for (;;) {
      if (this.#end === this.#buffer.room.length) this.#makeRoom();
      const from = this.#end;
      if (await this.#fill() === null) {
        this.#leave();
        return false;
      }
      // Nothing can have become complete, or wrong in a new way, without a line's end: a client that dribbles costs little.
      const lf = this.#buffer.bytes.indexOf(LF, from);
      if ((lf !== -1 && lf < this.#end) || this.#end - this.#start >= maxRequestLine) {
        if (this.#scan(exchange)) return true;
      }
    }
  }

  #scan(exchange: Exchange): boolean {
    const { head } = exchange;
    if (!head.scan(this.#buffer.bytes, this.#start, this.#end)) return false;
    this.#start = head.end;
    this.#phase = "busy";
    this.#readDeadline = Infinity;
    const wanted = head.end + head.contentLength;
    if (this.#pool === SMALL && wanted > SMALL.size && wanted <= MEDIUM.size) this.#pool = MEDIUM;
    return true;
  }

  /** Reads into the free end of the buffer; null at the end of the stream. */
  async #fill(): Promise<number | null> {
    const { room } = this.#buffer;
    const n = await this.#read(this.#end === 0 ? room : room.subarray(this.#end));
    if (n !== null) this.#end += n;
    return n;
  }

  /** A read; an error is the end of the stream, for whoever waits. */
  #read(view: Uint8Array): Promise<number | null> {
    return this.#settle(this.conn.read(view));
  }

  async #settle(read: Promise<number | null>): Promise<number | null> {
    try {
      return await read;
    } catch {
      return null;
    }
  }

  /** Moves what is unread to the front, or into a buffer of the next size. */
  #makeRoom(): void {
    const length = this.#end - this.#start;
    if (this.#start > 0 && length < this.#buffer.room.length) {
      this.#buffer.bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const size = this.#buffer.room.length;
      if (size >= this.#large.size) throw new Reject(431, `a head of more than ${this.#large.size} bytes`);
      const larger = (size < MEDIUM.size && MEDIUM.size < this.#large.size ? MEDIUM : this.#large).take();
      larger.bytes.set(this.#buffer.bytes.subarray(this.#start, this.#end));
      this.#giveBack(this.#buffer);
      this.#buffer = larger;
    }
    this.#start = 0;
    this.#end = length;
  }

  /** Ready for the next request: the read that was started ahead becomes the current one. */
  #next(): void {
    this.#phase = "idle";
    this.onGone = null;
    this.#readDeadline = this.service.deadlines.after(this.service.limits.keepaliveTimeout);
    if (this.#end > this.#start) return;
    this.#start = this.#end = 0;
  }

  #giveBack(buffer: Buffer): void {
    if (buffer.room.length === SMALL.size) SMALL.give(buffer);
    else if (buffer.room.length === MEDIUM.size) MEDIUM.give(buffer);
    else this.#large.give(buffer);
  }

  #release(): void {
    this.#giveBack(this.#buffer);
    if (this.#ahead !== null && this.#pending === null) this.#giveBack(this.#ahead);
  }

  /**
   * Lingering close: the answer was sent before the request was read to its end. Closing now would reset the connection and
   * could take the answer away from the client (RFC 9112 §9.6), so the rest is read and thrown away for a while.
   */
  async #linger(): Promise<void> {
    const { deadlines } = this.service;
    const until = deadlines.after(LINGER.total);
    this.#phase = "linger";
    this.#readDeadline = deadlines.after(LINGER.idle);
    await this.conn.closeWrite();
    if (this.#pending !== null) await this.#pending;
    const buffer = BODY.take();
    try {
      for (let read = 0; read < LINGER.bytes;) {
        const n = await this.conn.read(buffer.room);
        if (n === null) break;
        read += n;
        this.#readDeadline = Math.min(until, deadlines.after(LINGER.idle));
      }
    } finally {
      BODY.give(buffer);
    }
  }
}
