/**
 * All mistakes of a file, told in the order of its lines whatever order they were found in.
 *
 * @module
 */
import type { Mistakes } from "../mistakes.ts";
import type { Place } from "./toml_tree.ts";

/** Mistakes of one file. */
export class FileMistakes {
  /** What messages call it: as the user wrote it. */
  readonly fileName: string;
  readonly #found: { readonly place: Place; readonly message: string }[] = [];

  constructor(fileName: string) {
    this.fileName = fileName;
  }

  /**
   * Notes one.
   *
   * @param place Where it stands.
   * @param state What is wrong, as `weight = 0: a whole number from 1 is needed`.
   */
  add(place: Place, state: string): void {
    this.#found.push({ place, message: `Cannot use ${this.fileName}:${place.line}: ${state}` });
  }

  /** Complete messages, ordered by line and column. */
  list(): string[] {
    const ordered = this.#found.toSorted(({ place: a }, { place: b }) => a.line - b.line || a.column - b.column);
    return ordered.map(({ message }) => message);
  }

  /** Adds them to the command line's. */
  addTo(mistakes: Mistakes): void {
    for (const message of this.list()) mistakes.add("STACKD_CONFIG_INVALID", message);
  }
}
