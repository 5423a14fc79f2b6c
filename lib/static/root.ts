/**
 * The directory that files are served from, opened once per route.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import { dateLine } from "../http1/date.ts";
import { chooseConfinedOpen, type ConfinedOpen, openDirectlyOr, openThroughProc } from "./confined_open.ts";
import type { FileState } from "./file_state.ts";
import { type FileSystem, SYSTEM } from "./file_system.ts";
import { readQuickly } from "./quick_read.ts";
import type { Moment } from "./watch.ts";

/** A directory. */
export interface StaticRoot {
  /** Its real path: a symlink that is swapped later takes effect with the next reload. */
  readonly path: string;
  readonly host: StaticHost;
  readonly open: ConfinedOpen;
  /** Whether what a descriptor is of can be read from `/proc`. */
  readonly hasProc: boolean;
}

/** The outside world, as an argument. */
export interface StaticHost {
  readonly system: FileSystem;
  /** Ms since the epoch. */
  readonly now: () => number;
  /** The bytes of a file below the real path `root`; null when they cannot be had at once, and it has to be opened. */
  readonly read: (root: string, path: string, state: FileState) => Uint8Array | null;
  /** Another one at least every second: then files in memory are compared with the disk. */
  readonly moment: () => Moment;
}

// The Date line is a new one every second, and every answer needs it anyway.
const HOST: StaticHost = Object.freeze({ system: SYSTEM, now: () => Date.now(), read: readQuickly, moment: dateLine });

/** Opens a directory. Throws {@linkcode StackdError} `STACKD_CONFIG_INVALID` when there is none. */
export function openStaticRoot(dir: string, host: StaticHost = HOST): StaticRoot {
  let path: string, isDirectory: boolean;
  try {
    path = host.system.realPath(dir);
    isDirectory = host.system.stat(path).isDirectory;
  } catch (cause) {
    const state = cause instanceof Deno.errors.NotFound
      ? "there is no such directory"
      : cause instanceof Deno.errors.PermissionDenied
      ? "the permission is missing"
      : "it cannot be resolved to a directory";
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot serve files from "${dir}": ${state}`, { cause });
  }
  if (!isDirectory) {
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot serve files from "${dir}": it is not a directory`);
  }
  const careful = chooseConfinedOpen(host.system, path);
  return { path, host, open: openDirectlyOr(careful), hasProc: careful === openThroughProc };
}
