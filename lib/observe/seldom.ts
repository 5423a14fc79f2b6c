/**
 * Warnings about what others do, who may do it as often as they like.
 *
 * @module
 */
import { logWarn } from "./log.ts";

/** At most one line in this many ms. */
const INTERVAL = 1_000;

/** Warnings of one kind: most of many at once are only counted. */
export class SeldomWarning {
  #last = -Infinity;
  #left = 0;

  /** Logs `text`, with how many were not since the last one. */
  warn(text: string): void {
    const now = performance.now();
    if (now - this.#last < INTERVAL) {
      this.#left++;
      return;
    }
    logWarn(this.#left === 0 ? text : `${text} (${this.#left} more like it were not logged)`);
    this.#last = now;
    this.#left = 0;
  }
}
