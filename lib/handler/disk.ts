/**
 * The disk of this machine, as far as somebody asks it why a module cannot be loaded.
 *
 * @module
 */
import type { Files } from "./load_failure.ts";

/** The disk. */
export const DISK: Files = {
  read(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return null;
    }
  },
  kind(path) {
    try {
      const { isFile, isDirectory } = Deno.statSync(path);
      return isFile ? "file" : isDirectory ? "directory" : null;
    } catch {
      return null;
    }
  },
};
