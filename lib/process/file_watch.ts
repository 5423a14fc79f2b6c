/**
 * Files whose change asks for a reload. Their directories are watched, not the files: editors and deployments put another file in
 * a file's place. So are the directories above these: builds and package managers put another directory in a directory's place.
 *
 * @module
 */
import { dirname } from "@std/path";
import { logWarn } from "../observe/log.ts";
import { messageOf } from "../errors.ts";

/** Changes within this time, ms, are one: a file is often written in several steps, and several files at once. */
const DEBOUNCE = 100;

/** A watch that goes on until it is closed. */
export interface FileWatch {
  /** Which files are to be watched may have changed. */
  follow(): void;
  close(): void;
}

/**
 * Calls `onChange` when any of the files was written, made, replaced or removed.
 *
 * @param wanted Gives their absolute paths. A file need not exist yet, nor its directory.
 * @param isLate Whether one has changed already: asked when all of them are watched, for what happened before they were.
 */
export function watchFiles(
  wanted: () => readonly string[],
  isLate: () => boolean,
  onChange: () => void,
): FileWatch {
  let files = new Set<string>();
  let directories = new Set<string>();
  /** What is watched: paths, and which directories these were. */
  let watched = "";
  let watcher: Deno.FsWatcher | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, DEBOUNCE);
  };
  const hear = async (current: Deno.FsWatcher) => {
    for await (const { kind, paths } of current) {
      if (kind === "access") continue;
      if (paths.some((path) => files.has(path))) changed();
      else if (paths.some((path) => directories.has(path))) follow();
    }
  };
  const follow = () => {
    files = new Set(wanted());
    directories = new Set([...files].flatMap((path) => missingAbove(dirname(path))));
    watchAll([...new Set([...directories].flatMap((path) => [path, dirname(path)]))].sort());
    if (isLate()) changed();
  };
  const watchAll = (paths: readonly string[]) => {
    const there = paths.map((path) => [path, directoryAt(path)] as const).filter(([, identity]) => identity !== null);
    if (there.join("\n") === watched) return;
    const before = watcher;
    // One watch for all: the system gives each user few of them. The old one is closed when the new one sees everything.
    watcher = open(there.map(([path]) => path));
    watched = watcher === null ? "" : there.join("\n");
    if (watcher !== null) hear(watcher);
    before?.close();
  };
  follow();
  return {
    follow,
    close() {
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

function open(directories: readonly string[]): Deno.FsWatcher | null {
  if (directories.length === 0) return null;
  try {
    return Deno.watchFs([...directories], { recursive: false });
  } catch (thrown) {
    logWarn(`Cannot watch the handler's files: ${messageOf(thrown)}`);
    return null;
  }
}

/** The directory, and where it is not there, those above it that are not either. */
function missingAbove(directory: string): string[] {
  const above = dirname(directory);
  if (above === directory || directoryAt(directory) !== null) return [directory];
  return [directory, ...missingAbove(above)];
}

/** Which directory is at a path; null for none. */
function directoryAt(path: string): string | null {
  try {
    const { isDirectory, dev, ino } = Deno.statSync(path);
    return isDirectory ? `${dev} ${ino}` : null;
  } catch {
    return null;
  }
}
