/**
 * What is wrong with code, as it is come upon while it is loaded. Only an error's message comes back out of an import, so that is by
 * which it is known again.
 *
 * @module
 */
import type { Problem } from "./problem.ts";

/** An import that the code asked for, and that leads nowhere. */
export interface Unresolved extends Problem {
  readonly parent: string;
  readonly specifier: string;
}

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A CommonJS module that V8 cannot parse. */
export interface BrokenScript {
  readonly path: string;
  readonly text: string;
  /** Where, when that is known already. */
  readonly place?: Place | null;
}

/** Remembers what was thrown; a module may well have caught it. */
export class Complaints {
  readonly #unresolved = new Map<string, Unresolved>();
  readonly #broken = new Map<string, BrokenScript>();

  /** The error for an import, or with Node's words for a `require()`, which many packages look for. */
  unresolved(unresolved: Unresolved, required = false): Error {
    const { specifier, parent, state } = unresolved;
    const message = required
      ? `Cannot find module '${specifier}'\nRequire stack:\n- ${parent}`
      : `Cannot import "${specifier}" from "${parent}": it ${state}`;
    this.#unresolved.set(message, unresolved);
    const code = required ? "MODULE_NOT_FOUND" : "ERR_MODULE_NOT_FOUND";
    return Object.assign(required ? new Error(message) : new TypeError(message), { code });
  }

  /** Takes note of a script that `thrown` is about. */
  broken(script: BrokenScript, thrown: unknown): void {
    if (thrown instanceof Error) this.#broken.set(thrown.message, script);
  }

  /** The import that an error with `message` is about; null when it is about something else. */
  unresolvedIn(message: string): Unresolved | null {
    for (const [text, unresolved] of this.#unresolved) if (message.includes(text)) return unresolved;
    return null;
  }

  /** The script that an error with `message` is about. */
  brokenIn(message: string): BrokenScript | null {
    return this.#broken.get(message) ?? null;
  }
}
