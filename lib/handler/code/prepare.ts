/**
 * Prepares the code of one generation: what its workers are to load, whatever happens to the files meanwhile.
 *
 * @module
 */
import { toFileUrl } from "@std/path";
import { messageOf, StackdError } from "../../errors.ts";
import type { CodeCache } from "./code_cache.ts";
import { versionOf } from "../../process/file_version.ts";
import { writeIndex } from "./loadable.ts";
import type { MayHold } from "./read.ts";
import { type CodeFile, type CodeGraph, traceCode } from "./trace.ts";

/** The code of a generation. */
export interface PreparedCode {
  /** The directory that the workers are told: the snapshot. */
  readonly path: string;
  /** Everything that the code depends on, absolute: its files, and the configuration that decides where imports lead. */
  readonly files: readonly string[];
  readonly graph: CodeGraph;
  /** Whether one of the files has changed since. */
  isStale(): boolean;
  /** Lets the next start know what was found out here. Never rejects. */
  remember(): Promise<void>;
  /** Removes the snapshot. */
  remove(): void;
}

/** What code is prepared from, beside the module's path. */
export interface CodeOrigin {
  /** Which files it may be made of. @default all */
  readonly mayHold?: MayHold | undefined;
  /** The module's own text, where it is not on disk. @default {null} */
  readonly text?: string | null;
  /** Where what was found out before is kept; not asked where either of the others is given. @default {null} */
  readonly cache?: CodeCache | null;
}

/**
 * Copies everything that the module at `module` may load into `directory`, which is made.
 *
 * @param module Absolute. What is wrong with it is for its workers to say.
 * @throws {StackdError} `STACKD_HANDLER_LOAD`, exit 1, when the directory cannot be written.
 */
export async function prepareCode(
  module: string,
  directory: string,
  { mayHold, text = null, cache: given = null }: CodeOrigin = {},
): Promise<PreparedCode> {
  const cache = mayHold === undefined && text === null ? given : null;
  const begun = Date.now();
  keep(directory, () => Deno.mkdirSync(directory, { mode: 0o755 }));
  const names = new Map<string, string>();
  try {
    const copy = (file: CodeFile, bytes: Uint8Array) => {
      const name = `${names.size}${file.extension}`;
      names.set(file.url, name);
      keep(directory, () => Deno.writeFileSync(`${directory}/${name}`, withPragma(file, bytes), { mode: 0o644 }));
    };
    const known = await cache?.recall(toFileUrl(module).href) ?? null;
    for (const [file, bytes] of known?.contents ?? []) copy(file, bytes);
    const graph = known?.graph ?? await traceCode(module, copy, mayHold, text);
    keep(directory, () => writeIndex(directory, graph, ({ url }) => names.get(url) ?? ""));
    const files = filesOf(graph);
    const seen = new Map(files.filter((path) => !graph.seen.has(path)).map((path) => [path, versionOf(path)]));
    return {
      path: directory,
      files,
      graph,
      isStale: () => files.some((path) => (seen.get(path) ?? graph.seen.get(path)) !== versionOf(path)),
      remember: async () => known === null ? await cache?.keep(graph, begun) : undefined,
      remove: () => remove(directory),
    };
  } catch (thrown) {
    remove(directory);
    throw thrown;
  }
}

/** What npm, pnpm and Yarn write in `node_modules` when they have installed something. */
const INSTALLED = [".package-lock.json", ".modules.yaml", ".yarn-integrity", ".yarn-state.yml"] as const;

/** All files that decide what is loaded. */
export function filesOf({ files, configuration, absent, missing }: CodeGraph): string[] {
  const projects = new Set(missing.flatMap(({ cure }) => cure?.directory ?? []));
  const installed = [...projects].flatMap((project) => INSTALLED.map((name) => `${project}/node_modules/${name}`));
  return [...new Set([...[...files.values()].map(({ path }) => path), ...configuration, ...absent, ...installed])];
}

function withPragma({ pragma }: CodeFile, bytes: Uint8Array): Uint8Array {
  if (pragma === null) return bytes;
  const head = new TextEncoder().encode(`${pragma}\n`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

/** Writes for everybody: the workers may run as another user, whose directory it is in; nobody else gets there. */
function keep(directory: string, write: () => void): void {
  const mask = Deno.umask(0o022);
  try {
    write();
  } catch (cause) {
    const message = `Cannot keep the handler's code in "${directory}": ${messageOf(cause)}`;
    throw new StackdError("STACKD_HANDLER_LOAD", message, { exitCode: 1, cause });
  } finally {
    Deno.umask(mask);
  }
}

function remove(directory: string): void {
  try {
    Deno.removeSync(directory, { recursive: true });
  } catch { /* somebody tidied up before us */ }
}
