/**
 * Whether a module is a program, which opens a server by itself, or a library, which exports something. Its text is looked at and not
 * parsed: what it says by mistake costs little time, and changes nothing for a module that exports something.
 *
 * @module
 */

/** At the beginning of a line, where it is no word of a comment. Types, and nothing at all, are gone before anything is run. */
const EXPORTS =
  /^\s*export\b(?!\s*(?:type|interface|declare)\s+[\w$*{]|\s*\{\s*(?:type\s+[\w$]+\s*,?\s*)*\})|\bmodule\s*\.\s*exports\b|\bexports\s*[.[]/m;
const SERVERS =
  /\bDeno\s*\.\s*serve\b|(?<![\w$.])(?:serve|start\w*Server)\s*\(|(?<!\bDeno)\.\s*listen\s*\(|\.\s*start\s*\(/;

/** Whether a module with `text` exports anything. */
export function hasExports(text: string): boolean {
  return EXPORTS.test(text);
}

/** Whether a file with `text` opens a server. */
export function opensServer(text: string): boolean {
  return SERVERS.test(text);
}
