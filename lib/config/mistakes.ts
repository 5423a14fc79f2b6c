/**
 * All mistakes of a command line at once, so that nobody has to mend one, run again, and find the next.
 *
 * @module
 */
import { type ErrorCode, StackdError } from "../errors.ts";

/** Mistakes in the order they are found. */
export class Mistakes {
  readonly #found: { readonly code: ErrorCode; readonly message: string }[] = [];

  /** Notes one; `message` is complete, as a {@linkcode StackdError}'s is. */
  add(code: ErrorCode, message: string): void {
    this.#found.push({ code, message });
  }

  /** @throws {StackdError} With the first mistake's code and message, the others as its detail; nothing when there is none. */
  throwIfAny(): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    const detail = others.map((mistake) => mistake.message).join("\n");
    throw new StackdError(first.code, first.message, others.length === 0 ? {} : { detail });
  }
}
