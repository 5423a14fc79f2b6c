/**
 * Routes as things that answer: each kind of action, built once, run for each request.
 *
 * @module
 */
import type { RouteOptions } from "../config/route_options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import type { Exchange } from "../http1/exchange.ts";
import { respond } from "../http1/respond.ts";
import { openStaticRoot, serveStatic, type StaticRoot } from "../static/files.ts";
import { UpstreamPool } from "../upstream/pool.ts";
import type { BufferPool } from "../http1/buffers.ts";
import type { Client } from "./forwarded.ts";
import { headPool } from "./heads.ts";
import { relay } from "./relay.ts";
import { type Prefixed, Router } from "./router.ts";

/** What answers below a prefix. */
export interface Action extends Prefixed {
  /** Answers one request. `client`: what a trusted proxy says of it; null when the peer is the client. */
  run(exchange: Exchange, client: Client | null): Promise<void>;
  /** Ends what the action keeps open. */
  close(): void;
}

/** The actions of all routes. Throws `STACKD_CONFIG_INVALID` for a directory that is gone. */
export function compileRoutes(
  routes: readonly RouteOptions[],
  maxHeadSize: number,
  deadlines: Deadlines,
): { readonly router: Router<Action>; close(): void } {
  const heads = headPool(maxHeadSize);
  const actions = routes.map(({ prefix, action }) =>
    action.kind === "upstream"
      ? proxyAction(prefix, new UpstreamPool(action.group.servers[0].target, action.group.limits, deadlines), heads)
      : staticAction(prefix, openStaticRoot((action as { root: string }).root))
  );
  return {
    router: new Router(actions),
    close() {
      for (const action of actions) action.close();
    },
  };
}

function proxyAction(prefix: string, pool: UpstreamPool, heads: BufferPool): Action {
  return {
    prefix,
    run: (exchange, client) => relay(exchange, pool, client, heads),
    close: () => pool.close(),
  };
}

function staticAction(prefix: string, root: StaticRoot): Action {
  return {
    prefix,
    async run(exchange) {
      const target = exchange.head.target(exchange.bytes);
      const queryAt = target.indexOf("?");
      const originalPath = queryAt === -1 ? target : target.slice(0, queryAt);
      const path = exchange.normalPath ?? originalPath;
      const answer = await serveStatic(root, {
        method: exchange.method,
        path: prefix === "/" ? path : path.slice(prefix.length),
        originalPath,
        query: queryAt === -1 ? "" : target.slice(queryAt),
        requestId: exchange.requestId,
        field: (name) => exchange.field(name),
      });
      await respond(exchange, answer);
    },
    close() {},
  };
}
