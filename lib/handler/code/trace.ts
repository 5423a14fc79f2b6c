/**
 * Everything that a handler module may load, found before anything is run: its files, where their imports lead, and which lead
 * nowhere.
 *
 * @module
 */
import { extname, toFileUrl } from "@std/path";
import { computedTargets, hasPattern, isComputed } from "./computed.ts";
import { type CodeConfig, readConfig } from "./config.ts";
import { endingFor, type Format, formats } from "./format.ts";
import type { ImportMap } from "./import_map.ts";
import type { Problem } from "./problem.ts";
import { CODE, type MayHold, readCode } from "./read.ts";
import { Resolver } from "./resolve.ts";
import { versionOf } from "../../process/file_version.ts";
import { requiredIn } from "./required.ts";
import { pathOf, textAt, withoutMetadata } from "./text.ts";
import { hasExports, opensServer } from "./program.ts";
import { type Asked, askedBy, edgeKey, type Mode } from "./specifier.ts";

/** One file of the graph. */
export interface CodeFile {
  /** What it is imported as. */
  readonly url: string;
  /** Where it is on disk. */
  readonly path: string;
  /** What says what is in it; of a copy in a cache the name does not. */
  readonly extension: string;
  readonly format: Format;
  /** A comment that is to stand above its text, or null. */
  readonly pragma: string | null;
}

/** An import that leads nowhere, if it is ever run. */
export interface MissingImport extends Problem {
  readonly parent: string;
  readonly mode: Mode;
  readonly specifier: string;
}

/** The import graph. */
export interface CodeGraph {
  /** The handler module's URL. */
  readonly entry: string;
  /** Files by their URLs, the module's own first. */
  readonly files: ReadonlyMap<string, CodeFile>;
  /** Where imports lead that are not just a path beside their file: by the importing URL, then by {@linkcode edgeKey}. */
  readonly edges: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly missing: readonly MissingImport[];
  /** The ES modules that CommonJS modules require, in the order in which they are to be evaluated. */
  readonly required: readonly string[];
  /** What the configuration maps. */
  readonly map: ImportMap;
  /** The paths of files that are imported and cannot be read. */
  readonly absent: readonly string[];
  /** Whether something is imported by a name that is computed. */
  readonly computed: boolean;
  /** Whether the module exports nothing, and it or another of the handler's own files opens a server. */
  readonly opens: boolean;
  /** What each of all these was just before it was read, by its path; see `versionOf()`. */
  readonly seen: ReadonlyMap<string, string>;
  /** Configuration files that decided something, or would if they were there. */
  readonly configuration: readonly string[];
  /** Whatever else on disk it was found out from: also where nothing was. */
  readonly consulted: ReadonlySet<string>;
  /** Whether all of that, and the files, decide it alone. */
  readonly lasting: boolean;
}

/** What is done with each file as it is found; its text is not kept. */
export type Visit = (file: CodeFile, bytes: Uint8Array) => void;

/** More files than this are not looked through; they are loaded from the disk when they are asked for. */
const MOST_FILES = 20_000;
/** Nothing else happens in this process for so long, ms: a gateway traces beside all else that its supervisor does. */
const AT_A_TIME = 20;

/**
 * Traces the module at `entry`, an absolute path. Never throws for what is wrong with it.
 *
 * @param mayHold Which files on disk may be a part of it; others are as good as missing.
 * @param text The module's own text, where it is not on disk.
 */
export async function traceCode(
  entry: string,
  visit: Visit = () => {},
  mayHold: MayHold = () => true,
  text: string | null = null,
): Promise<CodeGraph> {
  const seen = new Map<string, string>();
  const consulted = new Set<string>();
  const config = readConfig(entry, (path) => {
    seen.set(path, versionOf(path));
    consulted.add(path);
    return textAt(path);
  });
  const resolver = new Resolver({ entry, config, consulted });
  const given = text === null ? null : new TextEncoder().encode(text);
  const trace = new Trace(toFileUrl(entry).href, config, seen, consulted, resolver, visit, mayHold, given);
  await trace.run();
  return trace;
}

class Trace implements CodeGraph {
  readonly entry: string;
  readonly files = new Map<string, CodeFile>();
  readonly edges = new Map<string, Record<string, string>>();
  readonly missing: MissingImport[] = [];
  readonly absent: string[] = [];
  required: readonly string[] = [];
  computed = false;
  #exports = false;
  #serves = false;
  readonly seen: Map<string, string>;
  readonly configuration: readonly string[];
  readonly map: ImportMap;
  readonly #config: CodeConfig;
  readonly #resolver: Resolver;
  readonly #visit: Visit;
  readonly #mayHold: MayHold;
  /** The entry's text, where it is not on disk. */
  readonly #given: Uint8Array | null;
  readonly #formatOf = formats((path) => {
    this.consulted.add(path);
    return textAt(path);
  });
  readonly consulted: Set<string>;
  /** Whether a path that is computed says where it could lead. */
  #patterns = false;

  constructor(
    entry: string,
    config: CodeConfig,
    seen: Map<string, string>,
    consulted: Set<string>,
    resolver: Resolver,
    visit: Visit,
    mayHold: MayHold,
    given: Uint8Array | null,
  ) {
    this.entry = entry;
    this.configuration = config.files;
    this.map = config.map;
    this.seen = seen;
    this.consulted = consulted;
    this.#config = config;
    this.#resolver = resolver;
    this.#visit = visit;
    this.#mayHold = mayHold;
    this.#given = given;
  }

  get opens(): boolean {
    return this.#serves && !this.#exports;
  }

  get lasting(): boolean {
    const { entry, computed, files } = this;
    return !computed && !this.#patterns && this.#given === null && !this.#resolver.usesNet && files.has(entry);
  }

  async run(): Promise<void> {
    const queue = new Set([this.entry]);
    const leads = new Map<string, readonly string[]>();
    let begun = performance.now();
    for (const url of queue) {
      if (this.files.size >= MOST_FILES) break;
      if (performance.now() - begun > AT_A_TIME) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        begun = performance.now();
      }
      const targets = await this.#look(url);
      leads.set(url, targets);
      for (const target of targets) queue.add(target);
    }
    this.required = requiredIn(this, leads);
  }

  /** Looks at one file; gives what it leads to. */
  async #look(url: string): Promise<string[]> {
    const remote = this.#resolver.copies.get(url);
    const path = remote?.path ?? pathOf(url);
    if (path !== null) this.seen.set(path, versionOf(path));
    // What is in Deno's cache is as public as where it comes from.
    const raw = path === null ? null : this.#read(url, path, remote === undefined ? this.#mayHold : () => true);
    if (path === null || raw === null) {
      if (path !== null) {
        this.absent.push(path);
        this.consulted.add(path);
      }
      return [];
    }
    const bytes = remote === undefined ? raw : new TextEncoder().encode(withoutMetadata(new TextDecoder().decode(raw)));
    const extension = remote?.extension ?? extname(path);
    if (!CODE.test(extension)) {
      if (extension !== ".node") this.#add({ url, path, extension, format: "data", pragma: null }, bytes);
      return [];
    }
    const text = new TextDecoder().decode(bytes);
    const asked = askedBy(text);
    const pragma = this.#pragmaFor(url, extension, text, asked);
    const format = this.#formatOf(path, text, extension);
    const ending = remote === undefined ? endingFor(this.#formatOf, path, format) : extension;
    this.#add({ url, path, extension: ending, format, pragma }, bytes);
    if (isComputed(text)) this.computed = true;
    if (hasPattern(text)) this.#patterns = true;
    if (url === this.entry) this.#exports = hasExports(text);
    if (!url.includes("/node_modules/") && opensServer(text)) this.#serves = true;
    const targets = computedTargets(text, url);
    for (const each of asked) targets.push(...await this.#follow(each, url));
    return targets;
  }

  #read(url: string, path: string, mayHold: MayHold): Uint8Array | null {
    return url === this.entry && this.#given !== null ? this.#given : readCode(path, mayHold);
  }

  #add(file: CodeFile, bytes: Uint8Array): void {
    this.files.set(file.url, file);
    this.#visit(file, bytes);
  }

  async #follow({ specifier, mode }: Asked, parent: string): Promise<string[]> {
    const resolution = await this.#resolver.resolve(specifier, parent, mode);
    if (resolution.kind === "problem") {
      const { state, cure } = resolution;
      this.missing.push({ parent, mode, specifier, state, cure });
      return [];
    }
    const { url } = resolution;
    if (mode === "require" || !URL.canParse(specifier, parent) || new URL(specifier, parent).href !== url) {
      const edges = this.edges.get(parent) ?? {};
      edges[edgeKey(mode, specifier)] = url;
      this.edges.set(parent, edges);
    }
    return /^(?:file|https?):/.test(url) ? [url] : [];
  }

  /** The pragma that a file with JSX needs; adds to `asked` what JSX itself imports. */
  #pragmaFor(url: string, extension: string, text: string, asked: Asked[]): string | null {
    if (!/^\.[jt]sx$/.test(extension)) return null;
    const [, source] = /@jsxImportSource\s+(\S+)/.exec(text) ?? [];
    const own = source !== undefined || /@jsx\s/.test(text) || url.includes("/node_modules/");
    const importSource = source ?? (own ? null : this.#config.jsx?.importSource ?? null);
    if (importSource !== null) asked.push({ mode: "import", specifier: `${importSource}/jsx-runtime` });
    return own ? null : this.#config.jsx?.pragma ?? null;
  }
}
