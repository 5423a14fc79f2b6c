/**
 * Which route answers a path: the longest prefix, segment by segment. A path is walked once, however many routes there are.
 *
 * @module
 */

/** A route as the router sees it. */
export interface Prefixed {
  /** Begins with `/`; without a slash at its end, but for `/` itself. */
  readonly prefix: string;
}

/** A prefix whose hash others may share. */
interface Entry<Route> {
  readonly prefix: Uint8Array;
  readonly route: Route;
  readonly next: Entry<Route> | null;
}

const SLASH = 47;
// FNV-1a.
const SEED = 0x811c9dc5, PRIME = 0x01000193;

/** Finds routes by path prefix; a prefix matches itself and what is below it, never part of a segment. */
export class Router<Route extends Prefixed> {
  /** By the hash of the prefix. */
  readonly #entries = new Map<number, Entry<Route>>();
  readonly #byPrefix: ReadonlyMap<string, Route>;
  /** The length of the longest prefix: behind it nothing can match. */
  readonly #longest: number;
  /** The route of `/`, for what no other prefix matches. */
  readonly #root: Route | null;

  constructor(routes: readonly Route[]) {
    const encoder = new TextEncoder();
    this.#byPrefix = new Map(routes.map((route) => [route.prefix, route]));
    this.#root = this.#byPrefix.get("/") ?? null;
    let longest = 0;
    for (const route of this.#byPrefix.values()) {
      if (route === this.#root) continue;
      const prefix = encoder.encode(route.prefix), hash = hashOf(prefix);
      this.#entries.set(hash, { prefix, route, next: this.#entries.get(hash) ?? null });
      longest = Math.max(longest, prefix.length);
    }
    this.#longest = longest;
  }

  /** The route of the path in bytes[start, end), which must be in normal form; null when none matches. */
  match(bytes: Uint8Array, start: number, end: number): Route | null {
    let found = this.#root;
    const stop = Math.min(end, start + this.#longest);
    for (let i = start, hash = SEED; i < stop;) {
      hash = Math.imul(hash ^ bytes[i++], PRIME);
      if (i === end || bytes[i] === SLASH) found = this.#at(hash, bytes, start, i) ?? found;
    }
    return found;
  }

  #at(hash: number, bytes: Uint8Array, start: number, end: number): Route | null {
    for (let entry = this.#entries.get(hash) ?? null; entry !== null; entry = entry.next) {
      if (equals(bytes, start, end, entry.prefix)) return entry.route;
    }
    return null;
  }

  /** As {@linkcode match}, for a path as a string. */
  matchPath(path: string): Route | null {
    for (let prefix = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;;) {
      const route = this.#byPrefix.get(prefix === "" ? "/" : prefix);
      if (route !== undefined) return route;
      if (prefix === "" || prefix === "/") return null;
      prefix = prefix.slice(0, prefix.lastIndexOf("/"));
    }
  }
}

function hashOf(bytes: Uint8Array): number {
  let hash = SEED;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, PRIME);
  return hash;
}

function equals(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}
