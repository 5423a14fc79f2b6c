/**
 * What validation asks the machine. It comes in as an argument, so that validation itself is a function of its input.
 *
 * @module
 */
import { workingDirectory } from "./working_directory.ts";

/** What a path names, symlinks followed. */
export type PathKind = "file" | "directory" | "other" | "missing" | "denied";

/** The questions. */
export interface System {
  /** Where relative paths begin. */
  readonly cwd: string;
  /** What stands at an absolute path. */
  kindOf(path: string): PathKind;
  /** How many CPUs there are. */
  readonly cpus: number;
  /** The user that this process runs as; null where there is no such thing. */
  readonly uid: number | null;
  /** The text of a file; null when it cannot be read. */
  read(path: string): string | null;
  /** The users, as /etc/passwd (passwd(5)); empty when there is none, as in an image without accounts. */
  passwd(): string;
  /** The groups, as /etc/group (group(5)); empty when there is none. */
  group(): string;
}

/** The machine that this process runs on. */
export function realSystem(): System {
  return {
    cwd: workingDirectory(),
    cpus: navigator.hardwareConcurrency,
    uid: Deno.uid(),
    kindOf,
    read: (path) => readText(path, null),
    passwd: () => readText("/etc/passwd", ""),
    group: () => readText("/etc/group", ""),
  };
}

function kindOf(path: string): PathKind {
  try {
    const info = Deno.statSync(path);
    return info.isFile ? "file" : info.isDirectory ? "directory" : "other";
  } catch (thrown) {
    if (thrown instanceof Deno.errors.PermissionDenied) return "denied";
    return "missing"; // NotFound, NotADirectory, a loop of symlinks, a name that is too long
  }
}

function readText<Missing>(path: string, missing: Missing): string | Missing {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return missing;
  }
}
