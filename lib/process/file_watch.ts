/**
 * Files whose change asks for a reload. Their directories are watched, not the files: editors and deployments put another file in
 * a file's place.
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
 * @param wanted Gives their absolute paths. A file need not exist yet; where its directory does not, nothing is seen of it.
 * @param isLate Whether one has changed already: asked when all of them are watched, for what happened before they were.
 */
export function watchFiles(
  wanted: () => readonly string[],
  isLate: () => boolean,
  onChange: () => void,
): FileWatch {
  let files = new Set<string>();
  let watched: readonly string[] = [];
  let watcher: Deno.FsWatcher | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, DEBOUNCE);
  };
  const hear = async (current: Deno.FsWatcher) => {
    for await (const { kind, paths } of current) {
      if (kind !== "access" && paths.some((path) => files.has(path))) changed();
    }
  };
  const follow = () => {
    files = new Set(wanted());
    watchAll([...new Set([...files].map((path) => dirname(path)))].filter(isDirectory).sort());
    if (isLate()) changed();
  };
  const watchAll = (directories: readonly string[]) => {
    if (directories.length === watched.length && directories.every((path, index) => path === watched[index])) return;
    const before = watcher;
    // One watch for all: the system gives each user few of them. The old one is closed when the new one sees everything.
    watcher = open(directories);
    watched = watcher === null ? [] : directories;
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

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
