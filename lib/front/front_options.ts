/**
 * What a front is started with, and what can be asked of one that runs.
 *
 * @module
 */
import type { ServerOptions } from "../config/group_options.ts";
import type { Limits, ListenAddress, TrustedProxies } from "../config/options.ts";
import type { RouteOptions } from "../config/route_options.ts";
import type { AccessLog } from "../observe/access_log.ts";
import type { FrontCounts } from "../process/front_process.ts";

/** What a front is started with. */
export interface FrontOptions {
  readonly listen: readonly ListenAddress[];
  readonly routes: readonly RouteOptions[];
  readonly limits: Limits;
  readonly trustedProxies: TrustedProxies;
  readonly accessLog: AccessLog;
}

/** What of a running front can be changed; sizes of heads and listeners cannot. */
export type FrontChanges = Pick<FrontOptions, "routes" | "limits" | "trustedProxies" | "accessLog">;

/** A running front. */
export interface Front {
  /** Where it listens, with real ports. */
  readonly addresses: readonly ListenAddress[];
  /**
   * Serves by other options from the next request on; no connection is closed. Throws `STACKD_CONFIG_INVALID` for a directory
   * that is gone; then nothing has changed.
   */
  apply(changes: FrontChanges): void;
  /** Gives the groups called `group` other servers; requests that wait for one get their turns. */
  setServers(group: string, servers: readonly ServerOptions[]): void;
  /** The requests that the server called `authority` has now, each as a phrase: `GET "/a" (request id 1), for 2.5 s`. */
  inside(authority: string): string[];
  /** Tells the clients of WebSockets whose server does not stay, by its authority, to come back (close code 1012). */
  dismiss(stays: (authority: string) => boolean): void;
  /** What it does at this moment. */
  counts(): FrontCounts;
  /**
   * Stops accepting and lets the requests in flight end, for at most `timeout` ms; then closes what is left. Connections
   * that are idle get a moment in which a request that is already on its way is still answered.
   */
  drain(timeout: number): Promise<void>;
  /** Closes everything now. */
  close(): void;
}
