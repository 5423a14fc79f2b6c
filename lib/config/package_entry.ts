/**
 * The module that a directory stands for: what its deno.json or package.json names, or the file that is called as one expects.
 *
 * @module
 */
import { parse as parseJsonc } from "@std/jsonc/parse";
import { join } from "@std/path";
import { messageOf } from "../errors.ts";
import type { System } from "./system.ts";
import { ValueError } from "./values.ts";

/** Endings of a module's name, in the order in which they are tried. */
export const EXTENSIONS = [".ts", ".js", ".mts", ".mjs", ".tsx", ".jsx", ".cjs"] as const;
/** What a main module is called where nothing names it, in the order in which they are looked for. */
const STEMS = ["index", "main", "mod"] as const;
/** The conditions of `exports` that hold here (Node's "Conditional exports"; Deno's own is `deno`). */
const CONDITIONS = ["deno", "import", "node", "default"];

/** What of a configuration file names the main module. */
interface Manifest {
  readonly name: string;
  /** Gives a path in the directory, or undefined when it names none. */
  readonly entry: (content: object) => string | undefined;
}

const MANIFESTS: readonly Manifest[] = [
  { name: "deno.json", entry: exported },
  { name: "deno.jsonc", entry: exported },
  { name: "package.json", entry: (content) => exported(content) ?? text(Reflect.get(content, "main")) },
];

/**
 * The absolute path of a directory's main module.
 *
 * @throws {ValueError} When there is none, or what is named is not there.
 */
export function findEntry(directory: string, system: Pick<System, "kindOf" | "read">): string {
  const isFile = (path: string) => system.kindOf(path) === "file";
  for (const { name, entry } of MANIFESTS) {
    const content = system.read(join(directory, name));
    if (content === null) continue;
    const named = entry(parseManifest(name, content));
    if (named === undefined) continue;
    const path = join(directory, named);
    // "main" may leave out the ending, and name a directory.
    const found = ["", ...EXTENSIONS, ...EXTENSIONS.map((extension) => `/index${extension}`)]
      .map((ending) => path + ending).find(isFile);
    if (found === undefined) throw new ValueError(`its ${name} names "${named}", and there is no such file`);
    return found;
  }
  const usual = STEMS.flatMap((stem) => EXTENSIONS.map((extension) => join(directory, stem + extension))).find(isFile);
  if (usual === undefined) {
    throw new ValueError(
      "it is a directory, and has no deno.json or package.json that names a module, nor an index.ts",
    );
  }
  return usual;
}

function parseManifest(name: string, content: string): object {
  try {
    return Object(parseJsonc(content));
  } catch (thrown) {
    throw new ValueError(`its ${name} cannot be read: ${messageOf(thrown)}`);
  }
}

/** What `exports` gives for the package itself. */
function exported(content: object): string | undefined {
  const exports: unknown = Reflect.get(content, "exports");
  const isMap = typeof exports === "object" && exports !== null && "." in exports;
  return target(isMap ? exports["."] : exports);
}

/** Conditions hold in the order in which they are written; of a list, the first that gives anything is taken. */
function target(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return text(value);
  const entries = Array.isArray(value) ? value : Object.entries(value)
    .filter(([condition]) => CONDITIONS.includes(condition)).map(([, inner]) => inner);
  for (const entry of entries) {
    const found = target(entry);
    if (found !== undefined) return found;
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
