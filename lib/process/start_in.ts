/**
 * Where processes are started whose working directory is gone.
 *
 * @module
 */
import { ROOT, standSomewhere, workingDirectory } from "../config/working_directory.ts";
import { logWarn } from "../observe/log.ts";

/** Directories that were said to be gone, and are. */
const gone = new Set<string>();

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

function isGone(directory: string): boolean {
  try {
    return !Deno.statSync(directory).isDirectory;
  } catch (thrown) {
    return thrown instanceof Deno.errors.NotFound;
  }
}
