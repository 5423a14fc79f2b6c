/**
 * One client's connection: requests are read from it in order, one at a time, and each is handed on as an `Exchange`. It
 * knows the client's deadlines and notices when the client leaves while its answer is being made.
 *
 * @module
 */
import { BODY, type BufferPool } from "./buffers.ts";
import { CR, LF } from "./bytes.ts";
import { ClientGone } from "./client_gone.ts";
import type { Expiring } from "./deadlines.ts";
import { Exchange } from "./exchange.ts";
import { Inbox, settled } from "./inbox.ts";
import type { Reject } from "./reject.ts";
import type { Service } from "./service.ts";
import type { Wire } from "./wire.ts";

/** How fast an answer may be sent. */
export interface Pacing {
  /** Bytes to send at once. */
  readonly piece: number;
  /** How long to wait before `n` more bytes are sent, ms; counts them as sent then. `now` in ms. */
  delay(n: number, now: number): number;
}

/** What a server in front has told of the one request on a connection, in a protocol that is not HTTP. */
export interface Told {
  /** What its client speaks with that server. */
  readonly scheme: "http" | "https";
  /** What of the path, in normal form, was for the server in front to find out whom to ask; empty for nothing. */
  readonly prefix: string;
  /** Why the request cannot be taken; null when it can. */
  readonly refusal: Reject | null;
}

/** What a connection waits to read. A body is read, and timed, while an answer may be written already. */
type Phase = "idle" | "head" | "body" | "busy" | "linger" | "closed";

/** How long, and for how many bytes, a connection that was answered early is still read; nginx's lingering_*. */
const LINGER = Object.freeze({ total: 30_000, idle: 5_000, bytes: 64 * 1024 * 1024 });

/** How long a connection is kept for its next request while the front drains, ms. */
const DRAIN_IDLE = 100;

/** One accepted connection. */
export class ClientConnection implements Expiring {
  readonly wire: Wire;
  readonly service: Service;
  /** The peer's address; null on a unix socket. */
  readonly peer: string | null;
  /** What the client has sent. */
  readonly inbox: Inbox;
  /** Whether the client has closed or reset the connection. */
  gone = false;
  #cut = false;
  /** Closed when the client leaves while its request is being handled: the upstream connection that works for it. */
  workingFor: { close(): void } | null = null;
  /** Whether a deadline of the client's has passed: the reason why reads fail afterwards. */
  timedOut = false;
  /** Between two reads of the present request's body, ms; null: as the service's limits say. */
  bodyTimeout: number | null = null;
  /** Largest request body, bytes, 0 = unlimited; null: as the service's limits say. */
  maxBody: number | null = null;
  /** Where it did not begin with HTTP: its request has been written into the inbox as HTTP. @default {null} */
  told: Told | null = null;
  /** Slows down what is written; null: nothing does. For one request. */
  pacing: Pacing | null = null;
  #phase: Phase = "idle";
  #readDeadline: number;
  #writeDeadline = Infinity;
  /** Whether a write waits for the client: another one has to come after it. */
  #writing = false;
  #exchange: Exchange | null = null;

  constructor(wire: Wire, peer: string | null, service: Service, large: BufferPool) {
    this.wire = wire;
    this.peer = peer;
    this.service = service;
    this.inbox = new Inbox(this.wire, large);
    this.#readDeadline = service.deadlines.after(service.limits.headerTimeout);
    service.deadlines.add(this);
  }

  get deadline(): number {
    return Math.min(this.#readDeadline, this.#writeDeadline);
  }

  /** The request that is being read or answered. */
  get exchange(): Exchange | null {
    return this.#exchange;
  }

  get idle(): boolean {
    return this.#phase === "idle";
  }

  /** Serves requests until the connection ends. Never throws. */
  async serve(): Promise<void> {
    const { service, inbox } = this;
    try {
      for (let served = 1;; served++) {
        if (inbox.length === 0) {
          const n = await inbox.read();
          if (n === 0) return;
          inbox.received(n);
        }
        this.#phase = "head";
        const exchange = this.#exchange = Exchange.begin(this, service.limits);
        exchange.lastOnConnection = served >= service.limits.keepaliveRequests;
        try {
          if (this.told !== null && this.told.refusal !== null) throw this.told.refusal;
          if (!this.#scan(exchange)) await this.#readHead(exchange);
          exchange.ready();
          await service.handle(exchange);
        } catch (thrown) {
          await this.#fail(exchange, thrown);
        }
        this.#exchange = this.workingFor = null;
        this.bodyTimeout = this.pacing = null;
        const close = exchange.close || !exchange.body.complete;
        const { mayBeSending } = exchange;
        service.finished(exchange);
        exchange.end();
        if (close) {
          if (mayBeSending && !this.gone) await this.#linger();
          return;
        }
        inbox.rest();
        this.#phase = "idle";
        // An answer that had begun before a drain could not say that it is the last: the client may have gone on already.
        this.#readDeadline = service.deadlines.after(service.draining ? DRAIN_IDLE : service.limits.keepaliveTimeout);
      }
    } catch {
      // The client left between two requests, or its deadline passed.
    } finally {
      this.close();
      inbox.release();
    }
  }

  async #fail(exchange: Exchange, thrown: unknown): Promise<void> {
    if (this.timedOut) exchange.abandon(408);
    else if (thrown instanceof ClientGone || this.gone) exchange.abandon(499);
    else await this.service.fail(exchange, thrown);
  }

  /** Where the first line of what could not be read begins and ends, for the log. */
  firstLine(): { readonly start: number; readonly end: number } {
    const { bytes, start, end: stop } = this.inbox;
    let end = start;
    while (end < stop && bytes[end] !== LF && bytes[end] !== CR) end++;
    return { start, end };
  }

  #scan(exchange: Exchange): boolean {
    const { head } = exchange, { inbox } = this;
    if (inbox.end === inbox.bytes.length) inbox.leaveRoom();
    if (!head.scan(inbox.bytes, inbox.start, inbox.end)) return false;
    inbox.start = head.end;
    this.#phase = "busy";
    this.#readDeadline = Infinity;
    if (head.contentLength > 0) inbox.prepareFor(head.end + head.contentLength);
    return true;
  }

  /** Reads on until the head is whole. Throws {@linkcode ClientGone} when it never will be. */
  async #readHead(exchange: Exchange): Promise<void> {
    const { inbox } = this;
    const { maxRequestLine, headerTimeout } = this.service.limits;
    this.#readDeadline = this.service.deadlines.after(headerTimeout);
    for (;;) {
      const n = await settled(inbox.read());
      if (n === 0) throw this.lost("the client left within its head");
      inbox.received(n);
      inbox.prepareFor(inbox.length);
      // Nothing can have become complete, or wrong in a new way, without a line's end: a client that dribbles costs little.
      const lf = inbox.bytes.indexOf(LF, inbox.end - n);
      if ((lf === -1 || lf >= inbox.end) && inbox.length < maxRequestLine) continue;
      if (this.#scan(exchange)) return;
    }
  }

  /** Reads body bytes. Throws {@linkcode ClientGone} at the end, for a body must not end so. */
  async readBody(view: Uint8Array<ArrayBuffer>): Promise<number> {
    this.#phase = "body";
    this.#readDeadline = this.service.deadlines.after(this.bodyTimeout ?? this.service.limits.bodyTimeout);
    const n = await settled(this.wire.read(view));
    if (n === 0) throw this.lost("the client left within its body");
    // An early answer may have ended the exchange meanwhile: then the deadline is not this read's any more.
    if (this.#phase === "body") {
      this.#phase = "busy";
      this.#readDeadline = Infinity;
    }
    return n;
  }

  /** The client is not there any more: the error to throw. */
  lost(why: string, unsent = 0): ClientGone {
    this.#leave();
    return new ClientGone(why, unsent);
  }

  /** Writes bytes[start, end). Throws {@linkcode ClientGone} when the client left or read nothing for the write timeout. */
  async write(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<void> {
    const { deadlines, limits } = this.service;
    let at = start + this.writeNow(bytes, start, end);
    if (at === end) return;
    this.#writing = true;
    try {
      while (at < end) {
        const stop = this.pacing === null ? end : Math.min(end, at + this.pacing.piece);
        if (this.pacing !== null) await pause(this.pacing.delay(stop - at, performance.now()));
        this.#writeDeadline = deadlines.after(limits.writeTimeout);
        at += await this.wire.write(bytes.subarray(at, stop));
        this.#writeDeadline = Infinity;
      }
    } catch {
      throw this.lost("the client left while it was answered", end - at);
    }
    this.#writing = false;
  }

  /** Writes what the kernel takes of bytes[start, end) at once, without waiting; how much. {@linkcode write} does the rest. */
  writeNow(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    return this.#writing || this.pacing !== null ? 0 : this.wire.writeNow(bytes, start, end);
  }

  /**
   * Looks ahead while a request is handled, so that a client that leaves is noticed at once. What it reads is the beginning
   * of the next request.
   */
  watch(): void {
    this.inbox.readAhead()?.then(this.#onAhead, this.#leave);
  }

  readonly #onAhead = (n: number) => {
    if (n === 0) this.#leave();
  };

  readonly #leave = () => {
    this.gone = !this.#cut;
    const { workingFor } = this;
    this.workingFor = null;
    workingFor?.close();
  };

  /** {@inheritDoc Expiring.postpone} */
  postpone(ms: number): void {
    this.#readDeadline += ms;
    this.#writeDeadline += ms;
  }

  /** {@inheritDoc Expiring.expire} */
  expire(): void {
    if (this.#writeDeadline <= this.service.deadlines.now) {
      this.wire.sever();
    } else if (this.#phase === "head" || this.#phase === "body") {
      this.timedOut = true;
      this.#exchange?.timeOut();
    }
    this.#leave();
    this.close();
  }

  /** Ends the connection of a client that may not be reading any more. It has not left: the reason is another's. */
  cut(): void {
    this.#cut = true;
    this.wire.sever();
  }

  /** Closes the connection. A read that is pending ends. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.service.deadlines.delete(this);
    this.wire.close();
  }

  /**
   * Gives the connection out of the engine's hands, for an upgrade: its deadlines rest and nothing more is read from it here.
   * {@linkcode close} still closes it.
   */
  detach(): { readonly wire: Wire } & ReturnType<Inbox["takeAll"]> {
    this.#phase = "busy";
    this.#readDeadline = Infinity;
    return { wire: this.wire, ...this.inbox.takeAll() };
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
    await this.wire.closeWrite();
    if (this.inbox.readingAhead && await this.inbox.read() === 0) return;
    const buffer = BODY.take();
    try {
      for (let read = 0; read < LINGER.bytes;) {
        const n = await this.wire.read(buffer);
        if (n === 0) break;
        read += n;
        this.#readDeadline = Math.min(until, deadlines.after(LINGER.idle));
      }
    } finally {
      BODY.give(buffer);
    }
  }
}

const pause = (ms: number) => ms <= 0 ? null : new Promise((resolve) => setTimeout(resolve, ms));
