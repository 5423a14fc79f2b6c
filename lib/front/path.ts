/**
 * One normal form of a request's path, for matching routes and finding files alike (RFC 3986 §6.2.2): what a rule is made
 * for cannot be reached by another spelling.
 *
 * @module
 */

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;

/**
 * `path` (absolute, still percent-encoded, without query) with escapes of unreserved characters decoded, slashes merged and
 * dot segments removed, as nginx matches locations; null when it climbs above the root or has a broken escape or a NUL, even
 * in a segment that would be removed: no file's name holds one, and whoever sends one hopes that somebody cuts the path there.
 */
export function normalizePath(path: string): string | null {
  if (/%(?:00|(?![0-9A-Fa-f]{2}))/.test(path)) return null;
  const decoded = path.replace(/%([0-9A-Fa-f]{2})/g, (escape, hex) => {
    const character = String.fromCharCode(parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : escape.toUpperCase();
  });
  const segments: string[] = [];
  const parts = decoded.split("/");
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part !== "..") segments.push(part);
    else if (segments.pop() === undefined) return null;
  }
  const last = parts[parts.length - 1];
  const isDirectory = last === "" || last === "." || last === "..";
  return segments.length === 0 ? "/" : `/${segments.join("/")}${isDirectory ? "/" : ""}`;
}
