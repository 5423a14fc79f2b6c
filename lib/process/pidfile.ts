/**
 * The pid file: says which process to signal, and keeps two of the same name from running.
 *
 * @module
 */
import { basename } from "@std/path";
import { messageOf, StackdError } from "../errors.ts";
import { inheritance } from "./inheritance.ts";

/** A pid file that names this process. */
export interface Pidfile {
  /** Removes it if it still names this process. */
  remove(): void;
}

/** A pid file that only has to be put in its place. */
export interface PreparedPidfile {
  /** Puts it there, in one step. Throws `STACKD_PIDFILE` (exit 1). */
  publish(): Pidfile;
  /** Gives it up, if it was not published. */
  discard(): void;
}

/** Tells what runs under a process id: the name of its program, or null when there is none. */
export type ProgramOf = (pid: number) => string | null;

/**
 * Writes this process's id to `path`, in one step.
 *
 * @param path Absolute.
 * @throws {StackdError} As {@linkcode preparePidfile}.
 */
export function writePidfile(path: string, programOf: ProgramOf = programOfProcess): Pidfile {
  return preparePidfile(path, programOf).publish();
}

/**
 * Makes sure that this process's id may be written to `path`, and writes it beside.
 *
 * @param path Absolute.
 * @param follows A process that may still be named there, because this one is to follow it.
 * @throws {StackdError} `STACKD_PIDFILE` (exit 1) when it names a living process of the same program, holds anything but a
 * pid, or cannot be written.
 */
export function preparePidfile(
  path: string,
  programOf: ProgramOf = programOfProcess,
  follows: number | null = inheritance().predecessor?.pid ?? null,
): PreparedPidfile {
  const owner = readPid(path);
  // A slip of the command line must not cost anybody the file that was meant to be something else.
  if (owner === null && isSomethingElse(path)) throw failure(path, "it is there already, and is no pid file");
  if (owner !== null && owner !== Deno.pid && owner !== follows) {
    const program = programOf(owner);
    if (program !== null && program === programOf(Deno.pid)) {
      throw failure(path, `it names the running process ${owner} (${program})`);
    }
  }
  const temporary = `${path}.${Deno.pid}`;
  const failed = (cause: unknown) => {
    tryRemove(temporary);
    return failure(path, reasonOf(cause), cause);
  };
  try {
    Deno.writeTextFileSync(temporary, `${Deno.pid}\n`, { mode: 0o644 });
  } catch (cause) {
    throw failed(cause);
  }
  return {
    publish() {
      try {
        Deno.renameSync(temporary, path);
      } catch (cause) {
        throw failed(cause);
      }
      return {
        remove() {
          if (readPid(path) === Deno.pid) tryRemove(path);
        },
      };
    },
    discard: () => tryRemove(temporary),
  };
}

function isSomethingElse(path: string): boolean {
  try {
    return !/^\s*\d*\s*$/.test(Deno.readTextFileSync(path));
  } catch (thrown) {
    return !(thrown instanceof Deno.errors.NotFound);
  }
}

/** The pid that a file names; null when there is no such file or no pid in it. */
export function readPid(path: string): number | null {
  try {
    const text = Deno.readTextFileSync(path).trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}

/**
 * The name of the program that process `pid` runs, from /proc. A process id alone says little: the system uses each again,
 * after a restart the same ones. Null without /proc.
 */
function programOfProcess(pid: number): string | null {
  try {
    // An executable that was replaced on disk while it runs is shown with this suffix.
    return basename(Deno.readLinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
  } catch {
    return null;
  }
}

function failure(path: string, state: string, cause?: unknown): StackdError {
  return new StackdError("STACKD_PIDFILE", `Cannot write pid file "${path}": ${state}`, { exitCode: 1, cause });
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof Deno.errors.NotFound) return "its directory does not exist";
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission denied";
  return messageOf(thrown);
}

function tryRemove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch { /* it is gone, or was never there */ }
}
