/**
 * What an answer from memory depends on, and whether it is still so: the file, what was looked for before it and not found,
 * and what could have been sent in its place.
 *
 * @module
 */
import type { FileState } from "./file_state.ts";
import type { FileSystem } from "./file_system.ts";
import { SETTLED_AFTER } from "./representation.ts";

/** A moment, as far as it matters: while it is the same object, nothing is looked at again. */
export type Moment = unknown;

/** Looks at files, at directories once for each moment. */
export class Watcher {
  readonly #system: FileSystem;
  readonly #directories = new Map<string, FileState | null>();
  #moment: Moment = null;

  constructor(system: FileSystem) {
    this.#system = system;
  }

  /** What stands at `path`. */
  look(path: string): FileState | null {
    return this.#system.look(path);
  }

  /** What stands at a directory's path, at `moment` or shortly before. */
  directory(path: string, moment: Moment): FileState | null {
    if (moment !== this.#moment) {
      this.#moment = moment;
      this.#directories.clear();
    }
    let state = this.#directories.get(path);
    if (state === undefined) this.#directories.set(path, state = this.look(path));
    return state;
  }
}

/** What was seen on the way to one answer. */
export class Sightings {
  readonly #watcher: Watcher;
  readonly #moment: Moment;
  /** What was there, by path: a file's identity, the kind of anything else, nothing (""). */
  readonly #seen = new Map<string, string>();
  /** Directories whose names were all as they are while they do not change. */
  readonly #directories = new Map<string, string>();
  /** Whether everything had been as it was for so long that a change will show in its timestamps. */
  #settled = true;
  readonly #now: number;

  /** @param now Ms since the epoch. */
  constructor(watcher: Watcher, moment: Moment, now: number) {
    this.#watcher = watcher;
    this.#moment = moment;
    this.#now = now;
  }

  /** Whether {@linkcode hold} can be believed; else what was found must be looked for again in the next moment. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Looks at `path`, and remembers what is there. */
  look(path: string): FileState | null {
    const directory = path.slice(0, path.lastIndexOf("/")) || "/";
    // Before the look: what comes into being between the two is noticed.
    const above = this.#watcher.directory(directory, this.#moment);
    const state = this.#watcher.look(path);
    if (state !== null) this.saw(path, state);
    else if (above === null) this.#seen.set(path, "");
    else {
      // Whoever puts something there changes the directory: one look is enough for all names that are not in it.
      this.#directories.set(directory, above.identity);
      this.#settle(above);
    }
    return state;
  }

  /** Remembers that `state` is at `path`. */
  saw(path: string, state: FileState): void {
    this.#seen.set(path, essence(state));
    if (state.kind === "file") this.#settle(state);
  }

  #settle({ changed }: FileState): void {
    if (changed === null || this.#now - changed < SETTLED_AFTER) this.#settled = false;
  }

  /** Whether all is as it was seen. */
  hold(moment: Moment): boolean {
    for (const [path, identity] of this.#directories) {
      if (this.#watcher.directory(path, moment)?.identity !== identity) return false;
    }
    for (const [path, was] of this.#seen) if (essence(this.#watcher.look(path)) !== was) return false;
    return true;
  }
}

function essence(state: FileState | null): string {
  return state === null ? "" : state.kind === "file" ? state.identity : state.kind;
}
