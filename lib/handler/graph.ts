/**
 * What a module imports, for people: its own files, the packages that they come to, and what leads nowhere.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type CodeFile, traceCode } from "./code/trace.ts";
import { importedPath, type ImportSite, scanImports } from "./imports.ts";
import type { Files } from "./load_failure.ts";

/** A package, or a site, that files are loaded from. */
export interface ImportedPackage {
  readonly name: string;
  /** As it says itself; null where nothing does. */
  readonly version: string | null;
  /** How many of its files may be loaded. */
  readonly files: number;
}

/** An import in one of the module's own files that leads nowhere. */
export interface DeadImport extends ImportSite {
  /** What is the case, as a phrase. */
  readonly state: string;
}

/** The imports of a module, and of what it imports. */
export interface ImportGraph {
  /** Absolute paths of its own files, the module's first. */
  readonly files: readonly string[];
  readonly packages: readonly ImportedPackage[];
  readonly dead: readonly DeadImport[];
}

/** Where a package lies in a path, by its innermost name. */
const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;
/** A package of jsr.io, by the URLs of its files. */
const JSR = /^https:\/\/jsr\.io\/(@[^/]+\/[^/]+)\/([^/]+)\//;

/**
 * Traces the module at `entry`, an absolute path. Never throws for what is wrong with it.
 *
 * @param text The module's own text, where it is not on disk.
 */
export async function traceImports(entry: string, disk: Files, text: string | null = null): Promise<ImportGraph> {
  const { files, missing } = await traceCode(entry, undefined, undefined, text);
  const texts: Files = { ...disk, read: (path) => path === entry && text !== null ? text : disk.read(path) };
  const packages = new Map<string, { name: string; version: string | null; files: number }>();
  const own: CodeFile[] = [];
  for (const file of files.values()) {
    const found = packageOf(file, disk);
    if (found === null) own.push(file);
    else {
      const key = `${found.name}@${found.version}`;
      const known = packages.get(key) ?? { ...found, files: 0 };
      packages.set(key, { ...known, files: known.files + 1 });
    }
  }
  const states = new Map(missing.map(({ parent, specifier, state }) => [keyOf(parent, specifier), state]));
  const dead = own.flatMap(({ path, format }) => format === "data" ? [] : deadImports(path, states, texts));
  return {
    files: own.map(({ path }) => path),
    packages: [...packages.values()].sort((a, b) => a.name < b.name ? -1 : 1),
    dead,
  };
}

/** Which package a file is of; null for the module's own. */
function packageOf({ url, path }: CodeFile, disk: Files): { name: string; version: string | null } | null {
  const [, directory, name] = PACKAGE.exec(path) ?? [];
  if (name !== undefined) return { name, version: versionIn(disk.read(`${directory}/package.json`)) };
  if (url.startsWith("file:")) return null;
  const [, jsr, version = null] = JSR.exec(url) ?? [];
  return jsr === undefined ? { name: url, version: null } : { name: `jsr:${jsr}`, version };
}

function versionIn(text: string | null): string | null {
  try {
    const version: unknown = JSON.parse(text ?? "null")?.version;
    return typeof version === "string" ? version : null;
  } catch {
    return null; // its author's to mend
  }
}

function deadImports(file: string, states: ReadonlyMap<string, string>, disk: Files): DeadImport[] {
  return scanImports(file, disk.read(file) ?? "").flatMap((site) => {
    const target = importedPath(site);
    const state = states.get(keyOf(file, site.specifier)) ??
      (target !== null && disk.kind(target) !== "file" ? "leads to no file" : undefined);
    return state === undefined ? [] : [{ ...site, state }];
  });
}

/** An import, by the file that it stands in, a path or its URL, and what it asks for. */
function keyOf(parent: string, specifier: string): string {
  return `${parent.startsWith("file:") ? fromFileUrl(parent) : parent}\n${specifier}`;
}
