/**
 * Work that goes on after its request was answered; a drain waits for it.
 *
 * @module
 */
import { logError } from "../observe/log.ts";
import { within } from "../process/within.ts";
import { describeThrown } from "./stack.ts";

/** The promises given to `waitUntil` that have not settled. */
export class Background {
  readonly #pending = new Set<Promise<void>>();

  /** Adds work; a rejection is logged under the request's id and goes no further. */
  add(work: PromiseLike<unknown>, requestId: string): void {
    const settled: Promise<void> = Promise.resolve(work).then(
      () => {},
      (thrown) => logError(`Work after the answer failed (request id ${requestId}): ${describeThrown(thrown)}`),
    ).then(() => {
      this.#pending.delete(settled);
    });
    this.#pending.add(settled);
  }

  /** How many have not settled. */
  get size(): number {
    return this.#pending.size;
  }

  /** Settles when all have, those included that are added meanwhile. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Waits until all have settled, those included that are added meanwhile, for at most `timeout` ms; then says what is left. */
  async end(timeout: number): Promise<void> {
    await within(this.settled(), timeout);
    if (this.size > 0) logError(`Work after the answer was not done in time (${this.size})`);
  }
}
