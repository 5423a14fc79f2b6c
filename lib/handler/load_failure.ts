/**
 * Why a module could not be loaded, in words that name the place: a syntax error, an import that leads nowhere, a package,
 * or what the module itself threw.
 *
 * @module
 */
import { basename, dirname, extname, fromFileUrl, resolve } from "@std/path";
import { messageOf, StackdError } from "../errors.ts";
import type { Unresolved } from "./code/complaints.ts";
import type { LoadedCode } from "./code/loaded_code.ts";
import { filePath } from "./code/text.ts";
import { importerOf, originalOf, textOf } from "./code/origins.ts";
import { findEarlyError, findScriptError } from "./early_error.ts";
import { findImport, importedPath, type ImportSite, likelySpecifiers, scanImports } from "./imports.ts";
import { headline, userFrames } from "./stack.ts";
import {
  movedTo,
  parseSyntaxError,
  type ReadFile,
  renderExcerpt,
  restate,
  type SyntaxProblem,
} from "./syntax_error.ts";

/** What is asked of the disk. */
export interface Files {
  readonly read: ReadFile;
  /** What a path leads to; null for nothing. */
  readonly kind: (path: string) => "file" | "directory" | null;
}

/** What is known of the code that was loaded. */
export type KnownCode = Pick<LoadedCode, "code" | "complaints">;

/** The error for what importing the module at `entry` threw. */
export async function loadFailure(
  entry: string,
  thrown: unknown,
  disk: Files,
  code: KnownCode | null = null,
): Promise<StackdError> {
  // deno-lint-ignore no-control-regex -- a source run colours the places in its messages
  const message = messageOf(thrown).replaceAll(/\x1b\[[0-9;]*m/g, "");
  const name = thrown instanceof Error ? thrown.name : "";
  const files: Files = { ...disk, read: (path) => (code && textOf(code.code, path)) ?? disk.read(path) };
  const copied = parseSyntaxError(name, message, files.read);
  if (copied !== null) {
    const problem = inOriginal(copied, code, files.read);
    return syntaxFailure(entry, await settled(entry, problem, files.read), thrown);
  }
  const script = code?.complaints.brokenIn(message) ?? null;
  if (script !== null) {
    const { path: file, text, place: known } = script;
    const said = { file, message: restate(message), excerpt: "", finder: "v8" } as const;
    const place = known === undefined ? await findScriptError(text, message) : known;
    const problem = place === null
      ? { ...said, line: null }
      : movedTo({ ...said, ...place }, place.line, place.column, files.read);
    return syntaxFailure(entry, problem, thrown);
  }
  const unresolved = code?.complaints.unresolvedIn(message) ?? null;
  if (unresolved !== null) {
    const { state, site } = unresolvedProblem(unresolved, files.read);
    return failure(entry, state, site === null ? "" : excerptAt(site, files.read), thrown);
  }
  if (Reflect.get(Object(thrown), "code") !== "ERR_MODULE_NOT_FOUND") {
    return failure(entry, `it threw ${headline(thrown)}`, userFrames(thrown), thrown);
  }
  const { state, site } = importProblem(entry, message, files, code);
  return failure(entry, state, site === null ? "" : excerptAt(site, files.read), thrown);
}

function failure(entry: string, state: string, detail: string, cause: unknown): StackdError {
  const options = detail === "" ? { cause } : { detail, cause };
  return new StackdError("STACKD_HANDLER_LOAD", `Cannot load "${entry}": ${state}`, options);
}

/** A problem of which the place is not known, because it is one in the JavaScript made of the file. */
type Unplaced = Omit<SyntaxProblem, "line" | "column"> & { readonly line: null };

/** The problem at its place in the file as it was written. */
async function settled(entry: string, problem: SyntaxProblem, read: ReadFile): Promise<SyntaxProblem | Unplaced> {
  const { file, finder, message } = problem;
  const translated = Deno.build.standalone && /^\.(?:[mc]?ts|tsx|jsx)$/.test(extname(file));
  // What cannot be linked is found after loading, when the source map is known.
  if (finder !== "v8" || !translated || message.includes("does not provide an export")) return problem;
  const found = await findEarlyError(read(file) ?? "");
  if (found === null) return decorated(entry, problem, read) ?? { ...problem, excerpt: "", line: null };
  return movedTo(problem, found.line, found.column, read);
}

/** Decorators are not translated by a compiled program, and nothing in what V8 says tells that. */
function decorated(entry: string, problem: SyntaxProblem, read: ReadFile): SyntaxProblem | null {
  const lines = (read(problem.file) ?? "").split("\n");
  const index = lines.findIndex((line) => /(?:^|[{;])\s*@[\w$]+/.test(line) && !/^\s*\*/.test(line));
  if (index === -1 || problem.message !== "invalid or unexpected token") return null;
  const message = `decorators are not understood here, and must be bundled: ${bundling(entry)}`;
  return movedTo({ ...problem, message }, index + 1, (lines[index] ?? "").indexOf("@") + 1, read);
}

function syntaxFailure(entry: string, found: SyntaxProblem | Unplaced, cause: unknown): StackdError {
  // V8 says as little of it as of any other word.
  const awaits = found.message === "unexpected reserved word" && /\bawait\b/.test(found.excerpt);
  const problem = awaits ? { ...found, message: '"await" stands in a function that is not async' } : found;
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
  return failure(entry, `${problem.message}, at ${place}`, problem.excerpt, cause);
}

/** What is wrong with an import, and where it stands if that could be found out. */
interface ImportProblem {
  readonly state: string;
  readonly site: ImportSite | null;
}

/** The problem in the file that its author knows, of which a copy was read. */
function inOriginal(problem: SyntaxProblem, code: KnownCode | null, read: ReadFile): SyntaxProblem {
  const original = code && originalOf(code.code, problem.file);
  if (original === null) return problem;
  const { path: file, above } = original;
  return movedTo({ ...problem, file }, problem.line - above, problem.column, read);
}

function unresolvedProblem({ parent, specifier, state, cure }: Unresolved, read: ReadFile): ImportProblem {
  const file = parent.startsWith("file:") ? fromFileUrl(parent) : parent;
  const site = scanImports(file, read(file) ?? "").find((candidate) => candidate.specifier === specifier) ?? null;
  const what = site === null ? `"${specifier}", imported by ${file}` : named(specifier, site);
  const advice = cure === null ? "" : `; run "${cure.command}" in "${cure.directory}"`;
  return { state: `${what}, ${state}${advice}`, site };
}

function importProblem(entry: string, message: string, files: Files, code: KnownCode | null): ImportProblem {
  const find = (wanted: Wanted) => findImport(entry, wanted, files.read) ?? findInCode(code, wanted, files.read);
  const [, url] = /^Module not found:? "?([^"\n]+?)"?(?:\.(?: Maybe .*)?)?$/m.exec(message) ?? [];
  if (url?.startsWith("file:")) {
    const path = fromFileUrl(url);
    const site = find((candidate) => importedPath(candidate) === path) ?? mappedSite(url, files.read, code);
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
  return data(find, files.read) ?? { state: plain(message), site: null };
}

/** Finds an import in what no path leads to from the entry: packages, of which one's own may be some. */
function findInCode(code: KnownCode | null, wanted: Wanted, read: ReadFile): ImportSite | null {
  for (const [url, { format }] of Object.entries(code?.code.files ?? {})) {
    if (format === "data" || !url.startsWith("file:")) continue;
    const file = filePath(url), site = scanImports(file, read(file) ?? "").find(wanted);
    if (site !== undefined) return site;
  }
  return null;
}

/** The import that the configuration has made one of the file at `url`. */
function mappedSite(url: string, read: ReadFile, code: KnownCode | null): ImportSite | null {
  const importer = code && importerOf(code.code, url);
  if (importer === null || !importer.parent.startsWith("file:")) return null;
  const file = fromFileUrl(importer.parent);
  return scanImports(file, read(file) ?? "").find(({ specifier }) => specifier === importer.specifier) ?? null;
}

/** JSON and text modules are told apart from code by an attribute, of which Deno's message says nothing when compiled. */
function data(find: (wanted: Wanted) => ImportSite | null, read: ReadFile): ImportProblem | null {
  const site = find((candidate) => /^\.{0,2}\/.*\.json$/.test(candidate.specifier) && !hasAttributes(candidate, read));
  if (site === null) return null;
  return { state: `${named(site.specifier, site)}, needs with { type: "json" } behind it`, site };
}

type Wanted = (site: ImportSite) => boolean;

/** Whether `with` stands behind an import. */
function hasAttributes({ file, specifier, line, column }: ImportSite, read: ReadFile): boolean {
  const behind = (read(file) ?? "").split("\n").slice(line - 1).join("\n").slice(column + specifier.length + 1);
  return /^\s*(?:,\s*\{\s*)?with\b/.test(behind);
}

function missing(site: ImportSite, files: Files): ImportProblem {
  const isFile = (specifier: string) => files.kind(resolve(dirname(site.file), specifier)) === "file";
  const meant = likelySpecifiers(site.specifier).find(isFile);
  const advice = meant === undefined ? "" : `, did you mean "${meant}"?`;
  return { state: `there is no file ${named(site.specifier, site)}${advice}`, site };
}

function unbundled(specifier: string, site: ImportSite | null, entry: string): string {
  const what = /^https?:/.test(specifier) ? "a module on the net" : "a package";
  return `${named(specifier, site)}, is ${what}, and those must be bundled: ${bundling(entry)}`;
}

/** The command that makes one file of a module and of what it imports. */
function bundling(entry: string): string {
  const file = basename(entry);
  const stem = file.slice(0, file.length - extname(file).length);
  return `deno bundle ${file} -o ${extname(file) === ".js" ? `${stem}.bundle.js` : `${stem}.js`}`;
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
