/**
 * How fast one answer's body is sent: in small pieces at even distances (nginx's limit_rate).
 *
 * @module
 */

/** What one piece holds, ms: short enough to flow, long enough to be worth a timer. */
const PIECE_TIME = 50;

/** Paces the bytes of one answer. Not for several answers at once. */
export class Pacer {
  /** The largest piece to send at once, bytes; at least 1. */
  readonly piece: number;
  readonly #bytesPerSecond: number;
  /** When the next byte is due, ms; null before the first. */
  #due: number | null = null;

  /** `bytesPerSecond` is more than 0; without a limit there is nothing to pace. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.piece = Math.max(1, Math.floor(bytesPerSecond * PIECE_TIME / 1_000));
  }

  /**
   * How long to wait before `n` more bytes are sent, ms, may be a fraction; 0 is at once. They count as sent: it is asked
   * once for each piece, and the first piece never waits. Never more than about 100 ms' worth of bytes goes at once.
   *
   * @param n Bytes, at most {@linkcode piece}; more would go in one burst and be waited for afterwards.
   * @param now The time, ms.
   */
  delay(n: number, now: number): number {
    // It goes on from when the last piece was due, not from when a late timer sent it; a pause is not made up for.
    const due = Math.max(this.#due ?? now, now);
    this.#due = due + n * 1_000 / this.#bytesPerSecond;
    return Math.max(0, due - now);
  }
}
