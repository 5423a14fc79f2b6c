/**
 * From a request's path to the names of a file: decoded once, normalised, and never out of the root.
 *
 * @module
 */

/** The names below the root, empty for the root itself; or the status that refuses the path. */
export type ParsedPath =
  | { readonly kind: "segments"; readonly segments: readonly string[] }
  | { readonly kind: "refused"; readonly status: 400 | 404 };

/** What the path of a request target may hold: visible ASCII without `?` and `#`, which end a path. */
const PATH_OCTETS = /^[!"$->@-~]*$/;
/** The same with the query. */
const TARGET_OCTETS = /^[!"$-~]*$/;
/** Ends in a slash, or in a dot segment, which stands for a directory (RFC 3986 §5.2.4). */
const DIRECTORY_FORM = /(?:^|\/)(?:\.|%2e){0,2}$/i;

const MALFORMED: ParsedPath = Object.freeze({ kind: "refused", status: 400 });
const NO_SUCH: ParsedPath = Object.freeze({ kind: "refused", status: 404 });

/**
 * The names that a raw path asks for. `raw` begins with `/` (or is empty, the root) and is still percent-encoded.
 *
 * - Escapes are decoded exactly once; `%252e` is the name `%2e`, not a dot.
 * - Refused with 400, as nginx does: a broken escape, NUL, and dot segments that climb above the root; and, since a name is
 *   text here, what is not UTF-8 (over-long forms, surrogates) or not visible ASCII where it is not escaped.
 * - Refused with 404: an encoded slash and any backslash. No name that is served holds one, and what a browser or another
 *   proxy makes of them differs.
 * - Empty segments are skipped, as nginx's `merge_slashes` does.
 * - Names with a leading dot are hidden (404: `.git`, `.env`, `.htpasswd`), except `/.well-known/` (RFC 8615), unless
 *   `dotfiles`.
 */
export function parsePath(raw: string, dotfiles = false): ParsedPath {
  if (raw !== "" && !raw.startsWith("/")) return MALFORMED;
  if (!PATH_OCTETS.test(raw)) return MALFORMED;
  const segments: string[] = [];
  for (const encoded of raw.split("/")) {
    const name = encoded.includes("%") ? decode(encoded) : encoded;
    if (name === null || name.includes("\0")) return MALFORMED;
    if (name.includes("/") || name.includes("\\")) return NO_SUCH;
    if (name === "" || name === ".") continue;
    if (name !== "..") segments.push(name);
    else if (segments.pop() === undefined) return MALFORMED;
  }
  return !dotfiles && segments.some(isHidden) ? NO_SUCH : { kind: "segments", segments };
}

function decode(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** Whether a name is hidden where it stands: `index` names below the root. */
export function isHidden(name: string, index: number): boolean {
  return name.startsWith(".") && !(index === 0 && name === ".well-known");
}

/** Whether a raw path asks for a directory: relative links of the answer are resolved below it. */
export function isDirectoryForm(raw: string): boolean {
  return DIRECTORY_FORM.test(raw);
}

/**
 * The Location that adds the slash to a directory's path, or null for a target that may not stand in a field. It is
 * path-absolute, so it cannot name another scheme; and it never begins with two slashes, which a client would read as the
 * name of another host, nor with a backslash, which browsers take for a slash.
 */
export function directoryLocation(originalPath: string, query: string): string | null {
  if (!TARGET_OCTETS.test(originalPath + query)) return null;
  return `/${originalPath.replace(/^[/\\]+/, "")}/${query}`;
}
