/**
 * What the two roles are started with: validated, absolute, in milliseconds and bytes. Flags (and later a file) are turned
 * into these; nothing below `config/` reads a flag.
 *
 * @module
 */
import type { RouteOptions } from "./route_options.ts";

/** Where to accept connections. An empty hostname means every address, IPv4 and IPv6. */
export type ListenAddress =
  & (
    | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
    | {
      readonly transport: "unix";
      readonly path: string;
      /** Permission bits. @default {0o660} */
      readonly mode?: number;
      /** Numeric owner; the process's own by default. */
      readonly owner?: { readonly uid: number; readonly gid: number } | null;
    }
  )
  & {
    /** Whether every connection begins with a PROXY protocol header that says who the client is. @default {false} */
    readonly proxyProtocol?: boolean;
    /** Whether other processes of ours listen on the same port. @default {false} */
    readonly reusePort?: boolean;
    /** Largest body of a request that comes this way, bytes, 0 = unlimited. @default the limits' own */
    readonly maxBody?: number;
  };

/** A server to relay to. */
export type UpstreamTarget =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/** Whose forwarding fields are believed. */
export interface TrustedProxies {
  /** Whether peers on unix sockets are trusted. */
  readonly unix: boolean;
  /** Trusted networks, as written (`10.0.0.0/8`, `::1`). */
  readonly networks: readonly string[];
}

/** Where access-log lines go: a file's absolute path, standard output, or nowhere. */
export type AccessLogTarget = { readonly kind: "file"; readonly path: string } | { readonly kind: "stdout" | "off" };

/** What a client may take: sizes in bytes, times in milliseconds, 0 = unlimited where said. */
export interface Limits {
  /** A request's line and fields together, bytes. Beyond: 431. @default {16384} */
  readonly maxHeadSize: number;
  /** The request line, bytes. Beyond: 414. @default {8192} */
  readonly maxRequestLine: number;
  /** Fields in one head. Beyond: 431. @default {100} */
  readonly maxFields: number;
  /** A request's body, bytes; 0 = unlimited. Beyond: 413. @default {1048576} */
  readonly maxBody: number;
  /** From a request's first byte (or the connection's opening) to its complete head, ms. Beyond: 408. @default {10000} */
  readonly headerTimeout: number;
  /** Between two reads of a request's body, ms. Beyond: 408. @default {30000} */
  readonly bodyTimeout: number;
  /** Between two requests on one connection, ms. Then it is closed without a word. @default {75000} */
  readonly keepaliveTimeout: number;
  /** Without progress while writing to a client, ms. Then it is disconnected. @default {60000} */
  readonly writeTimeout: number;
  /** Requests on one connection; the last answer says `Connection: close`. @default {1000} */
  readonly keepaliveRequests: number;
  /** Open client connections of one process. Beyond: 503. @default {4096} */
  readonly maxConnections: number;
  /** Open connections of one client address; 0 = unlimited. Beyond: 503. @default {0} */
  readonly maxConnectionsPerClient: number;
}

/** How upstreams are spoken to; times in milliseconds. */
export interface UpstreamLimits {
  /** For connecting, ms. Beyond: 504. @default {5000} */
  readonly connectTimeout: number;
  /** For a response's head, and between two reads of its body, ms. Beyond: 504, or the end of a body. @default {60000} */
  readonly readTimeout: number;
  /** Between two reads of a body, or of an upgraded connection, ms; null: as the read timeout. @default {null} */
  readonly streamTimeout: number | null;
  /** An unused pooled connection is closed after this, ms. @default {60000} */
  readonly idleTimeout: number;
  /** Unused connections kept per upstream. @default {64} */
  readonly maxIdle: number;
}

/** Everything `stackd proxy` needs. */
export interface ProxyOptions {
  readonly listen: readonly ListenAddress[];
  readonly routes: readonly RouteOptions[];
  readonly limits: Limits;
  readonly trustedProxies: TrustedProxies;
  readonly accessLog: AccessLogTarget;
  /** Absolute path, or null for none. */
  readonly pidfile: string | null;
  /** How long a graceful stop waits for requests in flight, ms. @default {30000} */
  readonly gracefulTimeout: number;
  /** How many processes serve. @default {1} */
  readonly workers: number;
}

/** Everything `stackd gateway` needs. */
export interface GatewayOptions {
  /** The module's absolute path. */
  readonly module: string;
  /** The export to use instead of the usual ones, or null. */
  readonly exportName: string | null;
  /** Public unix socket's absolute path, or null. */
  readonly socket: string | null;
  /** Public TCP addresses, served through a front. */
  readonly http: readonly ListenAddress[];
  /** Permission bits of the public socket. @default {0o660} */
  readonly socketMode: number;
  /** Numeric owner of the public socket; null leaves it as it is. */
  readonly socketOwner: { readonly uid: number; readonly gid: number } | null;
  readonly limits: Limits;
  readonly upstream: UpstreamLimits;
  readonly trustedProxies: TrustedProxies;
  readonly accessLog: AccessLogTarget;
  readonly pidfile: string | null;
  /** How long a graceful stop waits for requests in flight, ms. @default {30000} */
  readonly gracefulTimeout: number;
  /** How long a worker may take to load its module and finish onStart, ms. @default {30000} */
  readonly bootTimeout: number;
  /** How many workers serve. @default {1} */
  readonly workers: number;
  /** Whether a front stands before the workers of a unix socket even when there is one worker only. @default {false} */
  readonly front: boolean;
  /** Requests in flight that a front gives one worker at once. @default {256} */
  readonly workerRequests: number;
  /** Requests that wait while all workers have as many, or there is none. Beyond: 503. @default {1024} */
  readonly queue: number;
  /** How long they may, ms. Beyond: 503. @default {5000} */
  readonly queueTimeout: number;
  /** From a request's dispatch to its response's head, ms. Beyond: 504, and the handler's signal is aborted. @default {60000} */
  readonly requestTimeout: number;
  /** A worker whose event loop does not answer for so long, ms, is replaced. @default {2000} */
  readonly pingTimeout: number;
  /** A worker is replaced after so many requests; null: never. @default {null} */
  readonly maxRequests: number | null;
  /** A worker is replaced when it holds so many bytes of memory; null: never. @default {null} */
  readonly maxRss: number | null;
  /** A worker is replaced after so long, ms; null: never. @default {null} */
  readonly maxLifetime: number | null;
  /** Files whose change reloads the handler; absolute. @default {[]} */
  readonly reloadOn: readonly string[];
  /** What is set in the workers' environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The workers' working directory, absolute; null: the gateway's own. */
  readonly chdir: string | null;
  /** The control socket's absolute path, or null. */
  readonly control: string | null;
  /** Where the state is told, or null. */
  readonly status: ListenAddress | null;
}
