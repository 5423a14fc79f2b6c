/**
 * Why a module could not be loaded, in words that name the place: a syntax error, an import that leads nowhere, a package,
 * or what the module itself threw.
 *
 * @module
 */
import { basename, dirname, extname, fromFileUrl, resolve } from "@std/path";
import { messageOf, StackdError } from "../errors.ts";
import { findEarlyError } from "./early_error.ts";
import { findImport, importedPath, type ImportSite, likelySpecifiers } from "./imports.ts";
import { headline, userFrames } from "./stack.ts";
import { movedTo, parseSyntaxError, type ReadFile, renderExcerpt, type SyntaxProblem } from "./syntax_error.ts";

/** What is asked of the disk. */
export interface Files {
  readonly read: ReadFile;
  /** What a path leads to; null for nothing. */
  readonly kind: (path: string) => "file" | "directory" | null;
}

/** The error for what importing the module at `entry` threw. */
export async function loadFailure(entry: string, thrown: unknown, files: Files): Promise<StackdError> {
  // deno-lint-ignore no-control-regex -- a source run colours the places in its messages
  const message = messageOf(thrown).replaceAll(/\x1b\[[0-9;]*m/g, "");
  const name = thrown instanceof Error ? thrown.name : "";
  const problem = parseSyntaxError(name, message, files.read);
  if (problem !== null) return syntaxFailure(entry, await settled(problem, files.read), thrown);
  if (Reflect.get(Object(thrown), "code") !== "ERR_MODULE_NOT_FOUND") {
    return failure(entry, `it threw ${headline(thrown)}`, userFrames(thrown), thrown);
  }
  const { state, site } = importProblem(entry, message, files);
  return failure(entry, state, site === null ? "" : excerptAt(site, files.read), thrown);
}

function failure(entry: string, state: string, detail: string, cause: unknown): StackdError {
  const options = detail === "" ? { cause } : { detail, cause };
  return new StackdError("STACKD_HANDLER_LOAD", `Cannot load "${entry}": ${state}`, options);
}

/** A problem of which the place is not known, because it is one in the JavaScript made of the file. */
type Unplaced = Omit<SyntaxProblem, "line" | "column"> & { readonly line: null };

/** The problem at its place in the file as it was written. */
async function settled(problem: SyntaxProblem, read: ReadFile): Promise<SyntaxProblem | Unplaced> {
  const { file, finder, message } = problem;
  const translated = Deno.build.standalone && /^\.(?:[mc]?ts|tsx|jsx)$/.test(extname(file));
  // What cannot be linked is found after loading, when the source map is known.
  if (finder !== "v8" || !translated || message.includes("does not provide an export")) return problem;
  const found = await findEarlyError(read(file) ?? "");
  if (found === null) return { ...problem, excerpt: "", line: null };
  return movedTo(problem, found.line, found.column, read);
}

function syntaxFailure(entry: string, problem: SyntaxProblem | Unplaced, cause: unknown): StackdError {
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return failure(entry, `${problem.message}, at ${place}`, problem.excerpt, cause);
}

/** What is wrong with an import, and where it stands if that could be found out. */
interface ImportProblem {
  readonly state: string;
  readonly site: ImportSite | null;
}

function importProblem(entry: string, message: string, files: Files): ImportProblem {
  const find = (wanted: (site: ImportSite) => boolean) => findImport(entry, wanted, files.read);
  const [, url] = /^Module not found:? "?([^"\n]+?)"?(?:\.(?: Maybe .*)?)?$/m.exec(message) ?? [];
  if (url?.startsWith("file:")) {
    const path = fromFileUrl(url);
    const site = find((candidate) => importedPath(candidate) === path);
    return site === null ? { state: `there is no file "${path}"`, site } : missing(site, files);
  }
  const [, bare] = /^Import ["']([^"']+)["'] (?:not a dependency|failed)/.exec(message) ?? [];
  const [, npm] = /^Could not find constraint '([^']+)'/.exec(message) ?? [];
  const [, jsr] = /^JSR package manifest for '([^']+)'/.exec(message) ?? [];
  const remote = bare ?? npm ?? jsr ?? url;
  if (remote !== undefined) {
    const site = find(({ specifier }) => specifier === remote || specifier.replace(/^(?:npm|jsr):\/?/, "") === remote);
    return { state: unbundled(site?.specifier ?? remote, site, entry), site };
  }
  const [, builtIn] = /^No such built-in module: (\S+)/.exec(message) ?? [];
  if (builtIn !== undefined) {
    const site = find(({ specifier }) => specifier === builtIn);
    return { state: `there is no built-in module ${named(builtIn, site)}`, site };
  }
  const directory = find((site) => files.kind(importedPath(site) ?? "") === "directory");
  if (directory !== null && /IsADirectory|DIR_IMPORT/.test(message)) return missing(directory, files);
  return data(find) ?? { state: plain(message), site: null };
}

/** JSON and text modules are told apart from code by an attribute, of which Deno's message says nothing when compiled. */
function data(find: (wanted: (site: ImportSite) => boolean) => ImportSite | null): ImportProblem | null {
  const site = find(({ specifier }) => /^\.{0,2}\/.*\.json$/.test(specifier));
  if (site === null) return null;
  return { state: `${named(site.specifier, site)}, needs with { type: "json" } behind it`, site };
}

function missing(site: ImportSite, files: Files): ImportProblem {
  const isFile = (specifier: string) => files.kind(resolve(dirname(site.file), specifier)) === "file";
  const meant = likelySpecifiers(site.specifier).find(isFile);
  const advice = meant === undefined ? "" : `, did you mean "${meant}"?`;
  return { state: `there is no file ${named(site.specifier, site)}${advice}`, site };
}

function unbundled(specifier: string, site: ImportSite | null, entry: string): string {
  const file = basename(entry);
  const stem = file.slice(0, file.length - extname(file).length);
  const output = extname(file) === ".js" ? `${stem}.bundle.js` : `${stem}.js`;
  const what = /^https?:/.test(specifier) ? "a module on the net" : "a package";
  return `${named(specifier, site)}, is ${what}, and those must be bundled: deno bundle ${file} -o ${output}`;
}

function named(specifier: string, site: ImportSite | null): string {
  return site === null ? `"${specifier}"` : `"${specifier}", imported at ${site.file}:${site.line}:${site.column}`;
}

function excerptAt({ file, line, column }: ImportSite, read: ReadFile): string {
  return renderExcerpt(read(file) ?? "", line, column);
}

/** The first line of a message of Deno's, without the dump around what the system said. */
function plain(message: string): string {
  const [, said] = /message: "([^"]+)" \}/.exec(message) ?? [];
  const [first = ""] = (said ?? message).split("\n");
  return (first.charAt(0).toLowerCase() + first.slice(1)).replaceAll("file://", "");
}
