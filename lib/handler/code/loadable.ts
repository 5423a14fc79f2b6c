/**
 * A handler's code as a worker loads it: either from the snapshot that was made for its generation, or from the disk as it is.
 *
 * @module
 */
import { join } from "@std/path";
import type { Format } from "./format.ts";
import type { ImportMap } from "./import_map.ts";
import type { Problem } from "./problem.ts";
import { edgeKey } from "./specifier.ts";
import { filePath } from "./text.ts";
import type { CodeFile, CodeGraph } from "./trace.ts";

/** One file. */
export interface LoadableFile {
  /** What is read. */
  readonly path: string;
  readonly format: Format;
  /** What has to be made of it so that Deno can read it; null when it is as it has to be. */
  readonly staging: Staging | null;
  /** Lines that stand above what its author wrote. */
  readonly above: number;
}

/** How a copy differs from its original. */
export interface Staging {
  /** A comment above its text; null for none. */
  readonly pragma: string | null;
  /** The ending of its name. */
  readonly extension: string;
}

/** What is known of the code before it is loaded. Everything is by URL; edges by `edgeKey`. */
export interface LoadableCode {
  readonly entry: string;
  /** Whether Deno loads it as it is, without being told anything: ES modules that name each other by their paths. */
  readonly plain: boolean;
  /** Whether something is imported by a name that is computed, so that nobody could foresee where it leads. */
  readonly computed: boolean;
  /** Whether it is a program that opens a server, and exports nothing. */
  readonly opens: boolean;
  readonly files: Readonly<Record<string, LoadableFile>>;
  readonly edges: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The ES modules that CommonJS modules require, in the order in which they are to be evaluated. */
  readonly required: readonly string[];
  /** What the configuration maps, for what nobody could foresee. */
  readonly map: ImportMap;
  /** Imports that lead nowhere, by the importing URL. */
  readonly missing: Readonly<Record<string, Readonly<Record<string, Problem>>>>;
}

const INDEX = "index.json";

/** The code as it is on disk. */
export function codeOnDisk(graph: CodeGraph): LoadableCode {
  return describe(graph, ({ path, format, pragma, extension }) => {
    const staging = pragma === null && path.endsWith(extension) ? null : { pragma, extension };
    return { path, format, staging, above: pragma === null ? 0 : 1 };
  });
}

/** Says what is in a snapshot; `nameOf` is what each file is called in its directory. */
export function writeIndex(directory: string, graph: CodeGraph, nameOf: (file: CodeFile) => string): void {
  const code = describe(graph, (file) => {
    const { format, pragma } = file;
    return { path: join(directory, nameOf(file)), format, staging: null, above: pragma === null ? 0 : 1 };
  });
  Deno.writeTextFileSync(join(directory, INDEX), JSON.stringify(code), { mode: 0o644 });
}

/** Reads a snapshot; null when it is not there any more. */
export function readSnapshot(directory: string): LoadableCode | null {
  try {
    return JSON.parse(Deno.readTextFileSync(join(directory, INDEX))); // written by our own supervisor, where nobody else writes
  } catch {
    return null;
  }
}

function describe(graph: CodeGraph, fileOf: (file: CodeFile) => LoadableFile): LoadableCode {
  const missing: Record<string, Record<string, Problem>> = {};
  for (const { parent, mode, specifier, state, cure } of graph.missing) {
    (missing[parent] ??= {})[edgeKey(mode, specifier)] = { state, cure };
  }
  return {
    entry: graph.entry,
    plain: isPlain(graph),
    computed: graph.computed,
    opens: graph.opens,
    files: Object.fromEntries([...graph.files].map(([url, file]) => [url, fileOf(file)])),
    edges: Object.fromEntries(graph.edges),
    required: graph.required,
    map: graph.map,
    missing,
  };
}

/** Comparing more files than this with their copies takes longer than what it saves. */
const MOST_PLAIN = 100;

function isPlain({ files, edges, missing, computed }: CodeGraph): boolean {
  return files.size <= MOST_PLAIN && edges.size === 0 && missing.length === 0 && !computed &&
    [...files.values()].every(({ url, path, extension, format, pragma }) =>
      url.startsWith("file:") && path.endsWith(extension) && format === "module" && pragma === null
    );
}

/** Whether all files of a snapshot are on disk as they were when it was made. */
export function sameOnDisk({ files }: LoadableCode): boolean {
  return Object.entries(files).every(([url, { path }]) => {
    try {
      return Deno.readTextFileSync(filePath(url)) === Deno.readTextFileSync(path);
    } catch {
      return false;
    }
  });
}
