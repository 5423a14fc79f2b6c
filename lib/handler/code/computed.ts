/**
 * Imports whose path is computed, but says where it leads: `import("./routes/" + name + ".ts")`. Every file that it could be is a part of
 * the code, as bundlers have it.
 *
 * @module
 */
import { fromFileUrl, join, toFileUrl } from "@std/path";

/** A template with parts to fill in, or a text to which something is added, behind `import(`. */
const TEMPLATE = /\bimport\s*\(\s*`(\.{1,2}\/[^`\\]*\$\{[^`\\]*)`/g;
const TEMPLATE_IMPORT = /\bimport\s*\(\s*`/;
const SUM = /\bimport\s*\(\s*(["'])(\.{1,2}\/[^"'\n\\]*)\1\s*\+[^)"'`\n]*(?:\+\s*(["'])([^"'\n\\]*)\3\s*)?\)/g;

/** Whether the text has an import whose specifier is not written down. */
export function isComputed(text: string): boolean {
  return /\bimport\s*\(\s*(?![\s"'`)])/.test(text) || text.includes("${") && TEMPLATE_IMPORT.test(text);
}

/** Whether the text has a computed import that says where it could lead. */
export function hasPattern(text: string): boolean {
  return text.search(TEMPLATE) >= 0 || text.search(SUM) >= 0;
}

/** The URLs of all files that a computed import in the text of the module at `url` could lead to. */
export function computedTargets(text: string, url: string): string[] {
  if (!url.startsWith("file:")) return [];
  const patterns = [
    ...[...text.matchAll(TEMPLATE)].map(([, template = ""]) => template.split(/\$\{[^}]*\}/)),
    ...[...text.matchAll(SUM)].map(([, , before = "", , after = ""]) => [before, after]),
  ];
  return patterns.flatMap((parts) => filesLike(parts, url));
}

/** The files of one directory whose names have these parts in this order; what is filled in has no slash. */
function filesLike(parts: readonly string[], url: string): string[] {
  const [first = "", ...others] = parts;
  // What stands for a directory is not looked into: that could be a whole disk.
  if (others.some((part) => part.includes("/"))) return [];
  const directory = fromFileUrl(new URL(first.slice(0, first.lastIndexOf("/") + 1), url));
  const name = [first.slice(first.lastIndexOf("/") + 1), ...others];
  try {
    return [...Deno.readDirSync(directory)].filter((entry) => !entry.isDirectory && matches(entry.name, name))
      .map((entry) => toFileUrl(join(directory, entry.name)).href);
  } catch {
    return []; // there is no such directory
  }
}

function matches(name: string, [start = "", ...parts]: readonly string[]): boolean {
  const end = parts.pop() ?? "";
  if (!name.startsWith(start) || !name.endsWith(end) || name.length <= start.length + end.length) return false;
  let at = start.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - end.length) return false;
    at = found + part.length;
  }
  return true;
}
