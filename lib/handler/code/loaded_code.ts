/**
 * A handler's code in the isolate that runs it: answers where its imports lead, and gives the texts of its modules.
 *
 * @module
 */
import * as nodeModule from "node:module";
import { toFileUrl } from "@std/path";
import type { Bridge } from "./bridge.ts";
import { CommonJsModules } from "./commonjs.ts";
import { Complaints } from "./complaints.ts";
import { endingFor } from "./format.ts";
import type { LoadableCode, LoadableFile } from "./loadable.ts";
import type { Latecomers } from "./late.ts";
import type { LoadContext, Loaded, NextLoad, NextResolve, ResolveContext, Resolved } from "./node_hooks.ts";
import { checkJson, finish, stage } from "./module_text.ts";
import { wasmModule } from "./wasm_module.ts";
import { filePath, pathOf, readText } from "./text.ts";
import { edgeKey, isPath, type Mode } from "./specifier.ts";

/** Code that is being loaded, or was. */
export class LoadedCode {
  readonly code: LoadableCode;
  readonly complaints = new Complaints();
  readonly #bridge: Bridge | null;
  readonly #commonJs: CommonJsModules;
  /** Modules that were come upon only as it ran: computed paths, and what these import. */
  readonly #late = new Set<string>();
  /** ES modules that CommonJS modules require. */
  readonly #namespaces = new Map<string, () => object>();
  /** Null until the code is loaded, and where it has no packages. */
  #latecomers: Latecomers | null = null;
  /** Who asked first for what is no code. */
  readonly #askers = new Map<string, { readonly parent: string; readonly specifier: string }>();

  constructor(code: LoadableCode, bridge: Bridge | null) {
    this.code = code;
    this.#bridge = bridge;
    const namespace = (url: string) => this.#namespace(url);
    this.#commonJs = new CommonJsModules({ code, complaints: this.complaints, read: readText, namespace });
  }

  /** Whether a module belongs to it. */
  owns(url: string): boolean {
    return url in this.code.files || this.#late.has(url) || url === this.code.entry;
  }

  /**
   * Imports the ES modules that CommonJS modules require: Deno cannot load these while somebody waits for them once there are hooks. A
   * module that is required in vain is evaluated all the same; what goes wrong is thrown where it is required.
   */
  async importRequired(): Promise<void> {
    for (const url of this.code.required) {
      const imported: Promise<object> = import(url);
      await imported.then((namespace) => {
        const exported = requirable(namespace);
        this.#namespaces.set(url, () => exported);
      }, (thrown) => {
        this.#namespaces.set(url, () => {
          throw thrown;
        });
      });
    }
  }

  /** What finds modules that were not foreseen. */
  set latecomers(latecomers: Latecomers) {
    this.#latecomers = latecomers;
  }

  /** What the CommonJS module at `url` exports. */
  require(url: string): unknown {
    try {
      return this.#commonJs.load(url);
    } catch (thrown) {
      if (thrown instanceof Error && thrown.stack !== undefined) thrown.stack = withoutBridge(thrown.stack, url);
      throw thrown;
    }
  }

  /** What `require()` gives for an ES module (https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require). */
  #namespace(url: string): unknown {
    const namespace = this.#namespaces.get(url);
    if (namespace === undefined) {
      throw new Error(`Cannot require "${url}": it is an ES module that is not evaluated yet`);
    }
    return namespace();
  }

  /** Node's resolve hook for the code's own modules. */
  resolve(specifier: string, context: ResolveContext, next: NextResolve): Resolved {
    const parent = context.parentURL ?? "";
    const mode: Mode = context.conditions.includes("require") ? "require" : "import";
    const url = this.#known(specifier, parent, mode);
    if (url !== null) {
      if (this.code.files[url]?.format === "data" && !this.#askers.has(url)) {
        this.#askers.set(url, { parent, specifier });
      }
      return url.startsWith("node:") ? next(url, context) : { url, shortCircuit: true };
    }
    const problem = mode === "import" ? this.code.missing[parent]?.[edgeKey(mode, specifier)] : undefined;
    if (problem !== undefined) throw this.complaints.unresolved({ parent, specifier, ...problem });
    return this.#lateResolve(specifier, context, next);
  }

  /** Where the import was found to lead before; null for what nobody has seen. */
  #known(specifier: string, parent: string, mode: Mode): string | null {
    const edge = this.code.edges[parent]?.[edgeKey(mode, specifier)];
    if (edge !== undefined) return edge;
    const href = mode === "import" && URL.canParse(specifier, parent) ? new URL(specifier, parent).href : null;
    const url = href ?? (specifier.startsWith("/") ? toFileUrl(specifier).href : null);
    return url !== null && url in this.code.files ? url : null;
  }

  /** What was not foreseen: a path that was computed, or a package that was. */
  #lateResolve(specifier: string, context: ResolveContext, next: NextResolve): Resolved {
    const { parentURL: parent = "", conditions } = context;
    if (conditions.includes("require")) return this.#own(next(specifier, context));
    if (isPath(specifier)) return this.#own(next(new URL(specifier, parent).href, context));
    if (nodeModule.isBuiltin(specifier)) {
      return next(specifier.startsWith("node:") ? specifier : `node:${specifier}`, context);
    }
    if (/^(?!npm:)[a-z][a-z\d+.-]*:/i.test(specifier) || !parent.startsWith("file:")) return next(specifier, context);
    const resolution = this.#latecomers?.resolve(specifier, parent);
    if (resolution?.kind === "url") return this.#own(next(resolution.url, context));
    const { state, cure } = resolution ?? { state: "was asked for before all was loaded", cure: null };
    throw this.complaints.unresolved({ parent, specifier, state, cure });
  }

  #own(resolved: Resolved): Resolved {
    if (resolved.url.startsWith("file:")) this.#late.add(resolved.url);
    return resolved;
  }

  /** What `import.meta.resolve(specifier)` gives in the module at `parent`. */
  locate(specifier: string, parent: string): string {
    const known = this.#known(specifier, parent, "import");
    if (known !== null) return known;
    if (isPath(specifier) || /^[a-z][a-z\d+.-]*:/i.test(specifier)) return new URL(specifier, parent).href;
    return this.#lateResolve(specifier, { parentURL: parent, conditions: ["import"] }, (url) => ({ url })).url;
  }

  /** Node's load hook for the code's own modules. */
  load(url: string, context: LoadContext, next: NextLoad): Loaded {
    if (/\.json$/.test(url) && context.conditions.includes("require")) {
      // It has no attributes, and Deno takes it for code once there are hooks.
      const source = readText(this.code.files[url]?.path ?? filePath(url));
      return { format: "json", source, shortCircuit: true };
    }
    const file = this.code.files[url] ?? this.#lateFile(url);
    if (file === null) return next(url, context);
    if (file.format === "commonjs") return this.#loadCommonJs(url, file, context);
    if (file.format === "data") this.#checkData(url, file, context);
    if (file.path.endsWith(".wasm") && context.importAttributes?.type === undefined) {
      return { format: "module", source: wasmModule(Deno.readFileSync(file.path)), shortCircuit: true };
    }
    const path = file.staging === null ? file.path : stage(file.path, file.staging);
    try {
      const loaded = next(toFileUrl(path).href, context);
      return file.format === "module" ? { ...loaded, source: finish(loaded.source, url, file.above) } : loaded;
    } finally {
      if (path !== file.path) Deno.removeSync(path);
    }
  }

  /** Throws where data was imported as if it were code, or is not what it is said to be. */
  #checkData(url: string, { path }: LoadableFile, { importAttributes }: LoadContext): void {
    const asker = this.#askers.get(url), type = importAttributes?.type;
    if (type === "json") checkJson(readText(path), url);
    if (type !== undefined || path.endsWith(".wasm") || asker === undefined) return;
    const needed = path.endsWith(".json") ? "json" : "text";
    const state = path.endsWith(".cts")
      ? "is CommonJS in TypeScript, which is not understood: it has to be an ES module, .ts"
      : `needs with { type: "${needed}" } behind it`;
    throw this.complaints.unresolved({ ...asker, state, cure: null });
  }

  /** A module that was not foreseen is what Deno makes of it, unless it is CommonJS. */
  #lateFile(url: string): LoadableFile | null {
    const path = pathOf(url);
    if (path === null || !/\.c?js$/.test(path) || this.#latecomers === null) return null;
    const { formatOf } = this.#latecomers, format = formatOf(path, readText(path));
    const extension = endingFor(formatOf, path, format);
    if (format === "module" && path.endsWith(extension)) return null;
    return { path, format, staging: format === "module" ? { pragma: null, extension } : null, above: 0 };
  }

  #loadCommonJs(url: string, file: LoadableFile, context: LoadContext): Loaded {
    const text = readText(file.path);
    // It was required by a module that was not foreseen.
    if (context.conditions.includes("require")) return { format: "commonjs", source: text, shortCircuit: true };
    const source = (this.#bridge ?? this.#latecomers?.bridge)?.(text, (specifier) => this.#required(specifier, url)) ??
      text;
    return { format: "module", source, shortCircuit: true };
  }

  #required(specifier: string, parent: string): ReturnType<Parameters<Bridge>[1]> {
    const url = this.#known(specifier, parent, "require");
    const file = url === null ? undefined : this.code.files[url];
    if (url === null || file?.format !== "commonjs") return null;
    return { text: readText(file.path), required: (inner) => this.#required(inner, url) };
  }
}

/**
 * What requiring an ES module gives: what it exports as "module.exports", else its namespace, with `__esModule` beside a default export,
 * by which what compilers have made of `import` finds that.
 */
function requirable(namespace: object): object {
  if (Reflect.has(namespace, "module.exports")) return Reflect.get(namespace, "module.exports");
  if (!Reflect.has(namespace, "default") || Reflect.has(namespace, "__esModule")) return namespace;
  const names = Object.keys(namespace);
  const getters = names.map((name) => [name, { enumerable: true, get: () => Reflect.get(namespace, name) }] as const);
  return Object.create(null, {
    __esModule: { enumerable: true, value: true },
    ...Object.fromEntries(getters),
    [Symbol.toStringTag]: { value: "Module" },
  });
}

/** A stack without the frame of the ES module that stands for the one at `url`, of which nobody knows. */
function withoutBridge(stack: string, url: string): string {
  const frames = [url, decodeURI(url)].map((place) => `    at ${place}:1:`);
  return stack.split("\n").filter((line) => !frames.some((frame) => line.startsWith(frame))).join("\n");
}
