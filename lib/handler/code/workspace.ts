/**
 * Deno's workspaces (https://docs.deno.com/runtime/fundamentals/workspaces/): every member's modules have the imports of the root, and
 * those of the member before them, and members are imported by their names.
 *
 * @module
 */
import { basename, dirname, join, toFileUrl } from "@std/path";
import { type ImportMap, readImportMap } from "./import_map.ts";

/** A deno.json that was read. */
export interface ConfigFile {
  readonly path: string;
  readonly content: object;
}

/** The directories of a root's members; null where it is no root. */
export function membersOf({ path, content }: ConfigFile): string[] | null {
  const workspace: unknown = Reflect.get(content, "workspace");
  const named: unknown = Array.isArray(workspace) ? workspace : Reflect.get(Object(workspace), "members");
  if (!Array.isArray(named)) return null;
  return named.flatMap((member) => typeof member === "string" ? expand(join(dirname(path), member)) : []);
}

/** `packages/*` is every directory there; patterns of other kinds are not known. */
function expand(member: string): string[] {
  const path = member.replace(/\/+$/, "");
  if (basename(path) !== "*") return [path];
  try {
    return [...Deno.readDirSync(dirname(path))].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => join(dirname(path), name)).sort();
  } catch {
    return []; // there is no such directory
  }
}

/** The import map of a workspace with these members. */
export function workspaceMap(root: ConfigFile, members: readonly ConfigFile[]): ImportMap {
  const names: Record<string, string> = {};
  const scopes: Record<string, object> = { ...Object(Reflect.get(root.content, "scopes")) };
  for (const { path, content } of members) {
    const base = toFileUrl(path).href;
    const name: unknown = Reflect.get(content, "name"), exported: unknown = Reflect.get(content, "exports");
    if (typeof name === "string") {
      const all = typeof exported === "string" ? { ".": exported } : Object(exported);
      for (const [key, target] of Object.entries(all)) {
        if (typeof target === "string") names[name + key.slice(1)] = new URL(target, base).href;
      }
    }
    const imports = Object.entries(Object(Reflect.get(content, "imports")))
      .map(([key, target]) => [absolute(key, base), absolute(target, base)]);
    scopes[new URL("./", base).href] = Object.fromEntries(imports);
  }
  const imports = { ...names, ...Object(Reflect.get(root.content, "imports")) };
  return readImportMap({ imports, scopes }, toFileUrl(root.path).href, true);
}

/** A path as it is meant in the file at the URL `base`. */
function absolute(value: unknown, base: string): unknown {
  return typeof value === "string" && /^\.{0,2}\//.test(value) ? new URL(value, base).href : value;
}
