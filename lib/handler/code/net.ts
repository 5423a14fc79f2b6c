/**
 * What code asks the net for, as far as it is here already: nothing is ever fetched. Loaded when code first asks.
 *
 * @module
 */
import { basename, dirname, extname } from "@std/path";
import { jsrUrl } from "./jsr.ts";
import type { FindKept, RemoteCopy } from "./kept.ts";
import { type Cure, problem, type Resolution } from "./problem.ts";
import { denoDirectory, keptFinder } from "./remote.ts";
import type { PackageReference } from "./specifier.ts";

/** More redirects than this are a circle. */
const MOST_REDIRECTS = 10;

/** The modules of the net that are here. */
export class Net {
  readonly #entry: string;
  readonly #vendor: string | null;
  readonly #cache: string | null;
  readonly #registry: string;
  readonly #findKept: FindKept;

  /**
   * @param entry The handler module's path.
   * @param vendor The directory of the project's own copies, or null.
   */
  constructor(entry: string, vendor: string | null, env: (name: string) => string | undefined) {
    this.#entry = entry;
    this.#vendor = vendor;
    this.#cache = denoDirectory(env);
    this.#registry = (env("JSR_URL") ?? "https://jsr.io").replace(/\/$/, "");
    this.#findKept = keptFinder(vendor, this.#cache);
  }

  /** The copy of a URL, with the URL that it was redirected to; null when there is none. */
  async find(url: string): Promise<{ readonly url: string; readonly copy: RemoteCopy } | null> {
    const asked = new URL(url);
    asked.hash = "";
    for (let { href } = asked, hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const kept = await this.#findKept(href);
      if (kept === null) return null;
      if ("copy" in kept) return { url: href, copy: kept.copy };
      href = kept.redirect;
    }
    return null;
  }

  /** The URL of a module of JSR; null when none that would do is here. */
  jsrUrl(reference: PackageReference): Promise<string | null> {
    return jsrUrl(reference, this.#registry, this.#findKept);
  }

  /** What to say of something that is not here. */
  absent(what: string): Resolution {
    const inCache = `in Deno's cache${this.#cache === null ? "" : ` "${this.#cache}"`}`;
    const nowhere = this.#vendor === null ? `not ${inCache}` : `neither in "${this.#vendor}" nor ${inCache}`;
    return problem(`is ${what}, and ${nowhere}`, this.#cure());
  }

  /** Where there is a net, a bundle takes all that is missing, and then needs none. */
  #cure(): Cure {
    const file = basename(this.#entry);
    const stem = file.slice(0, file.length - extname(file).length);
    const output = extname(file) === ".js" ? `${stem}.bundle.js` : `${stem}.js`;
    return { command: `deno bundle ${file} -o ${output}`, directory: dirname(this.#entry) };
  }
}
