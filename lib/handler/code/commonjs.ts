/**
 * Runs CommonJS modules from a handler's code, whose files may be gone by now: Deno's own `require` looks for them on disk. What a
 * module is, its cache and how its text is run are Node's (https://nodejs.org/api/modules.html), as Deno has them.
 *
 * @module
 */
import * as nodeModule from "node:module";
import { dirname } from "@std/path";
import type { Complaints } from "./complaints.ts";
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
