/**
 * Buffers are borrowed while there is something in them, and given back after.
 *
 * @module
 */

/** A free list of buffers of one size. */
export class BufferPool {
  readonly size: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #keep: number;

  /** Buffers of `size` bytes; up to `keep` unused ones are kept for the next borrower. */
  constructor(size: number, keep: number) {
    this.size = size;
    this.#keep = keep;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(this.size);
  }

  /** Takes a buffer back; one of another size is left to the collector. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#keep && buffer.length === this.size) this.#free.push(buffer);
  }
}

/** Room in front of a body's bytes for a chunk-size line, and behind them for the line's end and the last chunk. */
export const CHUNK_HEADROOM = 16, CHUNK_TAILROOM = 16;

/** What a connection waits for its next request with: enough for a plain request, small enough to hold ten thousand of. */
export const SMALL = new BufferPool(512, 512);
/** For connections whose requests were larger (cookies, small forms). */
export const MEDIUM = new BufferPool(4_096, 128);
/** For bodies in transit. */
export const BODY = new BufferPool(65_536, 32);
