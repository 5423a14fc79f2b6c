/**
 * Runs CommonJS modules from a handler's code, whose files may be gone by now: Deno's own `require` looks for them on disk. What a
 * module is, its cache and how its text is run are Node's (https://nodejs.org/api/modules.html), as Deno has them.
 *
 * @module
 */
import * as nodeModule from "node:module";
import { basename, dirname } from "@std/path";
import type { Complaints, Place } from "./complaints.ts";
import { isScript } from "./format.ts";
import type { LoadableCode } from "./loadable.ts";
import { edgeKey } from "./specifier.ts";
import { filePath } from "./text.ts";

/** Node's class of modules, as far as it is used here. */
interface NodeModule {
  exports: unknown;
  filename: string;
  loaded: boolean;
  paths: string[];
  require(specifier: string): unknown;
  _compile(text: string, filename: string): void;
}
interface NodeModules {
  new (id: string, parent?: NodeModule): NodeModule;
  readonly _cache: Record<string, NodeModule | undefined>;
  _nodeModulePaths(directory: string): string[];
}
const { Module } = nodeModule as unknown as { readonly Module: NodeModules };

/** What else is asked for while a module is run. */
export interface Surroundings {
  readonly code: LoadableCode;
  readonly complaints: Complaints;
  /** The text of a file. */
  readonly read: (path: string) => string;
  /** What requiring an ES module gives. */
  readonly namespace: (url: string) => unknown;
}

/** The CommonJS modules of some code. */
export class CommonJsModules {
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** What the module at `url` exports; it is run when it has not been yet. */
  load(url: string, parent?: NodeModule): unknown {
    const { code, complaints, read, namespace } = this.#surroundings;
    const file = code.files[url];
    const path = filePath(url);
    const known = Module._cache[path];
    if (known !== undefined) return known.exports;
    if (file?.format === "module") return namespace(url);
    const module = new Module(path, parent);
    module.filename = path;
    module.paths = Module._nodeModulePaths(dirname(path));
    module.require = (specifier) => this.#require(specifier, url, module);
    Module._cache[path] = module;
    const text = read(file?.path ?? path);
    try {
      if (file?.format === "data") module.exports = JSON.parse(text);
      else module._compile(text, path);
      module.loaded = true;
      return module.exports;
    } catch (thrown) {
      delete Module._cache[path];
      const mistaken = file?.format === "commonjs" ? mistakenFor(path, text, thrown) : null;
      if (mistaken !== null) {
        complaints.broken({ path, text, place: mistaken.place }, mistaken.error);
        throw mistaken.error;
      }
      if (thrown instanceof SyntaxError && !isScript(text)) complaints.broken({ path, text }, thrown);
      throw thrown;
    }
  }

  #require(specifier: string, url: string, module: NodeModule): unknown {
    const { code: { edges, files, missing }, complaints } = this.#surroundings;
    const key = edgeKey("require", specifier);
    const problem = missing[url]?.[key];
    if (problem !== undefined) throw complaints.unresolved({ parent: url, specifier, ...problem }, true);
    const target = edges[url]?.[key];
    // What was not foreseen, built-in or native is Deno's to find.
    return target === undefined || !(target in files)
      ? Module.prototype.require.call(module, specifier)
      : this.load(target, module);
  }
}

/**
 * What is wrong with an ES module that is to be CommonJS. Deno tries it as an ES module then, which fails where it is being loaded
 * already, or where what it imports is not as an ES module would have it; what is said of that helps nobody.
 *
 * @returns null when `thrown` is about something else.
 */
function mistakenFor(
  path: string,
  text: string,
  thrown: unknown,
): { readonly error: SyntaxError; readonly place: Place | null } | null {
  const inCycle = thrown instanceof Error && thrown.message.startsWith("Cannot require() ES Module");
  const word = /^[ \t]*(?:import|export)\b(?!\s*[(.:=])/m.exec(text);
  if (isScript(text) || !(inCycle || thrown instanceof SyntaxError && word !== null)) return null;
  const what = word !== null
    ? '"import" and "export" belong'
    : /\bimport\s*\.\s*meta\b/.test(text)
    ? '"import.meta" belongs'
    : '"await" outside of functions belongs';
  const esModule = path.replace(/\.c?js$/, ".mjs");
  const why = path.endsWith(".cjs")
    ? `a .cjs file is CommonJS; name it "${basename(esModule)}"`
    : `"type" in the package.json above says CommonJS; write "module" there, or name the file "${basename(esModule)}"`;
  const before = text.slice(0, word?.index ?? 0).split("\n");
  const column = 1 + (word?.[0].search(/\S/) ?? 0);
  return {
    error: new SyntaxError(`${what} to ES modules, and ${why}`),
    place: word === null ? null : { line: before.length, column },
  };
}
