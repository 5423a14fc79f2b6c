/**
 * The handler module that a command line names, `PATH[:EXPORT]`, found on disk; a directory stands for its main module.
 *
 * @module
 */
import { basename, join, resolve } from "@std/path";
import { StackdError } from "../errors.ts";
import { EXTENSIONS, findEntry } from "./package_entry.ts";
import type { PathKind, System } from "./system.ts";
import { ValueError } from "./values.ts";

/** What a module on standard input is called. */
export const STANDARD_INPUT = "-";

/**
 * What its file would be called, in the directory that it was started in: as `deno run -` takes it, TypeScript without JSX, in which
 * `<T>x` would mean something else.
 */
const INPUT_NAME = "$stdin.ts";

/** The path that a module on standard input has; nothing is there. */
export function inputModulePath(cwd: string): string {
  return join(cwd, INPUT_NAME);
}

/** Whether a path is that of a module on standard input. */
export function isInputModule(path: string): boolean {
  return basename(path) === INPUT_NAME;
}

/** A module. */
export interface ModuleSpec {
  /** Absolute path; or {@linkcode STANDARD_INPUT}. */
  readonly path: string;
  /** The export named after the colon, or null. */
  readonly exportName: string | null;
}

const STATE: Readonly<Record<Exclude<PathKind, "file" | "directory">, string>> = {
  other: "it is no regular file",
  missing: "no such file",
  denied: "permission denied",
};

/**
 * Finds the module. When the whole text is a file, it is the path; else what follows its last colon names an export.
 *
 * @throws {StackdError} `STACKD_HANDLER_NOT_FOUND` when there is no such file.
 */
export function findModule(text: string, system: Pick<System, "cwd" | "kindOf" | "read">): ModuleSpec {
  const kindOf = (path: string) => system.kindOf(resolve(system.cwd, path));
  const whole = text === STANDARD_INPUT ? "file" : kindOf(text);
  if (whole === "file" || whole === "directory") return { path: pathOf(text, whole, system), exportName: null };
  const remote = /^(?:npm|jsr|node|https?|data|blob|file):/i.test(text);
  if (remote) throw notFound(text, "a handler is named by its path on disk");
  const [, path = text, exportName = null] = /^(.+):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/su.exec(text) ?? [];
  const kind = path === STANDARD_INPUT ? "file" : exportName === null ? whole : kindOf(path);
  if (kind === "file" || kind === "directory") return { path: pathOf(path, kind, system), exportName };
  const extension = EXTENSIONS.find((ending) => kind !== "denied" && kindOf(path + ending) === "file");
  if (extension === undefined) throw notFound(path, STATE[kind]);
  const meant = path + extension + (exportName === null ? "" : `:${exportName}`);
  throw notFound(path, `${STATE[kind]}, did you mean "${meant}"?`);
}

function pathOf(text: string, kind: "file" | "directory", system: Pick<System, "cwd" | "kindOf" | "read">): string {
  if (text === STANDARD_INPUT) return text;
  const path = resolve(system.cwd, text);
  try {
    return kind === "file" ? path : findEntry(path, system);
  } catch (thrown) {
    throw thrown instanceof ValueError ? notFound(text, thrown.message) : thrown;
  }
}

function notFound(text: string, state: string): StackdError {
  return new StackdError("STACKD_HANDLER_NOT_FOUND", `Cannot load handler "${text}": ${state}`);
}
