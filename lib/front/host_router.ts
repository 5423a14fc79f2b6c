/**
 * Which routes answer for a host: those of its exact name, of a wildcard above it (the longest first), and of any host.
 *
 * @module
 */
import { type Prefixed, Router } from "./router.ts";

/** A route as this router sees it. */
export interface Hosted extends Prefixed {
  /** As in `RouteOptions`: lower case, `*.` for every name below; empty: any host. */
  readonly hosts: readonly string[];
}

/** Finds routes by host and path. Where the routes of a host have none for a path, those of the next less exact one are asked. */
export class HostRouter<Route extends Hosted> {
  readonly #anyHost: Router<Route>;
  /** By exact name, or by what follows the `*` of a wildcard, dot included. */
  readonly #byHost = new Map<string, Router<Route>>();
  /** Whether any route asks for a host at all. */
  readonly named: boolean;

  constructor(routes: readonly Route[]) {
    this.#anyHost = new Router(routes.filter(({ hosts }) => hosts.length === 0));
    const byHost = new Map<string, Route[]>();
    for (const route of routes) {
      for (const host of route.hosts) {
        const key = host.startsWith("*.") ? host.slice(1) : host;
        byHost.set(key, [...byHost.get(key) ?? [], route]);
      }
    }
    for (const [host, ofHost] of byHost) this.#byHost.set(host, new Router(ofHost));
    this.named = byHost.size > 0;
  }

  /** The route for a path in normal form in bytes[start, end), when no route asks for a host. */
  match(bytes: Uint8Array, start: number, end: number): Route | null {
    return this.#anyHost.match(bytes, start, end);
  }

  /** The route for a host, as the client sent it, and a path in normal form. */
  matchHost(host: string, path: string): Route | null {
    if (this.named) {
      for (const key of keysOf(bareHost(host))) {
        const route = this.#byHost.get(key)?.matchPath(path);
        if (route) return route;
      }
    }
    return this.#anyHost.matchPath(path);
  }
}

/** Lower case, without port and without the dot of a name's root. */
export function bareHost(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/** The name itself, then what wildcards above it are stored by, the longest first. */
function* keysOf(host: string): Iterable<string> {
  yield host;
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) yield host.slice(dot);
}
