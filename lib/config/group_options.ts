/**
 * What a group of upstream servers is made of. Validated plain data; times in milliseconds.
 *
 * @module
 */
import type { UpstreamLimits, UpstreamTarget } from "./options.ts";
import type { KeySource } from "./route_options.ts";

/** Servers that can answer for each other (nginx's `upstream` block). */
export interface GroupOptions {
  /** Its name in stackd.toml, or what --upstream says; for logs and for recognising it in a changed configuration. */
  readonly name: string;
  readonly servers: readonly ServerOptions[];
  /** How a server is chosen. @default {"round-robin"} */
  readonly policy: PolicyName;
  /** For the policy "hash". */
  readonly hashKey: KeySource;
  /** A cookie that keeps a client at its server; null: none. */
  readonly stickyCookie: string | null;
  /** Failures within {@linkcode failTimeout} after which a server rests as long; 0: never. @default {1} as nginx's */
  readonly maxFails: number;
  /** @default {10000} as nginx's */
  readonly failTimeout: number;
  /** How long a server that is back grows to its full weight, ms; 0: it has it at once. @default {0} */
  readonly slowStart: number;
  readonly healthCheck: HealthCheckOptions | null;
  /** Requests that may wait while every server has its max-conns. Beyond: 503. @default {1024} */
  readonly queue: number;
  /** How long they may, ms. Beyond: 503. @default {5000} */
  readonly queueTimeout: number;
  /**
   * Whether requests wait in the queue while no server is there, or none is well, in place of a 502: for workers that are about
   * to be started again. @default {false}
   */
  readonly waitForServer: boolean;
  /** Servers that are asked for one request at most; 0: each once. @default {0} */
  readonly maxTries: number;
  /** How often host names are resolved again, ms; 0: once. @default {30000} */
  readonly resolveInterval: number;
  readonly limits: UpstreamLimits;
}

/** How a server is chosen: by turns, by the fewest requests in flight, the better of two, or by a key's hash. */
export type PolicyName = "round-robin" | "least-conn" | "random-two" | "hash";

/** One server of a group, or all addresses of a name. */
export interface ServerOptions {
  readonly target: UpstreamTarget;
  /** Its share beside the others'. @default {1} */
  readonly weight: number;
  /** Requests in flight that it is given at once; 0 = unlimited. @default {0} */
  readonly maxConns: number;
  /** Only used while no other server can be. @default {false} */
  readonly backup: boolean;
}

/** Requests that a server is asked by itself, to know whether it is well. */
export interface HealthCheckOptions {
  /** @default {"/"} */
  readonly path: string;
  /** The Host of the request; null: the server's own. */
  readonly host: string | null;
  /** @default {5000} */
  readonly interval: number;
  /** @default {2000} */
  readonly timeout: number;
  /** Statuses that are well, as inclusive ranges. @default {[[200, 399]]} */
  readonly statuses: readonly (readonly [from: number, to: number])[];
  /** Good answers in a row that bring a server back. @default {1} */
  readonly passes: number;
  /** Bad ones in a row that take it out. @default {1} */
  readonly fails: number;
}
