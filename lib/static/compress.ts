/**
 * Compresses a file's bytes, off the thread that answers requests.
 *
 * @module
 */
import type { Coding } from "../http1/content_coding.ts";

/** What stackd compresses to by itself. */
export const OWN_CODINGS: readonly Coding[] = ["br", "gzip"];

/**
 * Brotli's level 0 to 11 and zlib's 1 to 9. It is done once and kept, so it may take a little longer than what is compressed
 * for every answer (nginx's gzip_comp_level is 1); the highest levels are for who compresses before deploying.
 */
const BROTLI_LEVEL = 5, GZIP_LEVEL = 6;

/** Taken when it is first needed, as most processes compress nothing. */
const zlib = () => loaded ??= processGlobal().getBuiltinModule("node:zlib");
let loaded: typeof import("node:zlib") | undefined;
const processGlobal = () => (globalThis as unknown as { process: typeof import("node:process") }).process;

/** `bytes` in `coding`, one of {@linkcode OWN_CODINGS}. */
export function compress(bytes: Uint8Array, coding: Coding): Promise<Uint8Array> {
  const { brotliCompress, gzip, constants } = zlib();
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, result: Uint8Array) => error === null ? resolve(result) : reject(error);
    if (coding === "gzip") return gzip(bytes, { level: GZIP_LEVEL }, done);
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_LEVEL,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    brotliCompress(bytes, { params }, done);
  });
}
