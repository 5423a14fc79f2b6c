/**
 * A file name's media type, with the charset where it is text.
 *
 * @module
 */
import { contentType } from "@std/media-types/content-type";

/** What a name without a known extension gets: browsers neither run nor show it. */
export const UNKNOWN_TYPE = "application/octet-stream";

/**
 * Where std's table, which follows the IANA registry and Apache, is wrong for what lies in a web root today.
 *
 * `.ts`, `.mts` are TypeScript far more often than MPEG transport streams, and a type that says "video" makes browsers play
 * source code. `text/plain` would in turn be wrong for the HLS segments with the same extension. Octets are true of both:
 * HLS players look at the bytes, and no browser runs TypeScript under any type.
 */
const OVERRIDES: ReadonlyMap<string, string> = new Map([
  ["ts", UNKNOWN_TYPE],
  ["mts", UNKNOWN_TYPE],
  ["cjs", "text/javascript; charset=utf-8"], // RFC 9239; the table has Node's private type
  ["flac", "audio/flac"], // RFC 9639
  ["rs", "text/plain; charset=utf-8"], // Rust, not RLS services
  ["tgz", "application/gzip"],
  ["zst", "application/zstd"], // RFC 8878
]);

/** Looked-up types by extension. Only extensions that have a type are kept, so it is no larger than the table. */
const known = new Map<string, string>(OVERRIDES);

/**
 * The Content-Type of a file by its name's last extension, upper and lower case alike; `types` has extensions that are the
 * operator's. Text is declared UTF-8: what is served today is, and a wrong guess by the browser is the worse error.
 *
 * @example
 * ```ts ignore
 * mediaType("style.CSS"); // text/css; charset=utf-8
 * ```
 */
export function mediaType(
  name: string,
  types: ReadonlyMap<string, string> | null = null,
  unknown: string = UNKNOWN_TYPE,
): string {
  const extension = /\.([a-z0-9_+-]+)$/i.exec(name)?.[1]?.toLowerCase();
  if (extension === undefined) return unknown;
  const found = types?.get(extension) ?? known.get(extension);
  if (found !== undefined) return found;
  const type = contentType(`.${extension}`)?.replace("charset=UTF-8", "charset=utf-8");
  if (type === undefined) return unknown;
  known.set(extension, type);
  return type;
}
