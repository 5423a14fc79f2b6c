/**
 * The gateway's way to TCP: a front with one route, to the worker's private socket.
 *
 * @module
 */
import { plainGroup } from "../config/groups.ts";
import type { GatewayOptions, UpstreamTarget } from "../config/options.ts";
import { plainRoute } from "../config/route_options.ts";
import { type Front, startFront } from "../front/front.ts";
import type { AccessLog } from "../observe/access_log.ts";

/** Starts the front of `options.http`. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN`. */
export function startGatewayFront(options: GatewayOptions, privateSocket: string, accessLog: AccessLog): Front {
  const worker: UpstreamTarget = { transport: "unix", path: privateSocket };
  return startFront({
    listen: options.http,
    routes: [plainRoute("/", { kind: "upstream", group: plainGroup([worker], options.upstream) })],
    limits: options.limits,
    trustedProxies: options.trustedProxies,
    accessLog,
  });
}
