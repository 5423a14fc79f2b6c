/**
 * Chance that can be repeated: the same seed gives the same choices.
 *
 * @module
 */

/** Choices that follow from a seed (the generator is Marsaglia's xorshift). */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Neighbouring seeds must not begin alike, and 0 is a state that xorshift never leaves.
    this.#state = Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995 || 1;
    for (let i = 0; i < 4; i++) this.below(1);
  }

  /** An integer from 0 to `end` - 1. */
  below(end: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % end;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of several. */
  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** `text` in pieces. */
  split(text: string): string[] {
    const pieces: string[] = [];
    const longest = this.of([1, 3, 20, 200, text.length + 1]);
    for (let at = 0; at < text.length;) {
      const length = 1 + this.below(longest);
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    return pieces;
  }
}
