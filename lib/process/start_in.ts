/**
 * Where processes are started whose working directory is gone.
 *
 * @module
 */
import { ROOT, standSomewhere, workingDirectory } from "../config/working_directory.ts";
import type { RunAs } from "../config/options.ts";
import { logWarn } from "../observe/log.ts";
import { nameOf } from "./privileges.ts";

/** Directories that were said to be gone, and are. */
const gone = new Set<string>();
/** Directories that were said to be closed to who runs processes. */
const closed = new Set<string>();

/**
 * Where a process that is to be started in `wanted` can be: there, or in the root, with a warning, when it is gone. Null is this process's
 * own directory.
 */
export function startIn(wanted: string | null): string | null {
  const ownIsThere = standSomewhere();
  const directory = wanted ?? workingDirectory();
  if (wanted === null ? ownIsThere : !isGone(wanted)) {
    gone.delete(directory);
    return wanted;
  }
  if (!gone.has(directory)) {
    gone.add(directory);
    logWarn(`The working directory "${directory}" is gone: processes are started in "${ROOT}" until it is there again`);
  }
  return wanted === null ? null : ROOT;
}

/**
 * Starts a process in this one's own directory; in the root, with a warning, where it may not enter that. Deno enters it anew in each
 * process, so one of a user who was given this process by `sudo`, or by `--uid`, in somebody else's home could not be started at all.
 *
 * @param spawn Starts it; null is this process's own directory.
 * @param user Whose it is to be; null: as this process.
 */
export function startHere(spawn: (cwd: string | null) => Deno.ChildProcess, user: RunAs | null): Deno.ChildProcess {
  try {
    return spawn(null);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.PermissionDenied)) throw thrown;
    const child = spawn(ROOT), directory = workingDirectory();
    if (!closed.has(directory)) {
      closed.add(directory);
      const who = user === null ? "this user" : nameOf(user);
      logWarn(`The working directory "${directory}" may not be entered by ${who}: processes are started in "${ROOT}"`);
    }
    return child;
  }
}

function isGone(directory: string): boolean {
  try {
    return !Deno.statSync(directory).isDirectory;
  } catch (thrown) {
    return thrown instanceof Deno.errors.NotFound;
  }
}
