/**
 * A handler's code as a worker loads it: either from the snapshot that was made for its generation, or from the disk as it is.
 *
 * @module
 */
import { join } from "@std/path";
import type { Format } from "./format.ts";
import type { Problem } from "./problem.ts";
import { edgeKey } from "./specifier.ts";
import type { CodeFile, CodeGraph } from "./trace.ts";

/** One file. */
export interface LoadableFile {
  /** What is read. */
  readonly path: string;
  readonly format: Format;
  /** The comment that is to be put above its text; null when there is none, or it stands there. */
  readonly pragma: string | null;
  /** Lines that stand above what its author wrote. */
  readonly above: number;
}

/** What is known of the code before it is loaded. Everything is by URL; edges by `edgeKey`. */
export interface LoadableCode {
  readonly entry: string;
  readonly files: Readonly<Record<string, LoadableFile>>;
  readonly edges: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Imports that lead nowhere, by the importing URL. */
  readonly missing: Readonly<Record<string, Readonly<Record<string, Problem>>>>;
}

const INDEX = "index.json";

/** The code as it is on disk. */
export function codeOnDisk(graph: CodeGraph): LoadableCode {
  return describe(graph, ({ path, format, pragma }) => ({ path, format, pragma, above: pragma === null ? 0 : 1 }));
}

/** Says what is in a snapshot; `nameOf` is what each file is called in its directory. */
export function writeIndex(directory: string, graph: CodeGraph, nameOf: (file: CodeFile) => string): void {
  const code = describe(graph, (file) => {
    const { format, pragma } = file;
    return { path: join(directory, nameOf(file)), format, pragma: null, above: pragma === null ? 0 : 1 };
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
    files: Object.fromEntries([...graph.files].map(([url, file]) => [url, fileOf(file)])),
    edges: Object.fromEntries(graph.edges),
    missing,
  };
}
