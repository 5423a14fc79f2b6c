/**
 * What `stackd check` says of a handler module.
 *
 * @module
 */
import { dirname, resolve } from "@std/path";
import type { LoadingOptions } from "../config/fetch.ts";
import { STANDARD_INPUT } from "../config/module.ts";
import { StackdError } from "../errors.ts";
import { type DeadImport, type ImportedPackage, type ImportGraph, traceImports } from "../handler/graph.ts";
import { DISK } from "../handler/disk.ts";
import { type Inspection, InspectorHandle } from "../process/inspector_handle.ts";
import { makePrivateDirectory } from "../process/private_dir.ts";
import { type PlacedModule, placeModule } from "./surroundings.ts";

/** Longer lists of files end with how many there are more. */
const MOST_FILES = 50;

/** Several lines that say what is in the module. Throws `StackdError` (exit 2) when it cannot be served. */
export async function checkModule(options: LoadingOptions): Promise<string> {
  await using module = await placeModule(options);
  const graph = await traceImports(module.path, DISK, module.text);
  const inspection = await inspect(options, module).catch((thrown) => {
    throw withAll(thrown, graph.dead);
  });
  const { path } = options.module;
  return renderReport(path === STANDARD_INPUT ? "The module" : shorten(path), inspection, graph);
}

/** Loads it in a process of its own, and ends that. */
async function inspect(options: LoadingOptions, { path, code }: PlacedModule): Promise<Inspection> {
  const { module, bootTimeout, env, chdir: cwd } = options;
  const directory = makePrivateDirectory(null);
  try {
    const { exportName } = module;
    const process = new InspectorHandle({ module: path, code, exportName, directory, bootTimeout, env, cwd });
    try {
      return await process.ready;
    } finally {
      process.kill();
      await process.exited;
    }
  } finally {
    directory.remove();
  }
}

/** The error with all imports that lead nowhere, where it names only the first. */
function withAll(thrown: unknown, dead: readonly DeadImport[]): unknown {
  if (!(thrown instanceof StackdError) || dead.length < 2) return thrown;
  const { code, message, detail } = thrown;
  const list = ["These imports lead nowhere:", ...dead.map(renderDead)].join("\n");
  return new StackdError(code, message, { detail: detail === undefined ? list : `${detail}\n${list}`, cause: thrown });
}

/** The whole report. */
export function renderReport(name: string, inspection: Inspection, graph: ImportGraph): string {
  const [, ...imported] = graph.files;
  const shown = imported.slice(0, MOST_FILES), left = imported.length - shown.length;
  return [
    `${name} is fine: ${inspection.handler}`,
    `exports: ${inspection.exports.map(({ name, what }) => `${name} (${what})`).join(", ") || "nothing"}`,
    `imports: ${counted(imported.length, "file")}, ${counted(graph.packages.length, "package")}`,
    ...shown.map((path) => `  ${shorten(path)}`),
    ...left > 0 ? [`  and ${left} more`] : [],
    ...graph.packages.map(renderPackage),
    ...graph.dead.length === 0 ? [] : ["leads nowhere, though nothing has asked for it yet:"],
    ...graph.dead.map(renderDead),
  ].join("\n");
}

function renderPackage({ name, version, files }: ImportedPackage): string {
  return `  ${name}${version === null ? "" : ` ${version}`} (${counted(files, "file")})`;
}

function renderDead({ specifier, file, line, column, state }: DeadImport): string {
  return `  "${specifier}", imported at ${shorten(file)}:${line}:${column}, ${state}`;
}

/** A path as it would be written here: without the directory that we are in. */
function shorten(path: string): string {
  const here = `${resolve(Deno.cwd())}/`;
  return path.startsWith(here) && dirname(path) !== "/" ? path.slice(here.length) : path;
}

/** `1 file`, `2 files`. */
export function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
