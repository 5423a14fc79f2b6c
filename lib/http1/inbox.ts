/**
 * What a client has sent and nobody has consumed yet: one buffer, small while the connection is idle, larger while a head
 * needs it, and a second one only while a request is handled and the next is being looked ahead for.
 *
 * @module
 */
import { BufferPool, MEDIUM, SMALL } from "./buffers.ts";
import { Reject } from "./reject.ts";
import type { Wire } from "./wire.ts";

/** The read side of a client's connection. */
export class Inbox {
  /** Where the unconsumed bytes begin. */
  start = 0;
  /** Where they end. */
  end = 0;
  /** The memory that `start` and `end` point into; it stays as it is until {@linkcode received} after a read-ahead. */
  bytes: Uint8Array<ArrayBuffer> = SMALL.take();
  readonly #wire: Wire;
  /** For heads up to the limit, and a byte more, which {@linkcode read} leaves free. */
  readonly #large: BufferPool;
  /** What the next read-ahead takes: small, or medium once a request did not fit into a small one. */
  #pool = SMALL;
  #ahead: Uint8Array<ArrayBuffer> | null = null;
  #pending: Promise<number> | null = null;

  constructor(wire: Wire, large: BufferPool) {
    this.#wire = wire;
    this.#large = large;
  }

  /** Bytes that are there. */
  get length(): number {
    return this.end - this.start;
  }

  /** Starts reading (0: the end), or goes on with the read that was started ahead. Account for its result with {@linkcode received}. */
  read(): Promise<number> {
    if (this.#pending !== null) return this.#pending;
    this.leaveRoom();
    const { bytes, end } = this;
    const limit = bytes.length === this.#large.size ? bytes.length - 1 : bytes.length;
    return this.#wire.read(end === 0 && limit === bytes.length ? bytes : bytes.subarray(end, limit));
  }

  /** `n` bytes came from {@linkcode read}: after a read-ahead its buffer becomes the current one. */
  received(n: number): void {
    if (this.#ahead !== null) {
      this.#giveBack();
      this.bytes = this.#ahead;
      this.#ahead = this.#pending = null;
      this.start = this.end = 0;
    }
    this.end += n;
  }

  /**
   * Starts a read while what is in the buffer is still in use, so that a client that leaves is noticed; null when one is
   * under way or bytes are waiting, for then there is nothing to notice yet.
   */
  readAhead(): Promise<number> | null {
    if (this.#pending !== null || this.end > this.start) return null;
    this.#ahead = this.#pool.take();
    return this.#pending = this.#wire.read(this.#ahead);
  }

  /** Whether a read-ahead is under way. */
  get readingAhead(): boolean {
    return this.#pending !== null;
  }

  /** A request is done. An idle connection holds one buffer, the one it reads into. */
  rest(): void {
    if (this.end > this.start) return;
    this.start = this.end = 0;
    if (this.#pending === null) return;
    this.#giveBack();
    this.bytes = NOTHING;
  }

  /** A message of `length` bytes was begun: from now on there is room for its like at once. */
  prepareFor(length: number): void {
    if (length >= SMALL.size && length < MEDIUM.size) this.#pool = MEDIUM;
  }

  /** Moves up to `max` bytes to `target` at `at`; returns how many. */
  take(target: Uint8Array, at: number, max: number): number {
    const length = Math.min(max, this.end - this.start);
    if (length === 0) return 0;
    target.set(this.bytes.subarray(this.start, this.start + length), at);
    this.start += length;
    return length;
  }

  /** Gives bytes back that were read past a body's end: the next request begins with them. */
  putBack(bytes: Uint8Array): void {
    const pool = bytes.length < this.#large.size ? this.#large : new BufferPool(bytes.length + 1, 0);
    this.#ahead = pool.take();
    this.#ahead.set(bytes);
    this.#pending = Promise.resolve(bytes.length);
  }

  /** Gives out what was read and not consumed, now and by a read-ahead that is under way; nothing is left here. */
  takeAll(): {
    readonly buffered: Uint8Array<ArrayBuffer>;
    readonly pending: Promise<Uint8Array<ArrayBuffer> | null> | null;
  } {
    const buffered = this.bytes.slice(this.start, this.end);
    this.start = this.end;
    const ahead = this.#ahead;
    const pending = this.#pending?.then((n) => n === 0 || ahead === null ? null : ahead.subarray(0, n)) ?? null;
    this.#ahead = this.#pending = null;
    return { buffered, pending };
  }

  /** Nothing is read from the connection any more; the buffer goes back, but not one that a read may still write to. */
  release(): void {
    this.#giveBack();
  }

  #giveBack(): void {
    const { length } = this.bytes;
    if (length > 0) (length === SMALL.size ? SMALL : length === MEDIUM.size ? MEDIUM : this.#large).give(this.bytes);
  }

  /**
   * Makes sure that at least a byte behind `end` is free, for more bytes or for a scanner's sentinel: what is there moves to
   * the front, or into a buffer of the next size. Throws `Reject` 431 beyond the largest.
   */
  leaveRoom(): void {
    const { bytes, length } = this;
    const isLarge = bytes.length >= this.#large.size;
    if (this.end < (isLarge ? bytes.length - 1 : bytes.length)) return;
    if (this.start > 0) {
      bytes.copyWithin(0, this.start, this.end);
    } else {
      if (isLarge) throw new Reject(431, `a head of more than ${this.#large.size - 1} bytes`);
      const larger = (bytes.length < MEDIUM.size && MEDIUM.size < this.#large.size ? MEDIUM : this.#large).take();
      larger.set(bytes.subarray(0, this.end));
      this.#giveBack();
      this.bytes = larger;
    }
    this.start = 0;
    this.end = length;
  }
}

const NOTHING = new Uint8Array(0);

/** A read whose failure is the end of the stream, for whoever waits. */
export async function settled(read: Promise<number>): Promise<number> {
  try {
    return await read;
  } catch {
    return 0;
  }
}
