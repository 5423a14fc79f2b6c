/**
 * Reads a directory for its listing: what a request could get, and nothing else.
 *
 * @module
 */
import { isInside, outcomeOf, refusalStatus } from "./confined_open.ts";
import type { FileState } from "./file_state.ts";
import { type Listed, MOST_LISTED } from "./listing.ts";
import { isHidden } from "./paths.ts";
import type { Place } from "./resolve.ts";
import type { StaticRoot } from "./root.ts";

/**
 * What is in the directory at `path`, `depth` names below the root; or the status that refuses it: 404 when it lies elsewhere by
 * now, 403 when it may not be read.
 */
export function list(root: StaticRoot, place: Place, path: string, depth: number): Listed[] | number {
  try {
    return read(root, place, path, depth);
  } catch (error) {
    return refusalStatus(outcomeOf(error));
  }
}

function read(root: StaticRoot, place: Place, path: string, depth: number): Listed[] | number {
  const { system } = root.host;
  const descriptor = openPath(root, path);
  try {
    // The very directory that was compared is read, whatever is at its path meanwhile.
    const link = descriptor === null ? path : `/proc/self/fd/${descriptor}`;
    const real = descriptor === null ? system.realPath(path) : system.readLink(link);
    if (!isInside(place.confinedTo, real)) return 404;
    const listed: Listed[] = [];
    for (const entry of system.list(link)) {
      if (!place.options.dotfiles && isHidden(entry.name, depth)) continue;
      const state = entry.isSymlink
        ? through(place, `${path}/${entry.name}`, system.look)
        : system.look(`${link}/${entry.name}`);
      if (state?.kind !== "file" && state?.kind !== "directory") continue;
      const { kind, size, mtime } = state;
      listed.push({ name: entry.name, kind, size: kind === "file" ? size : 0, mtime });
      if (listed.length === MOST_LISTED) break;
    }
    return listed;
  } finally {
    if (descriptor !== null) system.closePath(descriptor);
  }
}

function openPath({ host: { system }, hasProc }: StaticRoot, path: string): number | null {
  return hasProc ? system.openPath(path) : null;
}

/** What a symlink leads to, when that is served. */
function through(place: Place, path: string, look: (path: string) => FileState | null): FileState | null {
  const opened = place.open(path);
  if (opened.kind === "file") {
    opened.file.close();
    return opened.state;
  }
  return opened.kind === "directory" ? look(path) : null;
}
