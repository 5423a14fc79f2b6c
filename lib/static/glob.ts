/**
 * Patterns of paths below a root.
 *
 * @module
 */

/** Whether a path below the root (`/assets/app.js`) fits. */
export type PathTest = (path: string) => boolean;

/**
 * A pattern as a test: `*` is any part of a name, `**` any number of names, `?` one character. A pattern without a slash is
 * compared with the last name alone; a slash at its beginning changes nothing.
 */
export function compileGlob(pattern: string): PathTest {
  const anywhere = !pattern.includes("/");
  const source = pattern.replace(/^\//, "").replace(/\*\*\/|\*\*|\*|\?|[^*?]/g, (part) => {
    switch (part) {
      case "**/":
        return "(?:[^/]+/)*";
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      default:
        return part.replace(/[\\^$.|+()[\]{}/]/g, "\\$&");
    }
  });
  const expression = new RegExp(`${anywhere ? "(?:^|/)" : "^/"}${source}$`, "su");
  return (path) => expression.test(path);
}
