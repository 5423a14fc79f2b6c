/**
 * Reads the files of a handler's code. Who traces imports may be allowed more than the handler, which could name any file in an
 * import.
 *
 * @module
 */

/** The endings of code. */
export const CODE = /^\.(?:[mc]?js|m?ts|jsx|tsx)$/;
/** Larger ones are data that somebody has named like code, bytes. */
const LARGEST = 32 * 1_048_576;

/** Whether the file that really is at `path` may be a part of the code. */
export type MayHold = (path: string) => boolean;

/**
 * The bytes of a file; null when it is none, cannot be read, or may be no part of the code. Not waited for: many small files are read in a
 * fraction of the time that it takes to wait for each.
 */
export function readCode(path: string, mayHold: MayHold): Uint8Array<ArrayBuffer> | null {
  try {
    using file = Deno.openSync(path);
    const { isFile, size, dev, ino } = file.statSync();
    if (!isFile || size > LARGEST) return null;
    const real = Deno.realPathSync(path);
    if (!mayHold(real)) return null;
    // It is the one that was opened, which a link may have led away from since.
    const there = Deno.lstatSync(real);
    return there.dev === dev && there.ino === ino ? readAll(file, size) : null;
  } catch {
    return null;
  }
}

function readAll(file: Deno.FsFile, size: number): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(size + 1), length = 0;
  for (;;) {
    const read = file.readSync(bytes.subarray(length));
    if (read === null) return bytes.subarray(0, length);
    length += read;
    if (length < bytes.length) continue;
    // It grows while it is read.
    const larger = new Uint8Array(2 * length);
    larger.set(bytes);
    bytes = larger;
  }
}
