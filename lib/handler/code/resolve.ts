/**
 * Where an import leads: paths, built-in modules, what the configuration maps, packages, and modules of the net that are here.
 *
 * @module
 */
import { applyImportMap } from "./import_map.ts";
import type { CodeConfig } from "./config.ts";
import type { PackageResolver } from "./packages.ts";
import { found, problem, type Resolution } from "./problem.ts";
import type { RemoteCopy } from "./kept.ts";
import type { Net } from "./net.ts";
import { isPath, type Mode, npmNameOf, type PackageReference, parsePackage } from "./specifier.ts";
import { filePath } from "./text.ts";

/** Modules that Deno need not be asked for: what it loads to answer takes longer than all else at a start. */
const USUAL =
  /^node:(?:assert|async_hooks|buffer|child_process|crypto|dns|events|fs|https?|net|os|path|perf_hooks|process|querystring|readline|stream|string_decoder|timers|tls|url|util|worker_threads|zlib)(?:\/promises)?$/;

/** What a resolver is made with. */
export interface ResolverOptions {
  /** The handler module's path. */
  readonly entry: string;
  readonly config: CodeConfig;
  /** Takes the paths of whatever is looked at on disk, also where nothing is. */
  readonly consulted: Set<string>;
}

/** Finds out where imports lead; for one look at all of a module's imports. */
export class Resolver {
  readonly #options: ResolverOptions;
  // Most handlers need neither, and what is not loaded takes no time.
  #packages: Promise<PackageResolver> | null = null;
  #net: Promise<Net> | null = null;
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
    const path = filePath(parent);
    const [, scheme, rest = ""] = /^(npm|jsr):(.*)$/s.exec(meant) ?? [];
    if (scheme === undefined) return (await this.#packagesHere()).resolve(meant, path, mode);
    const reference = parsePackage(rest);
    if (reference === null) return problem("is no name of a package");
    if (scheme === "npm") return (await this.#packagesHere()).resolvePackage(reference, path, mode);
    return await this.#jsr(reference, path, mode);
  }

  /** Whether it has looked for modules of the net, of which {@linkcode ResolverOptions.consulted} says nothing. */
  get usesNet(): boolean {
    return this.#net !== null;
  }

  #packagesHere(): Promise<PackageResolver> {
    const { consulted } = this.#options;
    return this.#packages ??= import("./packages.ts").then(({ packageResolver }) => packageResolver(consulted));
  }

  async #path(specifier: string, parent: string): Promise<Resolution> {
    if (!URL.canParse(specifier, parent)) return problem("is no path");
    const { href } = new URL(specifier, parent);
    return /^https?:/.test(href) ? await this.#remote(href) : found(href);
  }

  async #remote(url: string): Promise<Resolution> {
    const net = await this.#netHere(), kept = await net.find(url);
    if (kept === null) return net.absent("a module of the net");
    this.copies.set(kept.url, kept.copy);
    return found(kept.url);
  }

  async #jsr(reference: PackageReference, parent: string, mode: Mode): Promise<Resolution> {
    const [packages, net] = await Promise.all([this.#packagesHere(), this.#netHere()]);
    for (const name of [npmNameOf(reference), reference.name]) {
      const installed = packages.resolvePackage({ ...reference, name }, parent, mode);
      if (installed.kind === "url") return installed;
    }
    const url = await net.jsrUrl(reference);
    return url === null ? net.absent("a package of JSR") : await this.#remote(url);
  }

  #netHere(): Promise<Net> {
    const { entry, config: { vendor } } = this.#options;
    return this.#net ??= import("./net.ts").then(({ Net }) => new Net(entry, vendor, (name) => Deno.env.get(name)));
  }
}
