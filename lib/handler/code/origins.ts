/**
 * From what was loaded back to what its author knows.
 *
 * @module
 */
import { fromFileUrl, toFileUrl } from "@std/path";
import type { LoadableCode } from "./loadable.ts";
import { readText } from "./text.ts";

/** The file that has a copy at `path`, and how many lines the copy has above it; null when that is no copy. */
export function originalOf(code: LoadableCode, path: string): { readonly path: string; readonly above: number } | null {
  for (const [url, file] of Object.entries(code.files)) {
    if (file.path === path && url.startsWith("file:")) return { path: fromFileUrl(url), above: file.above };
  }
  return null;
}

/** The text that is loaded of the file at `path`, as its author knows it; null when the file is no part of the code. */
export function textOf(code: LoadableCode, path: string): string | null {
  const file = code.files[toFileUrl(path).href];
  if (file === undefined) return null;
  try {
    const text = readText(file.path);
    return file.staging === null ? text.split("\n").slice(file.above).join("\n") : text;
  } catch {
    return null;
  }
}

/** Who imports the module at `url` by another name than its path. */
export function importerOf(
  code: LoadableCode,
  url: string,
): { readonly parent: string; readonly specifier: string } | null {
  for (const [parent, edges] of Object.entries(code.edges)) {
    for (const [key, target] of Object.entries(edges)) {
      if (target === url) return { parent, specifier: key.slice(key.indexOf(" ") + 1) };
    }
  }
  return null;
}
