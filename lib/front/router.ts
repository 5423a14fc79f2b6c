/**
 * Which route answers a path: the longest prefix, segment by segment.
 *
 * @module
 */

/** A route as the router sees it. */
export interface Prefixed {
  /** Begins with `/`; without a slash at its end, but for `/` itself. */
  readonly prefix: string;
}

/** Finds routes by path prefix; a prefix matches itself and what is below it, never part of a segment. */
export class Router<Route extends Prefixed> {
  readonly #routes: readonly { readonly route: Route; readonly prefix: Uint8Array }[];
  readonly #byPrefix: ReadonlyMap<string, Route>;
  readonly #only: Route | null;

  constructor(routes: readonly Route[]) {
    const encoder = new TextEncoder();
    this.#routes = [...routes]
      .sort((a, b) => b.prefix.length - a.prefix.length)
      .map((route) => ({ route, prefix: encoder.encode(route.prefix) }));
    this.#byPrefix = new Map(routes.map((route) => [route.prefix, route]));
    this.#only = routes.length === 1 && routes[0].prefix === "/" ? routes[0] : null;
  }

  /** The route of the path in bytes[start, end), which must be in normal form; null when none matches. */
  match(bytes: Uint8Array, start: number, end: number): Route | null {
    if (this.#only !== null) return this.#only;
    for (const { route, prefix } of this.#routes) if (isBelow(bytes, start, end, prefix)) return route;
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

function isBelow(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  const { length } = prefix;
  if (length === 1) return true;
  if (end - start < length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return end - start === length || bytes[start + length] === 47;
}
