/**
 * Whether files are still those that were read.
 *
 * @module
 */

/** Something that differs when another file is in a file's place, or it was written; the same text for all that are not there. */
export function versionOf(path: string): string {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(path);
    return `${dev} ${ino} ${size} ${mtime?.getTime()}`;
  } catch {
    return "";
  }
}
