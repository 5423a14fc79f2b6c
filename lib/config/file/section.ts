/**
 * Reads the keys of a TOML table one by one. What is wrong is noted; a key that nobody asked for is unknown.
 *
 * @module
 */
import { closest } from "../suggest.ts";
import { ValueError } from "../values.ts";
import type { FileMistakes } from "./file_mistakes.ts";
import type { Place, TomlTable, TomlValue } from "./toml_tree.ts";

/** Turns a value into what it means. @throws {ValueError} When it cannot. */
export type Parse<T> = (value: TomlValue) => T;

/** How long a value may be in a message. */
const MAX_SHOWN = 60;

/** One table. */
export class Section {
  /** What messages call it: `[upstream.app]`, `a server`. */
  readonly title: string;
  readonly #table: TomlTable;
  readonly #mistakes: FileMistakes;
  /** Keys that were asked for. */
  readonly #known = new Set<string>();

  constructor(table: TomlTable, title: string, mistakes: FileMistakes) {
    this.#table = table;
    this.title = title;
    this.#mistakes = mistakes;
  }

  /** Where it begins. */
  get place(): Place {
    return this.#table;
  }

  /** The value of a key, as it is. */
  value(key: string): TomlValue | undefined {
    this.#known.add(key);
    return this.#table.entries.get(key)?.value;
  }

  /** Whether the key is given. */
  has(key: string): boolean {
    return this.value(key) !== undefined;
  }

  /** A key's value, parsed; `fallback` when it is not given, or faulty (which is noted: the result is never used). */
  one<T, F>(key: string, parse: Parse<T>, fallback: F): T | F {
    const value = this.value(key);
    if (value === undefined) return fallback;
    const [parsed = fallback] = this.#parsed<T | F>(key, [value], parse);
    return parsed;
  }

  /** A key's value, parsed; null and a note when it is not given, or faulty. */
  need<T>(key: string, parse: Parse<T>): T | null {
    if (!this.has(key)) this.mistake(this.place, `${this.title} has no "${key}", and one is needed`);
    return this.one(key, parse, null);
  }

  /**
   * The values of a key that takes one or an array of them; faulty ones are noted and left out.
   *
   * @param secret Whether messages must not show the values.
   */
  all<T>(key: string, parse: Parse<T>, secret = false): T[] {
    const value = this.value(key);
    if (value === undefined) return [];
    const values = value.kind === "array" ? value.items : [value];
    if (values.length === 0) this.refuse(key, value, "at least one value is needed");
    return this.#parsed(key, values, parse, secret);
  }

  /**
   * The table that a key holds; null when it is not given, or no table, which is noted.
   *
   * @param title What messages call it. @default `key`
   * @param secret Whether messages must not show the value.
   */
  table(key: string, title: string = key, secret = false): Section | null {
    const value = this.value(key);
    if (value === undefined) return null;
    if (value.kind === "table") return this.inner(value, title);
    const doubled = value.kind === "array" && value.header;
    const state = doubled ? "it is one table, in single brackets" : "a table is needed, as { key = value }";
    if (secret) this.mistake(value, `${key}: ${state}`);
    else this.refuse(key, value, state);
    return null;
  }

  /** A table among the values of a key. */
  inner(table: TomlTable, title: string): Section {
    return new Section(table, title, this.#mistakes);
  }

  /** The tables of `[[…]]`, or of an array of tables; what else is in it is noted. */
  tables(key: string, title: string): Section[] {
    const value = this.value(key);
    if (value === undefined) return [];
    if (value.kind !== "array") {
      this.refuse(key, value, `write ${title}`);
      return [];
    }
    return this.#parsed(key, value.items, (item) => {
      if (item.kind !== "table") throw new ValueError("a table is needed, as { key = value }");
      return this.inner(item, title);
    });
  }

  /** Every key with its value; the keys are free, so none of them is unknown. */
  free(): [key: string, value: TomlValue, keyPlace: Place][] {
    return [...this.#table.entries].map(([key, entry]) => [key, entry.value, entry.key]);
  }

  /** Notes that a value cannot be used. */
  refuse(key: string, value: TomlValue, state: string): void {
    const header = (value.kind === "table" || value.kind === "array") && value.header;
    this.mistake(value, `${header ? value.source : `${key} = ${shown(value)}`}: ${state}`);
  }

  /** Notes a mistake. */
  mistake(place: Place, state: string): void {
    this.#mistakes.add(place, state);
  }

  /** Notes the keys that nobody asked for. To be called when all were. */
  end(): void {
    const known = [...this.#known];
    for (const [name, , place] of this.free()) {
      if (this.#known.has(name)) continue;
      const meant = closest(name, known);
      const advice = meant === undefined ? `its keys are ${known.join(", ")}` : `did you mean "${meant}"?`;
      this.mistake(place, `"${name}" is no key of ${this.title}, ${advice}`);
    }
  }

  #parsed<T>(key: string, values: readonly TomlValue[], parse: Parse<T>, secret = false): T[] {
    return values.flatMap((value) => {
      try {
        return [parse(value)];
      } catch (thrown) {
        if (!(thrown instanceof ValueError)) throw thrown;
        if (secret) this.mistake(value, `${key}: ${thrown.message}`);
        else this.refuse(key, value, thrown.message);
        return [];
      }
    });
  }
}

/** A value as it is written, on one line and not too long. */
export function shown(value: TomlValue): string {
  const line = value.source.replace(/\s+/g, " ");
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN - 1)}…` : line;
}
