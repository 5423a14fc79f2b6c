/**
 * What a handler's own deno.json or deno.jsonc says of its imports: the nearest one above the module counts.
 *
 * @module
 */
import { parse as parseJsonc } from "@std/jsonc/parse";
import { dirname, join, resolve, toFileUrl } from "@std/path";
import { type ImportMap, NO_MAP, readImportMap } from "./import_map.ts";
import { type ConfigFile, membersOf, workspaceMap } from "./workspace.ts";

/** What is asked of the disk. */
export type ReadText = (path: string) => string | null;

/** How JSX is written where no pragma says it. */
export interface JsxOptions {
  /** The comment that says the same at the head of a file. */
  readonly pragma: string;
  /** The package of `jsx-runtime`; null for the classic form, which imports nothing. */
  readonly importSource: string | null;
}

/** What of the configuration is used here. */
export interface CodeConfig {
  readonly map: ImportMap;
  /** Null where nothing is said of it. */
  readonly jsx: JsxOptions | null;
  /** The files that this was read from, and those that would be read if they were there. */
  readonly files: readonly string[];
  /** Whether packages of the net are kept beside it, in vendor/. */
  readonly vendor: string | null;
}

const NAMES = ["deno.json", "deno.jsonc"] as const;

/** Reads the configuration for the module at `module`. A file that cannot be parsed counts as empty: Deno's own tools say why. */
export function readConfig(module: string, read: ReadText): CodeConfig {
  const files: string[] = [];
  const own = findAbove(dirname(module), read, files);
  // Where there is none, one that comes to be beside the module counts, and no more than that is waited for.
  if (own === null) return { map: NO_MAP, jsx: null, files: files.slice(0, NAMES.length), vendor: null };
  const config = configOf(own.path, own.content, files, read);
  const workspace = workspaceOf(own, read);
  return workspace === null ? config : inWorkspace(config, workspace, read);
}

/** A workspace's root, and its members' directories. */
interface Workspace {
  readonly root: ConfigFile;
  readonly members: readonly string[];
}

/** The workspace that the file at `own` is of; null where there is none. */
function workspaceOf(own: ConfigFile, read: ReadText): Workspace | null {
  const below = membersOf(own), directory = dirname(own.path);
  if (below !== null) return { root: own, members: below };
  for (let at = directory; at !== dirname(at);) {
    const above = findAbove(dirname(at), read, []);
    if (above === null) return null;
    const members = membersOf(above);
    if (members !== null) return members.includes(directory) ? { root: above, members } : null;
    at = dirname(above.path);
  }
  return null;
}

/** The same for a module of a workspace. What its own file does not say, the root's does. */
function inWorkspace(own: CodeConfig, { root, members }: Workspace, read: ReadText): CodeConfig {
  if (Reflect.has(root.content, "importMap")) return own; // a map in a file of its own is all there is
  const files = [...own.files, root.path];
  const found = members.flatMap((directory) => findIn(directory, read, files) ?? []);
  const { jsx, vendor } = configOf(root.path, root.content, [], read);
  return { map: workspaceMap(root, found), jsx: own.jsx ?? jsx, vendor, files: [...new Set(files)] };
}

/** The nearest file, in `directory` or above it. `files` takes the paths of all that were looked for. */
function findAbove(directory: string, read: ReadText, files: string[]): ConfigFile | null {
  const found = findIn(directory, read, files);
  if (found !== null || directory === dirname(directory)) return found;
  return findAbove(dirname(directory), read, files);
}

function findIn(directory: string, read: ReadText, files: string[]): ConfigFile | null {
  for (const name of NAMES) {
    const path = join(directory, name);
    const text = read(path);
    files.push(path);
    if (text !== null) return { path, content: contentOf(text) };
  }
  return null;
}

function configOf(path: string, content: object, files: string[], read: ReadText): CodeConfig {
  const importMap: unknown = Reflect.get(content, "importMap");
  const vendor = Reflect.get(content, "vendor") === true ? join(dirname(path), "vendor") : null;
  const jsx = jsxOf(Object(Reflect.get(content, "compilerOptions")));
  if (typeof importMap !== "string" || Reflect.has(content, "imports")) {
    return { map: readImportMap(content, toFileUrl(path).href, true), jsx, files, vendor };
  }
  const other = resolve(dirname(path), importMap);
  const map = readImportMap(contentOf(read(other) ?? ""), toFileUrl(other).href, false);
  return { map, jsx, files: [...files, other], vendor };
}

function contentOf(text: string): object {
  try {
    return Object(parseJsonc(text));
  } catch {
    return {};
  }
}

/** TypeScript's own names: https://www.typescriptlang.org/tsconfig/#jsx. */
function jsxOf(options: object): JsxOptions | null {
  const jsx: unknown = Reflect.get(options, "jsx");
  const word = (key: string) => {
    const value: unknown = Reflect.get(options, key);
    return typeof value === "string" ? value.replaceAll(/[^\w@/.$:-]/g, "") : null;
  };
  if (jsx === "react-jsx" || jsx === "react-jsxdev" || jsx === "precompile") {
    const importSource = word("jsxImportSource") ?? "react";
    return { pragma: `/** @jsxRuntime automatic @jsxImportSource ${importSource} */`, importSource };
  }
  const factory = word("jsxFactory"), fragment = word("jsxFragmentFactory");
  if (factory === null && fragment === null) return null;
  const pragma = `/** @jsxRuntime classic @jsx ${factory ?? "React.createElement"} @jsxFrag ${
    fragment ?? "React.Fragment"
  } */`;
  return { pragma, importSource: null };
}
