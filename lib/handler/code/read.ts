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

/** The bytes of a file; null when it is none, cannot be read, or may be no part of the code. */
export async function readCode(path: string, mayHold: MayHold): Promise<Uint8Array | null> {
  try {
    using file = await Deno.open(path);
    const { isFile, size, dev, ino } = await file.stat();
    if (!isFile || size > LARGEST) return null;
    const real = await Deno.realPath(path);
    if (!mayHold(real)) return null;
    // It is the one that was opened, which a link may have led away from since.
    const there = await Deno.lstat(real);
    if (there.dev !== dev || there.ino !== ino) return null;
    return new Uint8Array(await new Response(file.readable).arrayBuffer());
  } catch {
    return null;
  }
}
