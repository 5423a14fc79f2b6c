/**
 * The handler module that a command line names, `PATH[:EXPORT]`, found on disk.
 *
 * @module
 */
import { resolve } from "@std/path";
import { StackdError } from "../errors.ts";
import type { PathKind, System } from "./system.ts";

/** A module on disk. */
export interface ModuleSpec {
  /** Absolute path. */
  readonly path: string;
  /** The export named after the colon, or null. */
  readonly exportName: string | null;
}

const STATE: Readonly<Record<Exclude<PathKind, "file">, string>> = {
  directory: "it is a directory, name a file in it",
  other: "it is no regular file",
  missing: "no such file",
  denied: "permission denied",
};

/** Tried behind a name without an extension, for the error's advice only. */
const EXTENSIONS = [".ts", ".js", ".mts", ".mjs", ".tsx", ".jsx"];

/**
 * Finds the module. When the whole text is a file, it is the path; else what follows its last colon names an export.
 *
 * @throws {StackdError} `STACKD_HANDLER_NOT_FOUND` when there is no such file.
 */
export function findModule(text: string, system: Pick<System, "cwd" | "kindOf">): ModuleSpec {
  const kindOf = (path: string) => system.kindOf(resolve(system.cwd, path));
  const whole = kindOf(text);
  if (whole === "file") return { path: resolve(system.cwd, text), exportName: null };
  const remote = /^(?:npm|jsr|node|https?|data|blob|file):/i.test(text);
  if (remote) throw notFound(text, "a handler is named by its path on disk");
  const [, path = text, exportName = null] = /^(.+):([\p{ID_Start}$_][\p{ID_Continue}$]*)$/su.exec(text) ?? [];
  const kind = exportName === null ? whole : kindOf(path);
  if (kind === "file") return { path: resolve(system.cwd, path), exportName };
  const extension = EXTENSIONS.find((ending) => kind !== "denied" && kindOf(path + ending) === "file");
  if (extension === undefined) throw notFound(path, STATE[kind]);
  const meant = path + extension + (exportName === null ? "" : `:${exportName}`);
  throw notFound(path, `${STATE[kind]}, did you mean "${meant}"?`);
}

function notFound(text: string, state: string): StackdError {
  return new StackdError("STACKD_HANDLER_NOT_FOUND", `Cannot load handler "${text}": ${state}`);
}
