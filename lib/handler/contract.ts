/**
 * The handler contract: what a module exports to be served, and what it is given. Types only.
 *
 * @module
 */

/** Where a request came from. */
export interface RemoteAddress {
  /** `unix` when all that is known is a peer on a unix socket that is not trusted to name its client. */
  readonly transport: "tcp" | "unix";
  /** The client's IP address; `unix:`, as nginx writes it, when there is none. */
  readonly hostname: string;
  /** Only when it is known. */
  readonly port?: number;
}

/** What a handler is told about a request beyond the request itself. */
export interface Info {
  /** The client: as trusted proxies name it, else the peer. */
  readonly remoteAddr: RemoteAddress;
  /** Names this request in logs: a trusted `X-Request-Id`, or one that stackd made. */
  readonly requestId: string;
  /** The mount prefix that was taken off the path, percent-encoded as in URLs; empty without one. */
  readonly prefix: string;
  /** Which worker of its app this is, from 1. */
  readonly workerId: number;
  /** Aborted when the client leaves before the handler has answered. */
  readonly signal: AbortSignal;
  /** Work that goes on after the answer: a graceful stop waits for it. A rejection is logged. */
  waitUntil(promise: PromiseLike<unknown>): void;
}

/**
 * A request handler, as for `Deno.serve`, Bun or Hono.
 *
 * @example
 * ```ts ignore
 * const handler: Handler = (request, info) => new Response(`${info.requestId} ${new URL(request.url).pathname}\n`);
 * export default handler;
 * ```
 */
export type Handler = (request: Request, info: Info) => Response | Promise<Response>;

/** An object that handles requests; `fetch` is called as its method. */
export interface HandlerObject {
  /** Called for each request, as a method of its object. */
  fetch: Handler;
}

/** A piece of a WSGI application's body. */
export type Piece = string | Uint8Array;

/**
 * What a WSGI application returns. When it has a `close()`, that is called once, however the answer ends; a generator that is
 * not run to its end is ended with `return()`, so that its `finally` runs.
 */
export type Pieces = Iterable<Piece> | AsyncIterable<Piece>;

/**
 * Begins a WSGI application's answer (PEP 3333, "The start_response() Callable").
 *
 * @param status Code and reason, as `200 OK`.
 * @param headers Names and values, in order.
 * @param error Given to replace an answer that was begun and not yet sent; thrown when it is too late for that.
 * @returns Writes a piece of the body ahead of what the application returns, for old code.
 */
export type StartResponse = (
  status: string,
  headers: readonly (readonly [name: string, value: string])[],
  error?: unknown,
) => (piece: Piece) => void;

/** A WSGI application's log (PEP 3333, `wsgi.errors`): lines of stackd's own error log. */
export interface ErrorStream {
  /** Writes text; whole lines go to the log. */
  write(text: string): void;
  /** Writes several texts, one after another. */
  writelines(lines: Iterable<string>): void;
  /** Writes what is left of a line. */
  flush(): void;
}

/** The environment of a WSGI request: PEP 3333's names, and `HTTP_` ones for the request's fields. */
export interface Environ {
  /** As the request has it: `GET`. */
  readonly REQUEST_METHOD: string;
  /** The mount prefix that was taken off the path, with its percent-encoding taken off; empty without one. */
  readonly SCRIPT_NAME: string;
  /** The path with its percent-encoding taken off, as UTF-8; what is none becomes U+FFFD. */
  readonly PATH_INFO: string;
  /** What follows the question mark, encoded as it came; empty without one. */
  readonly QUERY_STRING: string;
  /** The field of that name; empty without one. */
  readonly CONTENT_TYPE: string;
  /** The body's length, bytes; empty when it is not known beforehand. */
  readonly CONTENT_LENGTH: string;
  /** The host that the client asked for. */
  readonly SERVER_NAME: string;
  /** The port that the client asked for. */
  readonly SERVER_PORT: string;
  /** `HTTP/1.1`. */
  readonly SERVER_PROTOCOL: string;
  /** The client's IP address; `unix:` when there is none. */
  readonly REMOTE_ADDR: string;
  /** The version of WSGI that this is. */
  readonly "wsgi.version": readonly [1, 0];
  /** The scheme that the client used. */
  readonly "wsgi.url_scheme": "http" | "https";
  /** The request's body. */
  readonly "wsgi.input": ReadableStream<Uint8Array>;
  /** Where an application says what goes wrong. */
  readonly "wsgi.errors": ErrorStream;
  /** The application is not called on several threads at once. */
  readonly "wsgi.multithread": false;
  /** Another process may run the application at the same time: another worker, or in a reload the next one. */
  readonly "wsgi.multiprocess": true;
  /** The application is called more than once. */
  readonly "wsgi.run_once": false;
  /** What a {@linkcode Handler} gets as its second argument. */
  readonly "stackd.info": Info;
  /** The request's fields: `User-Agent` is `HTTP_USER_AGENT`. */
  readonly [name: `HTTP_${string}`]: string;
}

/**
 * A WSGI application in TypeScript. It may also return its whole body as one string, and a promise of its body.
 *
 * @example
 * ```ts ignore
 * export const application: Application = (environ, startResponse) => {
 *   startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *   return [`Hello from ${environ.PATH_INFO}\n`];
 * };
 * ```
 */
export type Application = (
  environ: Environ,
  startResponse: StartResponse,
) => Piece | Pieces | Promise<Piece | Pieces>;

/** What `onStart` and `onStop` are told. */
export interface LifecycleInfo {
  /** Which worker this is, from 1. */
  readonly workerId: number;
  /** The handler module's absolute path. */
  readonly module: string;
}

/** A hook around a worker's serving. */
export type LifecycleHook = (info: LifecycleInfo) => void | Promise<void>;

/** Whether the handler can serve; false, or a throw, is a no. Anything else is a yes. */
export type HealthHook = (info: LifecycleInfo) => unknown;

/**
 * What a handler module may export. The first of `default`, `handler`, `fetch` and `application` that it exports is served,
 * unless the command line names an export.
 */
export interface HandlerModule {
  /** The form that `deno serve`, Bun and Hono know as well. */
  default?: Handler | HandlerObject;
  /** Served when there is no default export. */
  handler?: Handler | HandlerObject;
  /** Served when there is neither. */
  fetch?: Handler;
  /** Served as WSGI: the name alone decides that. */
  application?: Application;
  /** Runs before the first request; a throw ends the start. */
  onStart?: LifecycleHook;
  /** Asked after `onStart`, before any request: false, or a throw, keeps this worker, and a reload, from serving. */
  health?: HealthHook;
  /** Runs after the last request. */
  onStop?: LifecycleHook;
}
