/**
 * Whether another user could read a file: asked by root before it hands something to a process of that user's.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { RunAs } from "../config/options.ts";

/** By the modes of the file and of all directories above it (path_resolution(7)); lists of access rights count for nothing. */
export function mayRead(path: string, user: Pick<RunAs, "uid" | "gid">): boolean {
  try {
    return allows(Deno.statSync(path), user, 0o4) && mayEnter(dirname(path), user);
  } catch {
    return false;
  }
}

/** The same of a directory that a process is to be in. */
export function mayEnter(path: string, user: Pick<RunAs, "uid" | "gid">): boolean {
  try {
    for (let directory = path;; directory = dirname(directory)) {
      if (!allows(Deno.statSync(directory), user, 0o1)) return false;
      if (directory === dirname(directory)) return true;
    }
  } catch {
    return false;
  }
}

/** `right`: 4 to read, 1 to pass through. */
function allows({ mode, uid, gid }: Deno.FileInfo, user: Pick<RunAs, "uid" | "gid">, right: number): boolean {
  if (mode === null || user.uid === 0) return true;
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  return ((mode >> shift) & right) === right;
}
