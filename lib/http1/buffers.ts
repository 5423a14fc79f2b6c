/**
 * Buffers are borrowed while there is something in them and given back after. Each has one spare byte behind its room, so
 * that a scanner can stand on a sentinel instead of testing its index.
 *
 * @module
 */

/** A borrowed piece of memory. */
export interface Buffer {
  /** The memory, one byte larger than `room`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** All of it but the spare byte: what reads go into. Made once, because a view costs more than a small copy. */
  readonly room: Uint8Array<ArrayBuffer>;
}

/** A free list of buffers of one size. */
export class BufferPool {
  readonly size: number;
  readonly #free: Buffer[] = [];
  readonly #keep: number;

  /** Buffers of `size` usable bytes; up to `keep` unused ones are kept for the next borrower. */
  constructor(size: number, keep: number) {
    this.size = size;
    this.#keep = keep;
  }

  take(): Buffer {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const bytes = new Uint8Array(this.size + 1);
    return { bytes, room: bytes.subarray(0, this.size) };
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#keep && buffer.room.length === this.size) this.#free.push(buffer);
  }
}

/** Room in front of a body's bytes for a chunk-size line, and behind them for the line's end and the last chunk. */
export const CHUNK_HEADROOM = 16, CHUNK_TAILROOM = 16;

/** What a connection waits for its next request with: enough for a plain request, small enough to hold ten thousand of. */
export const SMALL = new BufferPool(1_024, 256);
/** For connections whose requests were larger (cookies, small forms). */
export const MEDIUM = new BufferPool(4_096, 128);
/** For bodies in transit. */
export const BODY = new BufferPool(65_536, 32);
