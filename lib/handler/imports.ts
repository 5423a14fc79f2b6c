/**
 * The imports of a module as its text shows them: enough to say where a name that cannot be loaded stands. It is not a
 * parser, and only asked after an import has failed.
 *
 * @module
 */
import { dirname, extname, fromFileUrl, resolve } from "@std/path";
import type { ReadFile } from "./syntax_error.ts";

/** One import in a file. */
export interface ImportSite {
  /** The importing file's absolute path. */
  readonly file: string;
  readonly specifier: string;
  /** From 1. */
  readonly line: number;
  /** Of the specifier's quote, from 1. */
  readonly column: number;
}

/** `import … from "x"`, `export … from "x"`, `import "x"`, `import("x")`, `require("x")`; not `import("x" + y)`. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(["'])([^"'\n]+)\1(?!\s*\+)/g;
/** Comments, template strings and imports of types, which are gone before anything is loaded. */
const BLIND =
  /\/\*[\s\S]*?\*\/|^\s*\/\/.*$|`(?:[^`\\]|\\.)*`|\b(?:import|export)\s+type\s+(?!from\b)[^"';]*["'][^"'\n]*["']/gm;
/** More files than this are not looked through. */
const MAX_FILES = 2_000;

/** The imports in a file's text, in their order. */
export function scanImports(file: string, source: string): ImportSite[] {
  const code = source.replaceAll(BLIND, (hidden) => hidden.replaceAll(/[^\n]/g, " "));
  return [...code.matchAll(IMPORT)].map((match) => {
    const [whole, , specifier = ""] = match;
    const before = code.slice(0, match.index + whole.length - specifier.length - 2);
    const line = before.split("\n").length;
    return { file, specifier, line, column: [...before.slice(before.lastIndexOf("\n") + 1)].length + 1 };
  });
}

/**
 * Finds the first import that `wanted` says yes to, breadth first from `entry` through the files that it imports by path.
 */
export function findImport(
  entry: string,
  wanted: (site: ImportSite) => boolean,
  readFile: ReadFile,
): ImportSite | null {
  const queue = [entry];
  const seen = new Set(queue);
  for (let file; (file = queue.shift()) !== undefined && seen.size < MAX_FILES;) {
    for (const site of scanImports(file, readFile(file) ?? "")) {
      if (wanted(site)) return site;
      const target = importedPath(site);
      if (target === null || seen.has(target)) continue;
      seen.add(target);
      queue.push(target);
    }
  }
  return null;
}

/** The file that an import by path names; null for packages, built-in modules and URLs of the net. */
export function importedPath({ file, specifier }: ImportSite): string | null {
  const [path = ""] = specifier.split(/[?#]/);
  try {
    if (/^\.{0,2}\//.test(path)) return resolve(dirname(file), decodeURIComponent(path));
    return path.startsWith("file://") ? fromFileUrl(path) : null;
  } catch {
    return null; // not decodable: no file has this name
  }
}

/** What is often meant by a path that leads to no file, in the order of likelihood. */
export function likelySpecifiers(specifier: string): string[] {
  const extension = extname(specifier);
  const stem = extension === "" ? specifier : specifier.slice(0, -extension.length);
  const endings = [".ts", ".js", ".mts", ".mjs", ".tsx", ".jsx", ".json"];
  return [
    ...(/^\.[mc]?[jt]sx?$/.test(extension)
      ? endings.filter((ending) => ending !== extension).map((e) => stem + e)
      : []),
    ...endings.map((ending) => specifier + ending),
    ...endings.slice(0, 4).map((ending) => `${specifier.replace(/\/$/, "")}/index${ending}`),
  ];
}
