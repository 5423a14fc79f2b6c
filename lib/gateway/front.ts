/**
 * The gateway's way to TCP: a front with one route, to the worker's private socket.
 *
 * @module
 */
import type { GatewayOptions } from "../config/options.ts";
import { type Front, startFront } from "../front/front.ts";
import type { AccessLog } from "../observe/access_log.ts";

/** Starts the front of `options.http`. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN`. */
export function startGatewayFront(options: GatewayOptions, privateSocket: string, accessLog: AccessLog): Front {
  return startFront({
    listen: options.http,
    routes: [{ prefix: "/", action: { kind: "upstream", target: { transport: "unix", path: privateSocket } } }],
    limits: options.limits,
    upstream: options.upstream,
    trustedProxies: options.trustedProxies,
    accessLog,
  });
}
