/**
 * The gateway's way to clients: a front with one route, to the workers' private sockets.
 *
 * @module
 */
import { plainGroup, plainServer } from "../config/groups.ts";
import type { ServerOptions } from "../config/group_options.ts";
import { plainRoute } from "../config/route_options.ts";
import { type Front, startFront } from "../front/front.ts";
import type { AccessLog } from "../observe/access_log.ts";
import type { FrontStart } from "../process/front_messages.ts";

/** What the workers are called in log lines. */
const WORKERS = "the workers";

/** A front whose workers come and go. */
export interface GatewayFront {
  readonly front: Front;
  /** Sends requests to the workers on these sockets, and to no others. */
  serve(sockets: readonly string[]): void;
}

/** Starts a front without workers yet: requests wait for them. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN`. */
export function startGatewayFront(start: FrontStart, accessLog: AccessLog): GatewayFront {
  const group = {
    ...plainGroup([], start.upstream),
    name: WORKERS,
    policy: "least-conn",
    // Whether a worker is well is its supervisor's to know.
    maxFails: 0,
    queue: start.queue,
    queueTimeout: start.queueTimeout,
    waitForServer: true,
    // A request that kills its worker may have one more, not all of them.
    maxTries: 2,
  } as const;
  const front = startFront({
    listen: start.listen,
    routes: [plainRoute("/", { kind: "upstream", group })],
    limits: start.limits,
    trustedProxies: start.trustedProxies,
    accessLog,
  });
  const serverOf = (path: string): ServerOptions => ({
    ...plainServer({ transport: "unix", path }),
    maxConns: start.workerRequests,
  });
  return { front, serve: (sockets) => front.setServers(WORKERS, sockets.map(serverOf)) };
}
