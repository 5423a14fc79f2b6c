/**
 * Files below a root: a request for a path becomes an answer. The order is method, path, file, coding, preconditions, range;
 * the first that refuses decides the status.
 *
 * @module
 */
import type { StaticOptions } from "../config/static_options.ts";
import type { OpenFile } from "../http1/answer.ts";
import { latin1, putText } from "../http1/bytes.ts";
import type { PreparedAnswer } from "../http1/prepared.ts";
import { answerFromFile, answerFromMemory, type Asking, refused, type Served } from "./answers.ts";
import { type Asked, codingsOf } from "./asked.ts";
import { CachedFile, type FieldChange } from "./cached_file.ts";
import type { FileState } from "./file_state.ts";
import { fill } from "./fill.ts";
import { compileFreshness } from "./freshness.ts";
import { list } from "./list.ts";
import { listingAnswer } from "./listing.ts";
import { entryOf, type FoundFile, readAll, type Serving, survey } from "./load.ts";
import { directoryLocation, isDirectoryForm, parsePath } from "./paths.ts";
import { PathCache } from "./path_cache.ts";
import type { Representation } from "./representation.ts";
import { type Found, parseAttempts, type Place, resolve } from "./resolve.ts";
import type { StaticRoot } from "./root.ts";
import { Sightings, Watcher } from "./watch.ts";

/** What static files need to know of a request. */
export interface StaticRequest extends Asking {
  /** Raw path below the route's prefix: still percent-encoded, beginning with `/`, without query. */
  readonly path: string;
  /** Raw path as the client sent it, for redirects. */
  readonly originalPath: string;
  /** The path in normal form: requests with the same one get the same file. */
  readonly key: string;
  /** Empty, or `?…` as the client sent it. */
  readonly query: string;
  /** The media type, where whoever hands the file on has said one; else its name tells. */
  readonly contentType?: string;
}

/** The largest file that is kept in memory, bytes; and the largest share of the memory that one may take. */
const LARGEST = 1_048_576, LARGEST_SHARE = 1 / 4;
/** Without memory to keep files in, this many bytes are still read at once and sent with the head. */
const WHOLE = 65_536;
/** How often a file that changes while it is read is read anew. */
const ATTEMPTS = 3;

/** The path that is looked for. */
const soughtKey = new Uint8Array(1_024);

const keep: FieldChange = (fields) => fields;

/** The files of one route. */
export class StaticFiles {
  readonly #root: StaticRoot;
  readonly #place: Place;
  readonly #serving: Serving;
  readonly #cache: PathCache<CachedFile>;
  readonly #watcher: Watcher;

  /** `change`: what the route changes in the fields of answers that are prepared. */
  constructor(root: StaticRoot, options: StaticOptions, change: FieldChange = keep) {
    const { path, host: { system } } = root;
    this.#root = root;
    const confinedTo = options.symlinks === "all" ? "/" : path;
    const open = (path: string) => root.open(system, confinedTo, path);
    const largest = options.maxCache === 0 ? WHOLE : Math.min(LARGEST, options.maxCache * LARGEST_SHARE);
    const read = (path: string, state: FileState) =>
      state.size > largest ? null : root.host.read(confinedTo, path, state);
    this.#place = { path, confinedTo, options, attempts: parseAttempts(options.tryFiles), open, read };
    this.#serving = { options, freshness: compileFreshness(options), largest, change };
    this.#cache = new PathCache(options.maxCache);
    this.#watcher = new Watcher(system);
  }

  /** The answer to a GET or HEAD for the path in bytes[start, end), when it is in memory; without a promise or a file's call. */
  ready(bytes: Uint8Array, start: number, end: number, asked: Asked): PreparedAnswer | null {
    const entry = this.#cache.find(bytes, start, end);
    if (entry === null) return null;
    const { now, moment } = this.#root.host, present = moment();
    if (!entry.isFresh(present)) {
      this.#cache.delete(entry);
      return null;
    }
    return entry.ready(asked.codings)?.prepared(asked, present, now) ?? null;
  }

  /** As {@linkcode ready}, for a path that had to be normalised. */
  readyAt(path: string, asked: Asked): PreparedAnswer | null {
    return this.ready(latin1(path), 0, path.length, asked);
  }

  /**
   * Answers a request: GET and HEAD, conditional and byte ranges included. Throws, or rejects, only for a failure of the system
   * (an I/O error of the disk). An answer's `FileBody` is the caller's to close; everything else is closed here.
   */
  serve(request: StaticRequest): Served | Promise<Served> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") return refused(405, [["Allow", "GET, HEAD"]]);
    // Not every path leads to something that is kept.
    const { length } = request.key, sought = length <= soughtKey.length ? soughtKey : new Uint8Array(length);
    putText(request.key, sought, 0);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      let entry = this.#cache.find(sought, 0, length);
      if (entry !== null && !entry.isFresh(this.#root.host.moment())) {
        this.#cache.delete(entry);
        entry = null;
      }
      if (entry === null) {
        const loaded = this.#load(request);
        if (loaded === null) continue;
        if (!(loaded instanceof CachedFile)) return loaded;
        this.#cache.add(entry = loaded);
      }
      const served = this.#fromMemory(entry, request);
      if (served !== null) return served;
      this.#cache.delete(entry);
    }
    return refused(503);
  }

  /** The answer from what has been read; null when something of it has changed. */
  #fromMemory(entry: CachedFile, request: StaticRequest): Served | Promise<Served> | null {
    const { now, moment } = this.#root.host;
    const codings = entry.codings.size === 0 ? [] : codingsOf(request.field("accept-encoding") ?? "");
    // What was compressed here has no ranges.
    const coding = entry.best(codings, request.method !== "GET" || request.field("range") === null);
    const available = coding === null ? { kind: "ready", variant: entry.identity } as const : entry.codings.get(coding);
    if (available === undefined) return null;
    if (available.kind === "ready") {
      const { representation, body } = available.variant;
      return answerFromMemory(typed(representation, request), body, request, now());
    }
    if (coding === null) return null;
    const filled = fill(entry, coding, available, this.#place, this.#serving, moment(), now());
    if (typeof filled === "boolean") return filled ? this.#grown(entry, request) : null;
    return filled.then(() => this.#grown(entry, request) ?? refused(503));
  }

  #grown(entry: CachedFile, request: StaticRequest): Served | Promise<Served> | null {
    this.#cache.charge(entry, entry.takeGrowth());
    return this.#fromMemory(entry, request);
  }

  /** What a path leads to: read, when it is for memory; null when it changed meanwhile. */
  #load(request: StaticRequest): CachedFile | Served | null {
    const parsed = parsePath(request.path, this.#serving.options.dotfiles);
    if (parsed.kind === "refused") return refused(parsed.status);
    const { now, moment } = this.#root.host, present = moment(), time = now();
    const seen = new Sightings(this.#watcher, present, time);
    const found = resolve(this.#place, parsed.segments, isDirectoryForm(request.originalPath), seen);
    switch (found.kind) {
      case "refused":
        return refused(found.status);
      case "redirect":
        return redirect(request);
      case "listing":
        return this.#list(found, request);
      case "file": {
        const { content, state } = found;
        const surveyed = survey(this.#serving, found, seen, time);
        if (!(content instanceof Uint8Array) && state.size > this.#serving.largest) {
          return this.#fromFile(content, state, surveyed, request);
        }
        const bytes = content instanceof Uint8Array ? content : this.#read(content, found.path, state);
        if (bytes === null) return null;
        return entryOf(this.#serving, latin1(request.key), surveyed, state, bytes, seen, present, time);
      }
    }
  }

  /** All of an open file, which is closed; null when it was changed meanwhile: a mixture, or too little. */
  #read(file: OpenFile, path: string, { size, identity }: FileState): Uint8Array | null {
    try {
      const bytes = readAll(file, size);
      return this.#watcher.look(path)?.identity === identity ? bytes : null;
    } finally {
      file.close();
    }
  }

  /** The answer with a file that is too large for memory, or one beside it. */
  #fromFile(file: OpenFile, state: FileState, surveyed: FoundFile, request: StaticRequest): Served {
    const time = this.#root.host.now();
    let chosen = file, described = surveyed.describe(state, null);
    try {
      for (const coding of codingsOf(request.field("accept-encoding") ?? "")) {
        const beside = surveyed.beside.get(coding);
        const opened = beside === undefined ? null : this.#place.open(beside.path);
        if (opened?.kind !== "file") continue;
        chosen = opened.file;
        described = surveyed.describe(opened.state, coding);
        break;
      }
    } catch (thrown) {
      file.close();
      throw thrown;
    }
    if (chosen !== file) file.close();
    return answerFromFile(typed(described, request), chosen, request, time);
  }

  #list({ path, names }: Found & { kind: "listing" }, request: StaticRequest): Served {
    const entries = list(this.#root, this.#place, path, names.length);
    if (typeof entries === "number") return refused(entries);
    const shown = decodeURIComponent(request.key);
    return { kind: "answer", answer: listingAnswer(shown, entries, names.length === 0, request.field("accept")) };
  }
}

/** The same as another media type, when there is one that was said. */
function typed(representation: Representation, { contentType }: StaticRequest): Representation {
  return contentType === undefined ? representation : { ...representation, contentType };
}

function redirect({ originalPath, query }: StaticRequest): Served {
  const location = directoryLocation(originalPath, query);
  if (location === null) return refused(400);
  return { kind: "answer", answer: { status: 301, fields: [["Location", location]], body: new Uint8Array(0) } };
}
