/**
 * Whether a gateway has a front, and what that is started with.
 *
 * @module
 */
import type { GatewayOptions, ListenAddress, ListenOption } from "../config/options.ts";
import type { FrontRoute, FrontStart } from "../process/front_messages.ts";
import { inheritance } from "../process/inheritance.ts";
import { isFor } from "../process/sockets.ts";

/**
 * Whether the one worker serves the public socket itself. Where there is more than one app, or there are files, somebody has to
 * tell their requests apart. A worker makes its socket itself, so one that the service manager has opened takes a front, too.
 */
export function isDirect({ socket, workers, front, apps, staticMaps }: GatewayOptions): boolean {
  const one = apps.length === 1 && apps[0]?.prefix === "/" && staticMaps.length === 0;
  return socket !== null && workers === 1 && !front && one && !isPassed(socket);
}

function isPassed(path: string): boolean {
  return inheritance().sockets.some((given) => given.passed && isFor(given, { transport: "unix", path }, ""));
}

/** Where the front listens; nowhere when there is none. */
export function frontListens(options: GatewayOptions): ListenOption[] {
  const { http, uwsgi, socket: path, socketMode: mode, socketOwner, runAs } = options;
  const owner = socketOwner ?? runAs;
  const others = [
    ...http,
    ...uwsgi.map((address) => address.transport === "unix" ? { ...address, mode, owner } : address),
  ];
  if (path === null || isDirect(options)) return others;
  // How large a body may be is the business of the proxy that stands before a unix socket.
  return [{ transport: "unix", path, mode, owner, maxBody: 0 }, ...others];
}

/** Whether there is a front. */
export function hasFront(options: GatewayOptions): boolean {
  return options.http.length > 0 || options.uwsgi.length > 0 || (options.socket !== null && !isDirect(options));
}

/** What a front that listens on `listen` is told. */
export function frontStart(options: GatewayOptions, listen: readonly ListenAddress[]): FrontStart {
  const {
    limits,
    upstream,
    requestTimeout,
    trustedProxies,
    accessLog,
    logLevel,
    runAs,
    workerRequests,
    queue,
    queueTimeout,
  } = options;
  return {
    listen,
    routes: routesOf(options),
    limits,
    upstream: { ...upstream, readTimeout: requestTimeout, streamTimeout: upstream.readTimeout },
    trustedProxies,
    accessLog,
    logLevel,
    runAs,
    workerRequests,
    queue,
    queueTimeout,
  };
}

function routesOf({ apps, staticMaps }: GatewayOptions): FrontRoute[] {
  return [
    ...apps.map(({ prefix }): FrontRoute => ({ kind: "app", prefix })),
    ...staticMaps.map(({ prefix, root }): FrontRoute => ({ kind: "static", prefix, root })),
  ];
}
