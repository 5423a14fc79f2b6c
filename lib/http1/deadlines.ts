/**
 * Deadlines for thousands of connections with one timer: each keeps a number, one sweep compares them all. Setting a
 * deadline costs an assignment; being late by up to two ticks is the price. None fires early.
 *
 * @module
 */

/** Milliseconds between two sweeps. */
export const TICK = 100;
/** A sweep that is later than this, ms, says that the process did not run: it was stopped, or had no CPU. */
const MOST_LATE = 1_000;

/** Something that can run out of time. */
export interface Expiring {
  /** When, by the clock of {@linkcode Deadlines}; Infinity for never. */
  readonly deadline: number;
  /** Called once the deadline has passed, and again by every sweep until it is another one. */
  expire(): void;
  /**
   * The process did not run for `ms` milliseconds, in which it heard nobody; for deadlines that others have to keep, which may have kept
   * them. @default {nothing: the deadline stands}
   */
  postpone?(ms: number): void;
}

/** The wheel. One for a process is enough. */
export class Deadlines {
  readonly #items = new Set<Expiring>();
  readonly #clock: () => number;
  #now: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `clock` gives monotonic milliseconds. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#now = clock();
  }

  /** The deadline `ms` milliseconds from now (0: never), not early however stale the coarse clock is. */
  after(ms: number): number {
    // The coarse clock stands still while nothing is watched.
    if (this.#timer === undefined) this.#now = this.#clock();
    return ms === 0 ? Infinity : this.#now + ms + TICK;
  }

  /** The coarse clock: monotonic milliseconds, at most a tick old while anything is watched. */
  get now(): number {
    return this.#now;
  }

  add(item: Expiring): void {
    this.#items.add(item);
    if (this.#timer !== undefined) return;
    this.#now = this.#clock();
    this.#timer = setInterval(() => this.sweep(), TICK);
  }

  delete(item: Expiring): void {
    this.#items.delete(item);
    if (this.#items.size > 0 || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Expires everything that is due. The timer calls it; tests call it with a clock of their own. */
  sweep(): void {
    const now = this.#clock(), missed = now - this.#now - MOST_LATE;
    this.#now = now;
    for (const item of this.#items) {
      if (missed > 0) item.postpone?.(missed);
      if (item.deadline <= now) item.expire();
    }
  }
}
