/**
 * Where an import leads: paths, built-in modules, what the configuration maps, packages, and modules of the net that are here.
 *
 * @module
 */
import { basename, dirname, extname, fromFileUrl } from "@std/path";
import { applyImportMap } from "./import_map.ts";
import type { CodeConfig } from "./config.ts";
import type { PackageResolver } from "./packages.ts";
import { type Cure, found, problem, type Resolution } from "./problem.ts";
import type { FindKept, RemoteCopy } from "./kept.ts";
import { isPath, type Mode, type PackageReference, parsePackage } from "./specifier.ts";

/** Modules that Deno need not be asked for: what it loads to answer takes longer than all else at a start. */
const USUAL =
  /^node:(?:assert|async_hooks|buffer|child_process|crypto|dns|events|fs|https?|net|os|path|perf_hooks|process|querystring|readline|stream|string_decoder|timers|tls|url|util|worker_threads|zlib)(?:\/promises)?$/;

/** What a resolver is made with. */
export interface ResolverOptions {
  /** The handler module's path. */
  readonly entry: string;
  readonly config: CodeConfig;
  readonly findKept: FindKept;
  /** Deno's cache, for the message of what is not in it. */
  readonly cache: string | null;
  /** The registry of `jsr:` without a slash at its end. */
  readonly registry: string;
}

/** Finds out where imports lead; for one look at all of a module's imports. */
export class Resolver {
  readonly #options: ResolverOptions;
  #packages: Promise<PackageResolver> | null = null;
  /** The copies of modules of the net, by their URLs. */
  readonly copies = new Map<string, RemoteCopy>();

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** Where `specifier` leads in the module at the URL `parent`. */
  async resolve(specifier: string, parent: string, mode: Mode): Promise<Resolution> {
    const { config } = this.#options;
    const installed = parent.includes("/node_modules/");
    const mapped = mode === "require" || installed ? null : applyImportMap(config.map, specifier, parent);
    const meant = mapped ?? specifier;
    if (meant.startsWith("node:")) {
      const known = USUAL.test(meant) || (await this.#packagesHere()).isBuiltin(meant);
      return known ? found(meant) : problem("is no built-in module");
    }
    if (isPath(meant) && (mode === "import" || meant.startsWith("file:"))) return await this.#path(meant, parent);
    if (/^(?:data|blob|ext):/.test(meant)) return found(meant);
    if (/^https?:/.test(meant)) return await this.#remote(meant);
    if ((await this.#packagesHere()).isBuiltin(meant)) return found(`node:${meant}`);
    if (!parent.startsWith("file:")) parent = `file://${this.#options.entry}`; // its packages are the handler's
    const path = fromFileUrl(parent.replace(/[?#].*$/s, ""));
    const [, scheme, rest = ""] = /^(npm|jsr):(.*)$/s.exec(meant) ?? [];
    if (scheme === undefined) return (await this.#packagesHere()).resolve(meant, path, mode);
    const reference = parsePackage(rest);
    if (reference === null) return problem("is no name of a package");
    if (scheme === "npm") return (await this.#packagesHere()).resolvePackage(reference, path, mode);
    return await this.#jsr(reference, path, mode);
  }

  #packagesHere(): Promise<PackageResolver> {
    return this.#packages ??= import("./packages.ts").then(({ packageResolver }) => packageResolver());
  }

  async #path(specifier: string, parent: string): Promise<Resolution> {
    if (!URL.canParse(specifier, parent)) return problem("is no path");
    const { href } = new URL(specifier, parent);
    return /^https?:/.test(href) ? await this.#remote(href) : found(href);
  }

  async #remote(url: string): Promise<Resolution> {
    const asked = new URL(url);
    asked.hash = "";
    for (let { href } = asked, hops = 0; hops < 10; hops++) {
      const kept = await this.#options.findKept(href);
      if (kept === null) break;
      if ("copy" in kept) {
        this.copies.set(href, kept.copy);
        return found(href);
      }
      href = kept.redirect;
    }
    return problem(`is a module of the net, and ${this.#nowhere()}`, this.#cache());
  }

  async #jsr(reference: PackageReference, parent: string, mode: Mode): Promise<Resolution> {
    const [packages, { jsrUrl, npmNameOf }] = await Promise.all([this.#packagesHere(), import("./jsr.ts")]);
    for (const name of [npmNameOf(reference), reference.name]) {
      const installed = packages.resolvePackage({ ...reference, name }, parent, mode);
      if (installed.kind === "url") return installed;
    }
    const { registry, findKept } = this.#options;
    const url = await jsrUrl(reference, registry, findKept);
    if (url !== null) return await this.#remote(url);
    return problem(`is a package of JSR, and ${this.#nowhere()}`, this.#cache());
  }

  /** Where it was looked for. */
  #nowhere(): string {
    const { cache, config: { vendor } } = this.#options;
    const inCache = `in Deno's cache${cache === null ? "" : ` "${cache}"`}`;
    return vendor === null ? `not ${inCache}` : `neither in "${vendor}" nor ${inCache}`;
  }

  /** It puts all that is missing of the net into the cache; where there is no Deno, a bundle needs none. */
  #cache(): Cure {
    const { entry } = this.#options, file = basename(entry);
    const stem = file.slice(0, file.length - extname(file).length);
    const output = extname(file) === ".js" ? `${stem}.bundle.js` : `${stem}.js`;
    return { command: `deno bundle ${file} -o ${output}`, directory: dirname(entry) };
  }
}
