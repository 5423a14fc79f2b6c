/**
 * Reads option values one by one, and notes what is wrong with them in place of stopping at the first.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import type { RawOptions } from "./flags.ts";
import { Mistakes } from "./mistakes.ts";
import type { ValueName } from "./table.ts";
import { ValueError } from "./values.ts";

/** Raw values, and what was wrong with those read so far. */
export class Reader {
  readonly mistakes: Mistakes = new Mistakes();
  readonly #raw: RawOptions;

  constructor(raw: RawOptions) {
    this.#raw = raw;
  }

  /** Whether the option is given at all. */
  has(name: ValueName): boolean {
    return this.#raw[name] !== undefined;
  }

  /** Every value of an option, parsed; faulty ones are noted and left out. */
  all<T>(name: ValueName, parse: (text: string) => T): T[] {
    const values: T[] = [];
    for (const text of this.#raw[name] ?? []) {
      try {
        values.push(parse(text));
      } catch (thrown) {
        if (thrown instanceof StackdError) this.mistakes.add(thrown.code, thrown.message);
        else if (thrown instanceof ValueError) {
          this.mistakes.add("STACKD_CONFIG_INVALID", `Cannot use --${name} "${text}": ${thrown.message}`);
        } else throw thrown;
      }
    }
    return values;
  }

  /** An option's value, parsed; `fallback` when it is not given, or faulty (which is noted: the result is never used). */
  one<T, F>(name: ValueName, parse: (text: string) => T, fallback: F): T | F {
    const [value = fallback] = this.all<T | F>(name, parse);
    return value;
  }
}
