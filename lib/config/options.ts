/**
 * What the two roles are started with: validated, absolute, in milliseconds and bytes. Flags (and later a file) are turned
 * into these; nothing below `config/` reads a flag.
 *
 * @module
 */
import type { Permissions } from "./permissions.ts";
import type { LogFormat } from "./log_format.ts";
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
    /** That the uwsgi protocol is spoken there, and with whom. @default HTTP */
    readonly uwsgi?: UwsgiListen;
    /** Whether other processes of ours listen on the same port. @default {false} */
    readonly reusePort?: boolean;
    /** Largest body of a request that comes this way, bytes, 0 = unlimited. @default the limits' own */
    readonly maxBody?: number;
    /** Connections that the kernel queues; its `net.core.somaxconn` still caps it. @default {4096} */
    readonly backlog?: number;
    /** The descriptor of a socket that is open already, and belongs to whoever listens on this address. */
    readonly descriptor?: number;
  };

/** Where to accept connections, as it is asked for: an address, or a socket that the service manager has opened. */
export type ListenOption = ListenAddress | PassedSocket;

/** A socket that was opened by who started this process (systemd.socket(5)). */
export interface PassedSocket {
  readonly transport: "passed";
  /** Its name, which is its `FileDescriptorName=`, or the descriptor's number. */
  readonly name: string;
  readonly proxyProtocol?: boolean;
  readonly maxBody?: number;
  readonly uwsgi?: UwsgiListen;
}

/** A listener for servers that speak the uwsgi protocol: what they say of their clients is believed. */
export interface UwsgiListen {
  /** Networks, as written, whose peers may speak. Those on unix sockets may: who they are is up to the file's mode. */
  readonly allowFrom: readonly string[];
}

/** A server to relay to. */
export type UpstreamTarget =
  & (
    | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
    | { readonly transport: "unix"; readonly path: string }
  )
  & {
    /** What it is spoken to in. @default HTTP/1.1 */
    readonly protocol?: "uwsgi";
  };

/** Whose forwarding fields are believed. */
export interface TrustedProxies {
  /** Whether peers on unix sockets are trusted. */
  readonly unix: boolean;
  /** Trusted networks, as written (`10.0.0.0/8`, `::1`). */
  readonly networks: readonly string[];
}

/** Where access-log lines go: a file's absolute path, standard output, or nowhere. */
export type AccessLogTarget =
  & ({ readonly kind: "file"; readonly path: string } | { readonly kind: "stdout" | "off" })
  & {
    /** How they look. @default combined */
    readonly format?: LogFormat;
  };

/** What the error log has: lines of this level, and of those before it. */
export type LogLevel = "error" | "warn" | "info";

/** The user that workers and fronts run as, when the supervisor is root. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  /** Its name and home directory; null for a number without an entry in /etc/passwd. */
  readonly name: string | null;
  readonly home: string | null;
}

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
  /** Whether fields with "_" in their names are passed on. @default {false} */
  readonly allowUnderscores: boolean;
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
  readonly listen: readonly ListenOption[];
  /** Connections that the kernel queues on each listener. @default {4096} */
  readonly listenBacklog: number;
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
  /** The user that they run as; null: as this process. */
  readonly runAs: RunAs | null;
  /** What their error logs have. @default {"info"} */
  readonly logLevel: LogLevel;
}

/** One application of a gateway, with workers of its own. */
export interface AppOptions {
  /**
   * Where it is mounted, as a route's prefix: `/api` takes `/api` and `/api/…`, and the handler gets their paths without it.
   * `/` is every path that no other one takes, as it is.
   */
  readonly prefix: string;
  /** The module's absolute path; `-`: it comes on standard input. */
  readonly module: string;
  /** The export to use instead of the usual ones, or null. */
  readonly exportName: string | null;
  /** What the handler may touch; null: everything. */
  readonly permissions: Permissions | null;
}

/** Files that a gateway's front serves, below a prefix. */
export interface StaticMap {
  /** As a route's; it is taken off the path. */
  readonly prefix: string;
  /** A directory's absolute path. */
  readonly root: string;
}

/** Everything `stackd gateway` needs. */
export interface GatewayOptions {
  /** One at least, each with a prefix of its own. */
  readonly apps: readonly AppOptions[];
  /** Files, which no worker sees; their prefixes are no app's. @default {[]} */
  readonly staticMaps: readonly StaticMap[];
  /** Public unix socket's absolute path, or null. */
  readonly socket: string | null;
  /** Public TCP addresses, and sockets that were passed to us, served through a front. */
  readonly http: readonly ListenOption[];
  /** Where the uwsgi protocol is spoken, through a front. @default {[]} */
  readonly uwsgi: readonly ListenOption[];
  /** Permission bits of the public socket. @default {0o660} */
  readonly socketMode: number;
  /** Connections that the kernel queues on each listener. @default {4096} */
  readonly listenBacklog: number;
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
  /** How many workers each app has. @default {1} */
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
  /** Whether a change of any file that a handler depends on reloads it, and browsers are shown what is wrong. @default {false} */
  readonly watch: boolean;
  /**
   * Where it is kept for the next start what the handlers' imports lead to: an absolute path, or null for the user's own cache; null: nowhere.
   *
   * @default {{ directory: null }}
   */
  readonly codeCache: { readonly directory: string | null } | null;
  /** More files whose change reloads the handlers; absolute. @default {[]} */
  readonly reloadOn: readonly string[];
  /** Whether a handler that is to be confined does not start where the kernel cannot confine it. @default {false} */
  readonly requireConfinement: boolean;
  /** Whether what the handlers touch is recorded, and told at the end. @default {false} */
  readonly learn: boolean;
  /** The user that front and workers run as; null: as this process. */
  readonly runAs: RunAs | null;
  /** What the error logs of all its processes have. @default {"info"} */
  readonly logLevel: LogLevel;
  /** What is set in the workers' environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The workers' working directory, absolute; null: the gateway's own. */
  readonly chdir: string | null;
  /** The control socket's absolute path, or null. */
  readonly control: string | null;
  /** Where the state is told, or null. */
  readonly status: ListenAddress | null;
}
