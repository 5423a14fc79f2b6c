/**
 * What a confined worker's process needs beside what its handler may touch.
 *
 * @module
 */
import { dirname, fromFileUrl } from "@std/path";
import { trustedPlaces } from "../confine/environment.ts";
import type { Places, ProcessNeeds } from "../confine/ruleset.ts";
import type { WorkerOptions } from "../process/messages.ts";

/** The system, as rules ask for it. */
export const PLACES: Places = {
  exists: (path) => statOf(path) !== null,
  which(program) {
    if (program.includes("/")) return program;
    const directories = (Deno.env.get("PATH") ?? "").split(":").filter((path) => path.startsWith("/"));
    return directories.map((path) => `${path}/${program}`).find((path) => statOf(path)?.isFile) ?? null;
  },
};

function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch {
    return null;
  }
}

/** The needs of a worker with these options. */
export function needsOf({ socket, privateSocket, accessLog }: WorkerOptions, code: readonly string[]): ProcessNeeds {
  const source = Deno.build.standalone ? { reads: [], caches: [] } : sourceRun();
  const sockets = [socket?.path ?? [], privateSocket ?? []].flat();
  return {
    code,
    reads: [...trustedPlaces((name) => Deno.env.get(name)), ...source.reads],
    caches: source.caches,
    socketDirectories: [...new Set(sockets.map((path) => dirname(path)))],
    accessLog: socket !== null && accessLog.kind === "file" ? accessLog.path : null,
  };
}

/** The files that a process has mapped, by its /proc/self/maps (proc(5)): itself, the loader, and the libraries that it cannot run without. */
export function mappedFiles(maps: string): string[] {
  return [...new Set(maps.split("\n").flatMap((line) => /\s(\/.+)$/.exec(line)?.[1] ?? []))];
}

/** What Deno itself reads and writes where it runs us from source. */
function sourceRun(): Pick<ProcessNeeds, "reads" | "caches"> {
  const home = Deno.env.get("HOME") ?? "/root";
  const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("XDG_CACHE_HOME") ?? `${home}/.cache`}/deno`;
  return { reads: [fromFileUrl(new URL("../../", import.meta.url))], caches: [cache] };
}
