/**
 * All routes of a configuration, with the groups that they relay to.
 *
 * @module
 */
import type { ServerOptions } from "../config/group_options.ts";
import type { RouteOptions } from "../config/route_options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { Groups } from "./groups.ts";
import { headPool } from "./heads.ts";
import { HostRouter } from "./host_router.ts";
import { Route } from "./route.ts";

/** A configuration's routes, compiled. */
export class RouteTable {
  readonly router: HostRouter<Route>;
  readonly #groups: Groups;

  /**
   * Compiles `routes`; what `previous` has in common with them is taken over. Nothing of `previous` changes. Throws
   * `STACKD_CONFIG_INVALID` for a directory that is gone.
   */
  constructor(routes: readonly RouteOptions[], maxHeadSize: number, deadlines: Deadlines, previous: RouteTable | null) {
    const groups = routes.flatMap(({ action }) => action.kind === "upstream" ? [action.group] : []);
    this.#groups = new Groups(groups, deadlines, previous === null ? null : previous.#groups);
    const context = { groups: this.#groups, maxHeadSize, heads: headPool(maxHeadSize) };
    this.router = new HostRouter(routes.map((route) => new Route(route, context)));
  }

  /** Starts health checks and the like of what is new. */
  start(): void {
    this.#groups.start();
  }

  /** Gives the groups of a name other servers. */
  setServers(group: string, servers: readonly ServerOptions[]): void {
    this.#groups.setServers(group, servers);
  }

  /** How many requests wait for a server. */
  get waiting(): number {
    return this.#groups.waiting;
  }

  /** Ends what `next` has not taken over; requests in flight go on. */
  close(next: RouteTable | null = null): void {
    this.#groups.close(next === null ? null : next.#groups);
  }
}
