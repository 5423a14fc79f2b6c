/**
 * What a program says when it embeds a proxy or a gateway: the options of the command line under their names in camelCase, with
 * times in milliseconds. Types only.
 *
 * @module
 */

/** A size in bytes, or as the command line writes it: `"512k"`, `"20m"`, `"1g"`. */
export type Size = number | string;

/** What a handler may touch of one kind: all of it, or what is named. */
export type Permission = true | readonly string[];

/** What holds for clients of both halves. All times are in milliseconds. */
export interface ServerOptions {
  /** Largest body of a request; 0 = unlimited. Beyond: 413. @default {1048576} */
  maxBody?: Size;
  /** Largest request line and fields together, from 1k to 1m. Beyond: 431. @default {16384} */
  maxHeaderSize?: Size;
  /** For receiving a request's complete head, ms. Beyond: 408. @default {10000} */
  headerTimeout?: number;
  /** Between two reads of a request's body, ms. Beyond: 408. @default {30000} */
  bodyTimeout?: number;
  /** Without progress while writing to a client, ms. Then it is disconnected. @default {60000} */
  writeTimeout?: number;
  /** Between two requests on a connection, ms. @default {75000} */
  keepaliveTimeout?: number;
  /** Requests on one connection before it is closed. @default {1000} */
  keepaliveRequests?: number;
  /** Open client connections. Beyond: 503. @default {4096} */
  maxConnections?: number;
  /** Open connections of one client address; 0 = unlimited. Beyond: 503. @default {0} */
  maxConnectionsPerClient?: number;
  /** Requests that may wait while every server, or worker, has as many as it is given at once. Beyond: 503. @default {1024} */
  queue?: number;
  /** How long they may, ms. Beyond: 503. @default {5000} */
  queueTimeout?: number;
  /** How long a graceful stop waits for requests in flight, ms. @default {30000} */
  gracefulTimeout?: number;
  /** Connections that the kernel queues on each listener. @default {4096} */
  listenBacklog?: number;
  /**
   * Peers whose X-Forwarded-*, X-Real-IP and X-Request-Id fields are believed: addresses, networks as `10.0.0.0/8`, and `unix`
   * for peers on unix sockets. @default {[]}
   */
  trustedProxies?: readonly string[];
  /** Where a line per request goes: a file, `-` for standard output, or `off`. @default {"off"} */
  accessLog?: string;
  /** How that line looks: `combined`, `json`, or a line with nginx's variables. @default {"combined"} */
  logFormat?: string;
  /**
   * What the error log on standard error has: failures alone, also what to look at, also what happens as intended. In this process
   * it holds for all that is embedded. @default {"info"}
   */
  logLevel?: "error" | "warn" | "info";
  /**
   * Whether fields with `_` in their names are passed on, but for those that would be forwarding fields with `-`; else they are
   * dropped. @default {false}
   */
  allowUnderscoreHeaders?: boolean;
}

/** Options of `createProxy()`. A route is needed: in `upstream`, in `static`, or in the file `config`. */
export interface ProxyOptions extends ServerOptions {
  /** Where to accept connections: `8080`, `127.0.0.1:8080`, `[::1]:0`, `unix:/run/web.sock`. Port 0 is any free one. */
  listen?: string | readonly string[];
  /**
   * Servers by prefix; the longest prefix of all routes wins, and the path goes on unchanged. A server is `unix:/run/app.sock`,
   * `http://10.0.0.2:8000`, or with the uwsgi protocol `uwsgi:unix:/run/app.sock`; several take turns.
   *
   * @example `{ "/": "unix:app.sock", "/api": ["http://10.0.0.2:80", "http://10.0.0.3:80"] }`
   */
  upstream?: Readonly<Record<string, string | readonly string[]>>;
  /** Directories of files by prefix, which is taken off. @example `{ "/static": "./public" }` */
  static?: Readonly<Record<string, string>>;
  /** A stackd.toml; what stands here wins over it. Relative paths in it begin at its directory. */
  config?: string;
  /** For connecting to a server, ms. Beyond: 504. @default {5000} */
  upstreamConnectTimeout?: number;
  /** Between two reads of a server's response, ms. Beyond: 504. @default {60000} */
  upstreamTimeout?: number;
}

/** Options of `serveGateway()`. A `module`, or a `mount`, is needed, and an address in `socket` or `http`. */
export interface GatewayOptions extends ServerOptions {
  /** The handler module, `PATH[:EXPORT]`, or a directory with a package. */
  module?: string;
  /** Other modules by prefix, each with workers of its own; they get paths without the prefix. @example `{ "/api": "api.ts" }` */
  mount?: Readonly<Record<string, string>>;
  /** Directories of files by prefix, which is taken off; no worker sees these requests. */
  staticMap?: Readonly<Record<string, string>>;
  /** A stackd.toml with [gateway]; what stands here wins over it. Relative paths in it begin at its directory. */
  config?: string;
  /** HTTP on a unix socket, for a proxy on the same machine. */
  socket?: string;
  /** Permission bits of the socket. @default {0o660} */
  chmodSocket?: number;
  /** Owner of the socket, `USER[:GROUP]`, by name or number. */
  chownSocket?: string;
  /** HTTP on TCP, `[HOST:]PORT`, safe to expose. Port 0 is any free one. */
  http?: string | readonly string[];
  /** The uwsgi protocol, for nginx's `uwsgi_pass`, on a unix socket, whose path has a slash in it, or on `[HOST:]PORT`. */
  uwsgiSocket?: string | readonly string[];
  /** Networks that may speak it over TCP. @default {["127.0.0.0/8", "::1"]} */
  uwsgiAllowFrom?: readonly string[];
  /** Worker processes of each module; `"auto"` is one for each CPU. @default {1} */
  workers?: number | "auto";
  /** Whether a front stands before the worker of `socket`, too; several workers, and `http`, always have one. @default {false} */
  front?: boolean;
  /** Requests in flight that a front gives one worker at once. @default {256} */
  workerRequests?: number;
  /** From a request's dispatch to its response's head, ms. Beyond: 504, and the handler's signal is aborted. @default {60000} */
  requestTimeout?: number;
  /** A worker whose event loop does not answer for so long, ms, is replaced. @default {2000} */
  pingTimeout?: number;
  /** For loading a module and running its `onStart`, ms. @default {30000} */
  bootTimeout?: number;
  /** A worker is replaced after about so many requests. @default never */
  maxRequests?: number;
  /** A worker that holds so much memory, MiB, is replaced. @default never */
  maxRss?: number;
  /** A worker is replaced after about so long, ms. @default never */
  maxLifetime?: number;
  /** Whether a change of the module reloads it. @default {false} */
  watch?: boolean;
  /** Where it is noted for the next start where the module's imports lead; "off" for nowhere. @default the user's cache directory */
  codeCache?: string;
  /** Files that reload the module when they are touched or written. @default {[]} */
  touchReload?: readonly string[];
  /**
   * Files and directories that the handler may read, beside its own directory and what it imports. With this, or any other of the
   * `allow` options, the handler may touch nothing but what they name; without, everything.
   */
  allowRead?: Permission;
  /** Files and directories that the handler may write. */
  allowWrite?: Permission;
  /** Hosts, `HOST[:PORT]`, that the handler may connect to and listen on; `unix:PATH` for a unix socket. */
  allowNet?: Permission;
  /** Variables of this process's environment that the handler sees; `NAME*` for all that begin so. Those of `env` it sees. */
  allowEnv?: Permission;
  /** Programs that the handler may start, which are confined as it is. */
  allowRun?: Permission;
  /** What the handler may ask the system for, as `hostname`. */
  allowSys?: Permission;
  /** Libraries that the handler may load. */
  allowFfi?: Permission;
  /** Whether nothing is started where the kernel has no Landlock to confine the handler with. @default {false} */
  requireConfinement?: boolean;
  /** What is set in the workers' environment beside this process's own. */
  env?: Readonly<Record<string, string>>;
  /** Files that set variables, a line each; `env` wins over them, and a later file over an earlier one. @default {[]} */
  envFile?: readonly string[];
  /** The workers' working directory. @default this process's own */
  chdir?: string;
}
