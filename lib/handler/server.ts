/**
 * The worker's side of its sockets: `Deno.serve` on each, what is done around every request, and their end without loss.
 *
 * @module
 */
import type { TrustedProxies } from "../config/options.ts";
import { Deadlines } from "../http1/deadlines.ts";
import { compileTrust } from "../http1/trust.ts";
import type { AccessLog } from "../observe/access_log.ts";
import { logError } from "../observe/log.ts";
import { bindSocket, type FileIdentity, PRIVATE_MODE, type SocketFile } from "../process/unix_path.ts";
import { nameOf, type Respond, toResponse } from "./adapt.ts";
import type { Background } from "./background.ts";
import { isBrokenUpload } from "./broken_upload.ts";
import { asLast, dropHopByHop, END, endWithConnection } from "./connection_fields.ts";
import { DenoResponse } from "./deno_response.ts";
import { RequestInfo, type Site } from "./info.ts";
import { innerOf, scriptedStream } from "./inner_response.ts";
import { logRequest } from "./log_request.ts";
import { markTrusted } from "./request_view.ts";
import { SentStreams } from "./sent_streams.ts";
import { describeThrown } from "./stack.ts";
import { upgradeOf } from "./upgrades.ts";
import { within } from "../process/within.ts";

/** Longest time in a drain in which idle connections are still served, ms; where requests do not end, as over HTTP/2. */
const GRACE = 5_000;
/** A socket on which nothing arrived for so many turns of this length, ms, is quiet. */
const QUIET_TURNS = 10, TURN = 10;

/** Puts a socket where it is to be: `listen` is given the path to listen on, which need not be the one that it is to have. */
export type Bind = typeof bindSocket;

/** What a server needs of its worker. */
export interface ServerOptions {
  readonly workerId: number;
  /** The mount prefix; empty without one. */
  readonly prefix: string;
  readonly trustedProxies: TrustedProxies;
  readonly respond: Respond;
  readonly nextId: () => string;
  readonly background: Background;
  readonly accessLog: AccessLog;
  /** From a request on the public socket to its response's head, ms. Beyond: 504, and the handler's signal is aborted. */
  readonly requestTimeout: number;
  /**
   * Called when a socket has ended that was not drained, as Deno may end its server by itself.
   */
  readonly onLost?: () => void;
  /** @default {bindSocket} */
  readonly bind?: Bind;
}

/** What a server has done since it was started. */
export interface Counts {
  readonly requests: number;
  readonly inFlight: number;
  /** Time spent in all requests together, from dispatch to the response's head, ms. */
  readonly runningTime: number;
}

/** A running listener. */
interface Listener {
  readonly server: Deno.HttpServer<Deno.UnixAddr>;
  /** Requests that have come to it. */
  served: number;
}

/** The sockets of one worker. */
export class HandlerServer {
  readonly #options: ServerOptions;
  readonly #listeners: Listener[] = [];
  #draining = false;
  #inFlight = 0;
  #runningTime = 0;
  readonly #deadlines = new Deadlines();
  readonly #streams = new SentStreams();

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get counts(): Counts {
    const requests = this.#listeners.reduce((sum, { served }) => sum + served, 0);
    return { requests, inFlight: this.#inFlight, runningTime: this.#runningTime };
  }

  /** Serves our own front, which has logged and checked what it sends. Throws `STACKD_LISTEN`. */
  listenPrivate(path: string): void {
    const { networks } = this.#options.trustedProxies;
    this.#listen({ path, mode: PRIVATE_MODE, owner: null }, { unix: true, networks }, false);
  }

  /** Serves whoever may connect to the public socket. Throws `STACKD_LISTEN`. */
  listenPublic(file: SocketFile): FileIdentity {
    return this.#listen(file, this.#options.trustedProxies, true);
  }

  #listen(file: SocketFile, trusted: TrustedProxies, isPublic: boolean): FileIdentity {
    const { workerId, prefix, respond, nextId, background, accessLog, requestTimeout, bind = bindSocket } =
      this.#options;
    const log = isPublic && accessLog.enabled ? accessLog : null;
    const site: Site = {
      workerId,
      prefix,
      isPrivate: !isPublic,
      frontTimeout: isPublic ? null : requestTimeout,
      nextId,
      background,
      trust: trusted.unix ? compileTrust(trusted) : null,
    };
    const finish = (
      request: Request,
      info: RequestInfo,
      response: Response,
      begun: number,
      serve: Deno.ServeHandlerInfo,
    ) => {
      this.#inFlight--;
      this.#runningTime += performance.now() - begun;
      const inner = innerOf(response), isReset = inner?.status === 205 && isPublic && request.method !== "HEAD";
      if (inner !== null && inner.headerList.length > 0) dropHopByHop(response, inner);
      const own = isReset ? endWithConnection(response) : response;
      const sent = this.#draining ? asLast(own) : own;
      if (log !== null) logRequest(log, request, info, sent, begun);
      const stream = inner === null || inner.body === null ? null : scriptedStream(inner.body);
      if (stream !== null && inner !== null) this.#streams.add(stream, inner, request, info, serve);
      return sent;
    };
    const handler = (request: Request, serve: Deno.ServeHandlerInfo): Response | Promise<Response> => {
      const begun = performance.now();
      listener.served++;
      this.#inFlight++;
      if (site.trust !== null) markTrusted(request);
      const info = new RequestInfo(request, site, begun);
      const response = respond(request, info);
      if (response instanceof DenoResponse) return finish(request, info, response, begun, serve);
      const timely = isPublic ? this.#withDeadline(request, info, response) : response;
      return timely.then(
        (settled) => finish(request, info, settled, begun, serve),
        (thrown) => finish(request, info, this.#onError(thrown), begun, serve),
      );
    };
    const onError = (thrown: unknown) => this.#onError(thrown);
    const { server, identity } = bind(
      file,
      (path) => Deno.serve({ path, onListen: () => {}, onError }, handler),
    );
    const listener: Listener = { server, served: 0 };
    this.#listeners.push(listener);
    server.finished.finally(() => {
      if (!this.#draining) this.#options.onLost?.();
    });
    return identity;
  }

  /** The response, or a 504, or an upgrade's, when it takes too long: where a front is before us, it keeps the time. */
  #withDeadline(request: Request, info: RequestInfo, response: Promise<Response>): Promise<Response> {
    const { requestTimeout } = this.#options;
    return new Promise((resolve, reject) => {
      let expired = false;
      const entry = {
        deadline: this.#deadlines.after(requestTimeout),
        expire: () => {
          expired = true;
          this.#deadlines.delete(entry);
          info.expire();
          logError(`A request took longer than ${requestTimeout / 1_000} s: ${nameOf(request, info)}`);
          resolve(upgradeOf(request) ?? toResponse(504, null, info.requestId));
        },
      };
      this.#deadlines.add(entry);
      const settle = <Value>(how: (value: Value) => void) => (value: Value) => {
        this.#deadlines.delete(entry);
        how(value);
      };
      response.then(settle((answer) => expired ? discard(answer) : resolve(answer)), settle(reject));
    });
  }

  /** What Deno itself finds wrong: a Response that was used before, or a body that failed on its way. */
  #onError(thrown: unknown): Response {
    const id = this.#options.nextId();
    // Of a body, when the head has been sent: nobody gets this.
    if (thrown === END || isBrokenUpload(thrown)) return toResponse(500, null, id);
    const name = this.#streams.failed(thrown) ?? `a request that Deno does not name (request id ${id})`;
    logError(`A response could not be sent for ${name}: ${describeThrown(thrown)}`);
    return toResponse(500, null, id);
  }

  /**
   * Ends all listeners. Requests in flight are answered, for at most `timeout` ms; those that are left then end with the
   * process.
   *
   * Deno closes idle connections at once when it shuts down, and what their clients just wrote is lost. So every answer says
   * `Connection: close` from now on, and each socket is served until it is quiet. That nobody sends anything any more does not
   * mean that everything that was sent has been read, when a handler keeps the processor busy.
   *
   * @returns Whether all were answered.
   */
  async drain(timeout: number): Promise<boolean> {
    this.#draining = true;
    const deadline = performance.now() + timeout;
    const ended = this.#listeners.map(async (listener) => {
      await untilQuiet(listener, Math.min(GRACE, timeout));
      await listener.server.shutdown();
    });
    const down = Promise.all(ended).then(() => true);
    return await within(down, Math.max(0, deadline - performance.now())) ?? false;
  }
}

/** Ends the body of a response that comes too late: whoever gives it is to tidy up, as when a client leaves. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

/** Waits until nothing comes to a socket any more, for at most `longest` ms. */
async function untilQuiet(listener: Listener, longest: number): Promise<void> {
  const end = performance.now() + longest;
  // Many short turns, not one long one: in a turn that a busy handler fills nothing is read.
  for (let quiet = 0; quiet < QUIET_TURNS && performance.now() < end;) {
    const before = listener.served;
    await new Promise((resolve) => setTimeout(resolve, TURN));
    quiet = listener.served === before ? quiet + 1 : 0;
  }
}
