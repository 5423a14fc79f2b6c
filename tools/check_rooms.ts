/**
 * Checks the house: every import in lib/ points downward through the rooms, no files import each other in a circle, and
 * no file has grown past its reason to exist. Part of `deno task ok`.
 *
 * @module
 */
import { fromFileUrl, join, relative, toFileUrl } from "@std/path";
import { ROOT, runTool, ToolError } from "./tool.ts";

/** The floors of lib/, top first, with the rooms (or files) on each. docs/architecture.md draws them. */
const FLOORS = [
  ["cli"],
  ["embed"],
  ["proxy", "gateway"],
  ["front", "handler"],
  ["process"],
  ["http1", "static", "uwsgi", "upstream", "confine"],
  ["observe", "config", "std"],
  ["errors.ts", "pieces.ts", "version.ts"],
];
/** Two rooms on one floor that must not know each other; other neighbours may. */
const STRANGERS = ["proxy", "gateway"];
/** The longest a file may be, in lines. */
const MAX_LINES = 320;

/** One file under lib/, with its imports of other files of the project. */
export interface SourceFile {
  /** From the project's root, with slashes. */
  path: string;
  lines: number;
  imports: Import[];
}

/** An import, an export-from or an `import()` with a literal. */
export interface Import {
  path: string;
  /** Its line in the importing file, from 1. */
  line: number;
  /** It is gone once the types are checked. */
  typeOnly: boolean;
}

/** Everything that is wrong with the house, a line each. */
export function findFaults(files: SourceFile[]): string[] {
  return [
    ...files.filter((file) => floorOf(file.path) === undefined)
      .map((file) => `${file.path}: no floor in tools/check_rooms.ts has the room "${roomOf(file.path)}"`),
    ...files.flatMap((file) => file.imports.flatMap((target) => arrowFault(file, target) ?? [])),
    ...findCircles(files).map((circle) => `${circle.join(" -> ")}: these files import each other`),
    ...files.filter((file) => file.lines > MAX_LINES)
      .map((file) => `${file.path}: it has ${file.lines} lines, and ${MAX_LINES} are allowed`),
  ];
}

function arrowFault(file: SourceFile, target: Import): string | undefined {
  const [from, to] = [roomOf(file.path), roomOf(target.path)];
  const [fromFloor, toFloor] = [floorOf(file.path), floorOf(target.path)];
  const arrow = `${file.path}:${target.line} imports "${target.path}"`;
  if (to === undefined) return target.path.endsWith(".json") ? undefined : `${arrow}, which stands above lib/`;
  if (fromFloor === undefined || toFloor === undefined) return undefined; // already said of the file itself
  if (toFloor < fromFloor) return `${arrow}: "${to}" stands above "${from}"`;
  const strangers = from !== to && [from, to].every((room) => STRANGERS.includes(room ?? ""));
  return strangers ? `${arrow}: "${from}" and "${to}" must not know each other` : undefined;
}

/** A file's room, or its own name when it stands in lib/ itself; undefined outside lib/. */
function roomOf(path: string): string | undefined {
  return path.startsWith("lib/") ? path.split("/")[1] : undefined;
}

function floorOf(path: string): number | undefined {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(roomOf(path) ?? ""));
  return floor < 0 ? undefined : floor;
}

/** Circles of imports that remain at run time, each beginning and ending with the same file. */
function findCircles(files: SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (path: string, trail: string[]) => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) circles.push([...trail.slice(seenAt), path]);
    if (seenAt >= 0 || done.has(path)) return;
    for (const target of byPath.get(path)?.imports ?? []) {
      if (!target.typeOnly) visit(target.path, [...trail, path]);
    }
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  return circles;
}

/** The part of `deno info --json` that is used here. */
interface ModuleGraph {
  modules: { specifier: string; error?: string; dependencies?: Dependency[] }[];
}
interface Dependency {
  code?: Resolution;
  type?: Resolution;
}
interface Resolution {
  specifier?: string;
  error?: string;
  span: { start: { line: number } };
}

/**
 * Reads the files under lib/, with their imports as Deno itself sees them.
 *
 * @param root The project's root directory.
 * @throws {ToolError} A file does not parse, or an import leads nowhere.
 */
export async function readLib(root: string): Promise<SourceFile[]> {
  const paths = (await sourcesUnder(join(root, "lib"))).sort();
  const files = new Map<string, SourceFile>();
  for (const path of paths) {
    const lines = (await Deno.readTextFile(path)).replace(/\n$/, "").split("\n").length;
    files.set(toFileUrl(path).href, { path: relative(root, path).replaceAll("\\", "/"), lines, imports: [] });
  }
  for (const { specifier, error, dependencies = [] } of (await moduleGraph(root, [...files.keys()])).modules) {
    if (error !== undefined) throw new ToolError(`Cannot read the imports of "${specifier}": ${error}`);
    files.get(specifier)?.imports.push(...dependencies.flatMap((dependency) => importsOf(dependency, root)));
  }
  return [...files.values()];
}

async function sourcesUnder(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = join(directory, name);
    if (isDirectory) found.push(...await sourcesUnder(path));
    else if (name.endsWith(".ts")) found.push(path);
  }
  return found;
}

async function moduleGraph(root: string, modules: string[]): Promise<ModuleGraph> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(entry, modules.map((module) => `import ${JSON.stringify(module)};\n`).join(""));
    const args = ["info", "--json", "--no-lock", "--config", join(root, "deno.json"), entry];
    const command = new Deno.Command(Deno.execPath(), { args, stdin: "null", stderr: "inherit" });
    const { success, stdout } = await command.output();
    if (!success) throw new ToolError(`Cannot read the imports under "${root}": deno info failed`);
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(entry);
  }
}

/** The project's files that an import leads to: one, or two where `@ts-types` names another file for the types. */
function importsOf({ code, type }: Dependency, root: string): Import[] {
  const resolutions = code?.specifier === type?.specifier ? [code] : [code, type];
  return resolutions.flatMap((resolution) => {
    if (resolution?.error !== undefined) throw new ToolError(`Cannot follow an import: ${resolution.error}`);
    if (!resolution?.specifier?.startsWith("file:")) return [];
    const path = relative(root, fromFileUrl(resolution.specifier)).replaceAll("\\", "/");
    return [{ path, line: resolution.span.start.line + 1, typeOnly: resolution === type }];
  });
}

if (import.meta.main) {
  await runTool(async () => {
    const files = await readLib(ROOT);
    const faults = findFaults(files);
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) throw new ToolError(`Cannot call the house in order: ${faults.length} of its rules broken`);
    console.log(`${files.length} files in lib/, every import points downward`);
    return 0;
  });
}
