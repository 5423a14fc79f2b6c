/**
 * Files whose change asks for a reload. The directory is watched, not the file: editors and deployments put another file in
 * its place.
 *
 * @module
 */
import { basename, dirname } from "@std/path";

/** Changes within this time, ms, are one: a file is often written in several steps. */
const DEBOUNCE = 100;

/** A watch that goes on until it is closed. */
export interface FileWatch {
  close(): void;
}

/**
 * Calls `onChange` when any of the files was written, made or replaced.
 *
 * @param paths Absolute; a file need not exist yet, its directory has to.
 * @throws What the system says when it cannot watch.
 */
export function watchFiles(paths: readonly string[], onChange: () => void): FileWatch {
  const names = new Map<string, Set<string>>();
  for (const path of paths) {
    const directory = dirname(path);
    names.set(directory, (names.get(directory) ?? new Set()).add(basename(path)));
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watchers = [...names].map(([directory, wanted]) => {
    const watcher = Deno.watchFs(directory, { recursive: false });
    (async () => {
      for await (const { kind, paths } of watcher) {
        if (kind === "access" || !paths.some((path) => wanted.has(basename(path)))) continue;
        clearTimeout(timer);
        timer = setTimeout(onChange, DEBOUNCE);
      }
    })();
    return watcher;
  });
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
