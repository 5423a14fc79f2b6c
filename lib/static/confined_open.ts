/**
 * Opens a file so that what was opened is certainly a regular file inside the root, whatever is renamed or relinked at the
 * same time.
 *
 * All calls are synchronous, as nginx's are: each takes about 2 µs where the asynchronous one costs 20 to 70 µs of thread
 * switching. What could block for long, a FIFO or a device, is never opened.
 *
 * @module
 */
import type { OpenFile } from "../http1/answer.ts";
import type { FileState } from "./file_state.ts";
import type { FileSystem } from "./file_system.ts";
import type { RuntimeFile } from "./open_file.ts";

/** What stands at a path. Whoever gets a `file` closes it; `state` is the file's, from before it could be read. */
export type Opened =
  | { readonly kind: "file"; readonly file: OpenFile; readonly state: FileState }
  | { readonly kind: "directory" | "missing" | "forbidden" | "exhausted" };

/** Opens the file at an absolute `path`, confined to the real path `root`. Throws only what is the system's own failure. */
export type ConfinedOpen = (system: FileSystem, root: string, path: string) => Opened;

/**
 * `careful`, after the short way for paths in which no name is a symlink: the system itself refuses to follow one, so what was
 * opened lies where its path says. Nearly all do; and what is merely missing is told without an exception.
 */
export function openDirectlyOr(careful: ConfinedOpen): ConfinedOpen {
  return (system, root, path) => {
    const state = system.look(path);
    if (state === null) return MISSING;
    if (state.kind === "directory") {
      return isPlainlyInside(root, path) && system.isDirectlyDirectory(path) ? DIRECTORY : careful(system, root, path);
    }
    const opened = state.kind === "file" && isPlainlyInside(root, path) ? system.openDirectly(path) : null;
    return opened === null ? careful(system, root, path) : { kind: "file", ...opened };
  };
}

/**
 * Through `/proc/self/fd`: the path is resolved once, to a descriptor; that very thing is then inspected, its real path
 * compared, and itself opened. No second resolution means no race to lose.
 */
export function openThroughProc(system: FileSystem, root: string, path: string): Opened {
  let descriptor: number;
  try {
    descriptor = system.openPath(path);
  } catch (error) {
    return outcomeOf(error);
  }
  try {
    const link = `/proc/self/fd/${descriptor}`;
    const state = system.look(link);
    if (state === null || !isInside(root, system.readLink(link))) return MISSING;
    if (state.kind === "directory") return DIRECTORY;
    if (state.kind !== "file") return MISSING;
    return { kind: "file", file: system.open(link), state };
  } catch (error) {
    return outcomeOf(error);
  } finally {
    system.closePath(descriptor);
  }
}

/**
 * Where `/proc` is missing (a bare chroot, macOS): the path is looked at, opened, and afterwards resolved again; file and
 * resolution must be the same inode. A FIFO put in the file's place between the first two calls would block the process
 * until somebody writes to it, so roots that strangers can write to want `/proc`.
 */
export function openByComparing(system: FileSystem, root: string, path: string): Opened {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const opened = openAndCompare(system, root, path);
    if (opened !== null) return opened;
  }
  return MISSING;
}

/** A file that a deployment replaces by renaming is found again at once; one that always changes is an attack. */
const ATTEMPTS = 3;

/** Null when the path leads elsewhere than to what was opened. */
function openAndCompare(system: FileSystem, root: string, path: string): Opened | null {
  let file: RuntimeFile | null = null;
  let kept = false;
  try {
    const before = system.stat(path);
    if (before.isDirectory) return isInside(root, system.realPath(path)) ? DIRECTORY : MISSING;
    if (!before.isFile) return MISSING;
    file = system.open(path);
    const { info } = file;
    const real = system.realPath(path);
    const resolved = system.stat(real);
    if (info.dev !== resolved.dev || info.ino !== resolved.ino) return null;
    if (!info.isFile || !isInside(root, real)) return MISSING;
    // Should another file be there by now, what is read is found not to be of this state.
    const state = system.look(real);
    if (state?.kind !== "file") return MISSING;
    kept = true;
    return { kind: "file", file, state };
  } catch (error) {
    return outcomeOf(error);
  } finally {
    if (!kept) file?.close();
  }
}

/** The safest careful way of opening that works here: {@linkcode openThroughProc} where `/proc` is mounted and readable. */
export function chooseConfinedOpen(system: FileSystem, root: string): ConfinedOpen {
  try {
    return openThroughProc(system, root, root).kind === "directory" ? openThroughProc : openByComparing;
  } catch {
    return openByComparing;
  }
}

/** Whether a real path is the root or lies below it; `/srv/www2` does not lie below `/srv/www`. */
export function isInside(root: string, real: string): boolean {
  return real === root || real.startsWith(root.endsWith("/") ? root : `${root}/`);
}

/** The same for a path that has not been resolved, as far as it can be told from the path alone: `..` may lead anywhere. */
export function isPlainlyInside(root: string, path: string): boolean {
  return isInside(root, path) && !path.includes("/..");
}

const DIRECTORY: Opened = Object.freeze({ kind: "directory" });
const MISSING: Opened = Object.freeze({ kind: "missing" });

const OUTCOMES: ReadonlyMap<unknown, Opened> = new Map<unknown, Opened>([
  ["ENOENT", MISSING],
  ["ENOTDIR", MISSING],
  ["ENAMETOOLONG", MISSING],
  ["ELOOP", MISSING],
  ["ENXIO", MISSING], // a socket, or a device without its driver
  ["EACCES", { kind: "forbidden" }],
  ["EPERM", { kind: "forbidden" }],
  ["EMFILE", { kind: "exhausted" }],
  ["ENFILE", { kind: "exhausted" }],
]);

/** The status that refuses what is not there, or cannot be opened. */
export function refusalStatus({ kind }: Opened): number {
  return kind === "forbidden" ? 403 : kind === "exhausted" ? 503 : 404;
}

/** What a failed call means for the file; throws `error` when it is the system's own failure. */
export function outcomeOf(error: unknown): Opened {
  const outcome = error instanceof Error && "code" in error ? OUTCOMES.get(error.code) : undefined;
  if (outcome === undefined) throw error;
  return outcome;
}
