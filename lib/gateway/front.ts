/**
 * The gateway's way to clients: a front with a route to each app's workers, on their private sockets, and to files.
 *
 * @module
 */
import { plainGroup, plainServer } from "../config/groups.ts";
import type { GroupOptions, ServerOptions } from "../config/group_options.ts";
import { plainRoute, type RouteOptions } from "../config/route_options.ts";
import { type Front, startFront } from "../front/front.ts";
import type { AccessLog } from "../observe/access_log.ts";
import type { AppWorkers, FrontRoute, FrontStart } from "../process/front_messages.ts";

/** A front whose workers come and go. */
export interface GatewayFront {
  readonly front: Front;
  /** Sends each app's requests to these workers, and to no others. Between two requests, for all apps at once. */
  serve(apps: readonly AppWorkers[]): void;
  /** Sends requests to others than the workers on these sockets, as far as there are any. */
  avoid(sockets: readonly string[]): void;
}

/** Starts a front without workers yet: requests wait for them. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN`. */
export function startGatewayFront(start: FrontStart, accessLog: AccessLog): GatewayFront {
  const front = startFront({
    listen: start.listen,
    routes: start.routes.map((route) => routeOf(route, start)),
    limits: start.limits,
    trustedProxies: start.trustedProxies,
    accessLog,
  });
  let served: readonly AppWorkers[] = [], avoided: readonly string[] = [];
  const serverOf = (path: string): ServerOptions => ({
    ...plainServer({ transport: "unix", path }),
    maxConns: start.workerRequests,
    // Asked only when there is no other: requests rather wait than go to a worker that may be stuck.
    backup: avoided.includes(path),
  });
  const update = () => {
    for (const { prefix, sockets } of served) front.setServers(workersOf(prefix), sockets.map(serverOf));
  };
  return {
    front,
    serve(apps) {
      served = apps;
      update();
      const sockets = new Set(apps.flatMap(({ sockets }) => sockets.map((path) => `unix:${path}`)));
      front.dismiss((authority) => sockets.has(authority));
    },
    avoid(sockets) {
      avoided = sockets;
      update();
    },
  };
}

function routeOf(route: FrontRoute, start: FrontStart): RouteOptions {
  const { prefix } = route;
  if (route.kind === "static") return plainRoute(prefix, { kind: "static", root: route.root });
  // What an app says of places is its own: it knows its prefix, and may lead to another app.
  const taken = { stripPrefix: true, restorePrefix: false } as const;
  return { ...plainRoute(prefix, { kind: "upstream", group: groupOf(prefix, start) }), ...taken };
}

function groupOf(prefix: string, { upstream, queue, queueTimeout }: FrontStart): GroupOptions {
  return {
    ...plainGroup([], upstream),
    name: workersOf(prefix),
    policy: "least-conn",
    // Whether a worker is well is its supervisor's to know.
    maxFails: 0,
    queue,
    queueTimeout,
    waitForServer: true,
    // A request that kills its worker may have one more, not all of them.
    maxTries: 2,
  };
}

/** What an app's workers are called in log lines. */
function workersOf(prefix: string): string {
  return prefix === "/" ? "the workers" : `the workers of ${prefix}`;
}
