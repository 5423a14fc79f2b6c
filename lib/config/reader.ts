/**
 * Reads option values one by one, and notes what is wrong with them in place of stopping at the first.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import type { OptionFile } from "./file/load.ts";
import type { FileValue } from "./file/proxy_section.ts";
import type { RawOptions } from "./flags.ts";
import { Mistakes } from "./mistakes.ts";
import type { ValueName } from "./table.ts";
import { ValueError } from "./values.ts";

/** Raw values, and what was wrong with those read so far. */
export class Reader {
  readonly mistakes: Mistakes = new Mistakes();
  readonly #raw: RawOptions;
  readonly #file: OptionFile | null;

  /** @param file Where options stand that are not given; its mistakes are noted there. */
  constructor(raw: RawOptions, file: OptionFile | null = null) {
    this.#raw = raw;
    this.#file = file;
  }

  /**
   * Notes that something is needed which neither the command line nor the file has.
   *
   * @param flag What a command line says in its place.
   * @param key What a file says.
   */
  miss(message: string, flag: string, key: string): void {
    const file = this.#file?.mistakes.fileName;
    if (file === undefined) this.mistakes.add("STACKD_USAGE", `${message}, give ${flag}`);
    else this.mistakes.add("STACKD_CONFIG_INVALID", `${message}, ${file} needs ${key}, or give ${flag}`);
  }

  /** Reads options that a value of the file holds itself; their mistakes are noted with the file's. */
  within(values: ReadonlyMap<string, readonly FileValue[]>): Reader {
    return new Reader({}, this.#file === null ? null : { values, mistakes: this.#file.mistakes });
  }

  /** Whether the option is given at all. */
  has(name: ValueName): boolean {
    return this.#raw[name] !== undefined || this.#file?.values.has(name) === true;
  }

  /**
   * Every value of an option, parsed; faulty ones are noted and left out.
   *
   * @param parse Gets a value, and what the file says of it when it stands there.
   */
  all<T>(name: ValueName, parse: (text: string, written: FileValue | null) => T): T[] {
    const values: T[] = [];
    const given = this.#raw[name]?.map((text) => ({ text, written: null })) ??
      this.#file?.values.get(name)?.map((written) => ({ text: written.text, written })) ?? [];
    for (const { text, written } of given) {
      try {
        values.push(parse(text, written));
      } catch (thrown) {
        if (thrown instanceof StackdError) this.mistakes.add(thrown.code, thrown.message);
        else if (thrown instanceof ValueError && written !== null) {
          this.#file?.mistakes.add(written, `${written.subject}: ${thrown.message}`);
        } else if (thrown instanceof ValueError) {
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
