/**
 * Requests that wait because every server has as many as it is given at once: first come, first served; not too many of
 * them, and none too long. As HAProxy's `timeout queue` and nginx plus's `queue`.
 *
 * @module
 */

/**
 * How waiting ended: there is room; it took too long; too many wait already (at once); the client left; the queue was closed.
 */
export type WaitOutcome = "ready" | "timeout" | "full" | "gone" | "closed";

/** Doubly linked, so that one in the middle can leave at the price of one at an end. */
interface Waiter {
  older: Waiter | null;
  younger: Waiter | null;
  /** undefined once it does not wait any more. */
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly resolve: (outcome: WaitOutcome) => void;
}

/** The queue of a group. Every operation takes the same time however many wait. */
export class WaitQueue {
  readonly #max: number;
  readonly #timeout: number;
  #oldest: Waiter | null = null;
  #youngest: Waiter | null = null;
  #length = 0;
  #closed = false;

  /** At most `max` wait, each for at most `timeout` ms. */
  constructor(max: number, timeout: number) {
    this.#max = max;
    this.#timeout = timeout;
  }

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /**
   * Waits for a turn. Never rejects. Who is told "ready" and has no use for it, because the client left meanwhile, has to
   * {@linkcode wake} the next.
   *
   * @param onWait Called at once, if there is something to wait for, with what ends the waiting as "gone" when the client
   * leaves; closing it later does nothing.
   */
  wait(onWait?: (waiting: { close(): void }) => void): Promise<WaitOutcome> {
    if (this.#closed) return Promise.resolve("closed");
    if (this.#length >= this.#max) return Promise.resolve("full");
    const { promise, resolve } = Promise.withResolvers<WaitOutcome>();
    const timer = setTimeout(() => this.#end(waiter, "timeout"), this.#timeout);
    const waiter: Waiter = { older: this.#youngest, younger: null, timer, resolve };
    if (this.#youngest === null) this.#oldest = waiter;
    else this.#youngest.younger = waiter;
    this.#youngest = waiter;
    this.#length++;
    onWait?.({ close: () => this.#end(waiter, "gone") });
    return promise;
  }

  /** There is room for one request: tells the one that waits longest "ready". False when none waits. */
  wake(): boolean {
    if (this.#oldest === null) return false;
    this.#end(this.#oldest, "ready");
    return true;
  }

  /** Tells all that wait, and all that would, "closed". */
  close(): void {
    this.#closed = true;
    while (this.#oldest !== null) this.#end(this.#oldest, "closed");
  }

  #end(waiter: Waiter, outcome: WaitOutcome): void {
    if (waiter.timer === undefined) return;
    clearTimeout(waiter.timer);
    waiter.timer = undefined;
    const { older, younger } = waiter;
    if (older === null) this.#oldest = younger;
    else older.younger = younger;
    if (younger === null) this.#youngest = older;
    else younger.older = older;
    this.#length--;
    waiter.resolve(outcome);
  }
}
