/**
 * From a request's path to the file that answers it: the path itself, a directory's index, what `try-files` and `spa` name.
 *
 * @module
 */
import type { StaticOptions } from "../config/static_options.ts";
import type { OpenFile } from "../http1/answer.ts";
import { type Opened, refusalStatus } from "./confined_open.ts";
import type { FileState } from "./file_state.ts";
import { isHidden } from "./paths.ts";
import type { Sightings } from "./watch.ts";

/** What a path leads to. Whoever gets an open file closes it. */
export type Found =
  | {
    readonly kind: "file";
    /** The state of what was read or opened. */
    readonly state: FileState;
    /** Its bytes, or the file to read them from. */
    readonly content: Uint8Array | OpenFile;
    /** Absolute. */
    readonly path: string;
    /** The names below the root. */
    readonly names: readonly string[];
  }
  /** A directory that was asked for without its slash. */
  | { readonly kind: "redirect" }
  /** A directory to list. */
  | { readonly kind: "listing"; readonly path: string; readonly names: readonly string[] }
  | { readonly kind: "refused"; readonly status: number };

/** One thing that `try-files` names. */
export type Attempt = { readonly status: number } | { readonly template: string };

/** `try-files` as it is written, taken apart. */
export function parseAttempts(tryFiles: readonly string[]): readonly Attempt[] {
  return tryFiles.map((written) =>
    /^=\d{3}$/.test(written) ? { status: Number(written.slice(1)) } : { template: written }
  );
}

/** Where is searched, and how. */
export interface Place {
  /** The root's real path. */
  readonly path: string;
  /** The real path that what is served lies below. */
  readonly confinedTo: string;
  readonly options: StaticOptions;
  readonly attempts: readonly Attempt[];
  /** Opens a file that lies where it may. */
  readonly open: (path: string) => Opened;
  /** The bytes of a file that is small enough for memory; null when it has to be opened. */
  readonly read: (path: string, state: FileState) => Uint8Array | null;
}

/** Searches for `names` below the root; `asDirectory`: the path ended in a slash. What is seen is noted in `seen`. */
export function resolve(place: Place, names: readonly string[], asDirectory: boolean, seen: Sightings): Found {
  const search = new Search(place, seen);
  const found = place.attempts.length === 0
    ? search.path(names, asDirectory)
    : search.attempts(place.attempts, names, asDirectory);
  if (found !== null) return found;
  const { spa } = place.options;
  if (spa !== null && !(names.at(-1) ?? "").includes(".")) {
    const fallback = search.file(namesOf(spa));
    if (fallback !== null) return fallback;
  }
  return search.nothing(names);
}

class Search {
  readonly #place: Place;
  readonly #seen: Sightings;
  /** Where nothing stood when this search looked. */
  #missing: string | null = null;

  constructor(place: Place, seen: Sightings) {
    this.#place = place;
    this.#seen = seen;
  }

  /** What the path itself leads to. */
  path(names: readonly string[], asDirectory: boolean): Found | null {
    if (asDirectory) return this.#directory(names);
    const path = this.#absolute(names), state = this.#seen.look(path);
    if (state === null) this.#missing = path;
    if (state?.kind === "directory") return this.#isDirectory(names) ? { kind: "redirect" } : null;
    return state?.kind === "file" ? this.#open(names, state) : null;
  }

  /** What the first attempt that succeeds leads to. */
  attempts(attempts: readonly Attempt[], names: readonly string[], asDirectory: boolean): Found | null {
    const uri = `/${names.join("/")}${asDirectory && names.length > 0 ? "/" : ""}`;
    for (const attempt of attempts) {
      if ("status" in attempt) return { kind: "refused", status: attempt.status };
      const { template } = attempt;
      const target = template.replaceAll("$uri", () => uri), below = namesOf(target);
      if (!this.#place.options.dotfiles && below.some(isHidden)) continue;
      if (!template.endsWith("/")) {
        const found = target.endsWith("/") ? null : this.file(below);
        if (found !== null) return found;
        continue;
      }
      const found = this.#directory(below);
      if (found === null) continue;
      if (asDirectory || !template.includes("$uri")) return found;
      // Its relative links are of the path with the slash.
      if (found.kind === "file" && !(found.content instanceof Uint8Array)) found.content.close();
      return { kind: "redirect" };
    }
    return null;
  }

  /** The file of these names; null when there is none. */
  file(names: readonly string[]): Found | null {
    const state = this.#seen.look(this.#absolute(names));
    return state?.kind === "file" ? this.#open(names, state) : null;
  }

  /** A directory's index, or the directory when it may be listed. */
  #directory(names: readonly string[]): Found | null {
    for (const index of this.#place.options.index) {
      const found = this.file([...names, ...namesOf(index)]);
      if (found !== null) return found;
    }
    if (!this.#place.options.listing || !this.#isDirectory(names)) return null;
    return { kind: "listing", path: this.#absolute(names), names };
  }

  /** There is nothing, or nothing that may be seen. */
  nothing(names: readonly string[]): Found {
    const path = this.#absolute(names);
    if (this.#missing === path) return { kind: "refused", status: 404 };
    const opened = this.#place.open(path);
    if (opened.kind === "file") opened.file.close();
    return { kind: "refused", status: refusalStatus(opened) };
  }

  #open(names: readonly string[], state: FileState): Found | null {
    const path = this.#absolute(names), content = this.#place.read(path, state);
    if (content !== null) return { kind: "file", state, content, path, names };
    const opened = this.#place.open(path);
    switch (opened.kind) {
      case "file":
        this.#seen.saw(path, opened.state);
        return { kind: "file", state: opened.state, content: opened.file, path, names };
      case "forbidden":
      case "exhausted":
        return { kind: "refused", status: refusalStatus(opened) };
      default:
        return null;
    }
  }

  /** Whether it is a directory that lies where it may. */
  #isDirectory(names: readonly string[]): boolean {
    const opened = this.#place.open(this.#absolute(names));
    if (opened.kind === "file") opened.file.close();
    return opened.kind === "directory";
  }

  #absolute(names: readonly string[]): string {
    return names.length === 0
      ? this.#place.path
      : `${this.#place.path === "/" ? "" : this.#place.path}/${names.join("/")}`;
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}
