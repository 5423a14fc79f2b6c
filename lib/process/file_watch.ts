/**
 * Files whose change asks for a reload. Their directories are watched, not the files: editors and deployments put another file in
 * a file's place. So are the directories above these: builds and package managers put another directory in a directory's place.
 *
 * @module
 */
import { dirname } from "@std/path";
import { logWarn } from "../observe/log.ts";
import { messageOf } from "../errors.ts";
import { versionOf } from "./file_version.ts";
import { OnceMore } from "./once_more.ts";

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
  /** The files, as they were when that was last told. */
  const versions = new Map<string, string>();
  let directories = new Set<string>();
  /** What is watched: paths, and which directories these were. */
  let watched = "";
  let watcher: Deno.FsWatcher | null = null;
  let hearing: Promise<void> | null = null;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, DEBOUNCE);
  };
  const hear = async (current: Deno.FsWatcher) => {
    for await (const { kind, paths } of current) {
      if (kind === "access") continue;
      const ours = paths.filter((path) => versions.has(path));
      for (const path of ours) versions.set(path, versionOf(path));
      if (ours.length > 0) changed();
      else if (paths.some((path) => directories.has(path))) follow();
    }
  };
  const find = () => {
    const files = new Set(wanted());
    for (const path of versions.keys()) if (!files.has(path)) versions.delete(path);
    for (const path of files) if (!versions.has(path)) versions.set(path, versionOf(path));
    directories = new Set([...files].flatMap((path) => missingAbove(dirname(path))));
    const paths = [...new Set([...directories].flatMap((path) => [path, dirname(path)]))].sort();
    return paths.map((path) => [path, directoryAt(path)] as const).filter(([, identity]) => identity !== null);
  };
  const turn = new OnceMore(async () => {
    for (let there = find(); !closed && there.join("\n") !== watched; there = find()) {
      // The runtime watches a path once, whoever asks: another directory at a path is only seen when nobody watches the one before.
      watcher?.close();
      await hearing;
      if (closed) return;
      watcher = open(there.map(([path]) => path));
      hearing = watcher === null ? null : hear(watcher).catch(failed);
      watched = watcher === null ? "" : there.join("\n");
      if (watcher === null) break;
    }
    // What happened while nobody watched.
    const missed = [...versions].filter(([path, version]) => versionOf(path) !== version);
    for (const [path] of missed) versions.set(path, versionOf(path));
    if (missed.length > 0 || isLate()) changed();
  });
  const follow = () => void turn.ask();
  follow();
  return {
    follow,
    close() {
      closed = true;
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
    failed(thrown);
    return null;
  }
}

function failed(thrown: unknown): void {
  logWarn(`Cannot watch the handler's files: ${messageOf(thrown)}`);
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
