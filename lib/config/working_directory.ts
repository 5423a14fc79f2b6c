/**
 * The directory that this process was started in. It may be removed while the process runs, and is where relative paths begin all
 * the same.
 *
 * @module
 */

/** Where a process is whose own directory is gone. */
export const ROOT = "/";

let own = current();
/** Whether it was left, because it is gone. */
let left = false;

/** This process's working directory; the last that it had, where that is gone. */
export function workingDirectory(): string {
  const now = current();
  if (now !== null && (!left || now !== ROOT)) {
    own = now;
    left = false;
  }
  return own ?? ROOT;
}

/** From now on `directory` is where relative paths begin, also when it is gone. */
export function belongIn(directory: string): void {
  own = directory;
  left = true;
}

/**
 * Makes sure that this process is somewhere: no process can be started from a directory that is gone, not even in another one. It goes to a
 * directory that was put in its place, or else to the root.
 *
 * @returns Whether it is where it belongs.
 */
export function standSomewhere(): boolean {
  const home = workingDirectory();
  if (!left && current() !== null) return true;
  left = !enter(home);
  if (left) enter(ROOT);
  return !left;
}

function current(): string | null {
  try {
    return Deno.cwd();
  } catch {
    return null;
  }
}

function enter(directory: string): boolean {
  try {
    Deno.chdir(directory);
    return true;
  } catch {
    return false;
  }
}
