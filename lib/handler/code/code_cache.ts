/**
 * What was found out about a handler's code, kept in the user's cache directory for the next start: to find out where the imports of some
 * packages lead takes longer than all else.
 *
 * It holds no code. What is kept counts as long as everything that it was found out from has the content that it had then, which is
 * known by one hash over all of it; else, and when anything is wrong with the cache, it is found out anew.
 *
 * @module
 */
import { isAbsolute, join } from "@std/path";
import { VERSION } from "../../version.ts";
import { NO_MAP } from "./import_map.ts";
import { hashOf, type Sources, sourcesOf } from "./sources.ts";
import type { CodeFile, CodeGraph, MissingImport } from "./trace.ts";

/** All records together, bytes: those that were not used for longest are removed beyond. */
const MOST = 16 * 1_048_576;
/** What records look like; one of another form is nobody's. */
const FORM = 2;
/** One record, bytes. */
const LARGEST = 2 * 1_048_576;
/**
 * A file that was written so short a time before it was read may have been written again since, ms: its times would not show it. Deno
 * gives them in whole seconds.
 */
const UNSETTLED = 2_000;
const RECORD = /^[0-9a-f]{16}\.json$/;

/** A graph that is known, with the bytes of its files as they are now. */
export interface Recalled extends Pick<Sources, "contents"> {
  readonly graph: CodeGraph;
}

/** A record. */
interface Kept {
  readonly entry: string;
  readonly hash: string;
  readonly consulted: readonly string[];
  readonly files: readonly CodeFile[];
  readonly edges: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly missing: readonly MissingImport[];
  readonly required: readonly string[];
  readonly absent: readonly string[];
  readonly configuration: readonly string[];
  readonly opens: boolean;
}

/** The cache in a directory. */
export class CodeCache {
  readonly #directory: string;

  /** @param directory Absolute; made when it is needed. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What is known of the code whose module has the URL `entry`; null when nothing is, or anything has changed. Never throws. */
  async recall(entry: string): Promise<Recalled | null> {
    try {
      const path = this.#pathFor(entry), kept = read(path);
      if (kept === null || kept.entry !== entry) return null;
      const sources = sourcesOf(kept.files, kept.consulted);
      if (sources === null || await hashOf(sources) !== kept.hash) return null;
      const now = new Date();
      Deno.utimeSync(path, now, now);
      return { graph: graphOf(kept, sources), contents: sources.contents };
    } catch {
      return null;
    }
  }

  /**
   * Keeps what is known. Never throws: without the cache all is as it is with it.
   *
   * @param begun When it began to be found out, epoch ms.
   */
  async keep(graph: CodeGraph, begun: number): Promise<void> {
    if (!graph.lasting || graph.edges.size === 0) return; // by paths alone it is found out as quickly
    try {
      const files = [...graph.files.values()], consulted = [...graph.consulted].sort();
      const sources = sourcesOf(files, consulted);
      if (sources === null || sources.newest > begun - UNSETTLED) return;
      const { entry, edges, missing, required, absent, configuration, opens } = graph;
      const hash = await hashOf(sources);
      const kept: Kept = {
        entry,
        hash,
        consulted,
        files,
        edges: Object.fromEntries(edges),
        missing,
        required,
        absent,
        configuration,
        opens,
      };
      const text = JSON.stringify(kept);
      if (text.length <= LARGEST) this.#write(this.#pathFor(entry), text);
    } catch { /* a full disk, a directory that may not be written to */ }
  }

  /** Whoever reads a record sees all of it, or none. */
  #write(path: string, text: string): void {
    Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const part = Deno.makeTempFileSync({ dir: this.#directory, prefix: ".", suffix: ".part" });
    try {
      Deno.writeTextFileSync(part, text);
      Deno.renameSync(part, path);
    } catch (thrown) {
      Deno.removeSync(part);
      throw thrown;
    }
    this.#tidy();
  }

  /** Removes the records that were not used for longest, until the others are not too many. */
  #tidy(): void {
    const records = [...Deno.readDirSync(this.#directory)].filter(({ name }) => RECORD.test(name)).map(({ name }) => {
      const path = join(this.#directory, name), { size, mtime } = Deno.statSync(path);
      return { path, size, used: mtime?.getTime() ?? 0 };
    });
    let total = 0;
    for (const { path, size } of records.sort((a, b) => b.used - a.used)) {
      total += size;
      if (total > MOST) Deno.removeSync(path);
    }
  }

  #pathFor(entry: string): string {
    return join(this.#directory, `${nameOf(`${FORM}\n${VERSION}\n${Deno.version.deno}\n${entry}`)}.json`);
  }
}

/**
 * A file's name for a key: FNV-1a, 64 bits. A record says itself what it is of, and most starts need no hash that cannot be forged, which
 * takes a while to load.
 */
function nameOf(key: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(key)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/** A record that this user has written; null for anybody else's. Throws when there is none, or it is no record. */
function read(path: string): Kept | null {
  using file = Deno.openSync(path);
  const { isFile, size, uid, mode } = file.statSync();
  if (!isFile || size > LARGEST || uid !== Deno.uid() || ((mode ?? 0) & 0o022) !== 0) return null;
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let count; (count = file.readSync(bytes.subarray(length)) ?? 0) > 0;) length += count;
  return JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))); // written by us, as its owner proves
}

function graphOf(kept: Kept, sources: Sources): CodeGraph {
  const { entry, files, edges, missing, required, absent, configuration, opens, consulted } = kept;
  return {
    entry,
    files: new Map(files.map((file) => [file.url, file])),
    edges: new Map(Object.entries(edges)),
    missing,
    required,
    absent,
    computed: false,
    map: NO_MAP, // nothing is left to find
    opens,
    seen: sources.seen,
    configuration,
    consulted: new Set(consulted),
    lasting: true,
  };
}

/**
 * The cache of the user whom this process runs as, in `$XDG_CACHE_HOME` or `~/.cache` (XDG Base Directory Specification); null where there
 * is none, or it is another user's, as after `sudo`.
 */
export function userCodeCache(env: (name: string) => string | undefined): CodeCache | null {
  const xdg = env("XDG_CACHE_HOME"), home = env("HOME");
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : home;
  if (base === undefined || !isAbsolute(base) || !isOurs(base)) return null;
  return new CodeCache(join(base === xdg ? base : join(base, ".cache"), "stackd", "code"));
}

/** The cache that is asked for by `--code-cache`: in a directory, or the user's own; null for none. */
export function codeCacheIn(place: { readonly directory: string | null } | null): CodeCache | null {
  if (place === null) return null;
  return place.directory === null ? userCodeCache((name) => Deno.env.get(name)) : new CodeCache(place.directory);
}

function isOurs(directory: string): boolean {
  try {
    return Deno.statSync(directory).uid === Deno.uid();
  } catch {
    return false; // it is not there
  }
}
