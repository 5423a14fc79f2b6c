/**
 * The worker's side of its sockets: `Deno.serve` on each, what is done around every request, and their end without loss.
 *
 * @module
 */
import type { TrustedProxies } from "../config/options.ts";
import { compileTrust } from "../http1/trust.ts";
import type { AccessLog } from "../observe/access_log.ts";
import { logError } from "../observe/log.ts";
import { bindSocket, type FileIdentity, type SocketFile } from "../process/unix_path.ts";
import { type Respond, toResponse } from "./adapt.ts";
import type { Background } from "./background.ts";
import { RequestInfo, type Site } from "./info.ts";
import { logRequest } from "./log_request.ts";
import { markTrusted } from "./request_view.ts";
import { describeThrown } from "./stack.ts";
import { within } from "./within.ts";

/** Mode of a private socket. */
const PRIVATE_MODE = 0o600;
/** Longest time in a drain in which idle connections are still served, ms. */
const GRACE = 200;
/** A socket on which nothing arrived for this long, ms, is quiet. */
const QUIET = 60;

/** What a server needs of its worker. */
export interface ServerOptions {
  readonly workerId: number;
  readonly trustedProxies: TrustedProxies;
  readonly respond: Respond;
  readonly nextId: () => string;
  readonly background: Background;
  readonly accessLog: AccessLog;
}

/** A running listener. */
interface Listener {
  readonly server: Deno.HttpServer<Deno.UnixAddr>;
  /** Whether peers that are not ours connect to it. */
  readonly isPublic: boolean;
}

/** The sockets of one worker. */
export class HandlerServer {
  readonly #options: ServerOptions;
  readonly #listeners: Listener[] = [];
  #draining = false;
  #served = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
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
    const { workerId, respond, nextId, background, accessLog } = this.#options;
    const log = isPublic && accessLog.enabled ? accessLog : null;
    const site: Site = { workerId, nextId, background, trust: trusted.unix ? compileTrust(trusted) : null };
    const finish = (request: Request, info: RequestInfo, response: Response) => {
      const sent = this.#draining ? asLast(response) : response;
      if (log !== null) logRequest(log, request, info, sent);
      return sent;
    };
    const handler = (request: Request): Response | Promise<Response> => {
      this.#served++;
      if (site.trust !== null) markTrusted(request);
      const info = new RequestInfo(request, site);
      const response = respond(request, info);
      if (response instanceof Response) return finish(request, info, response);
      return response.then((settled) => finish(request, info, settled));
    };
    const onError = (thrown: unknown) => this.#onError(thrown);
    const { server, identity } = bindSocket(
      file,
      (path) => Deno.serve({ path, onListen: () => {}, onError }, handler),
    );
    this.#listeners.push({ server, isPublic });
    return identity;
  }

  /** What Deno itself finds wrong: a Response that was used before, or a body that failed on its way. */
  #onError(thrown: unknown): Response {
    // Deno does not say which request it was.
    logError(`A response could not be sent: ${describeThrown(thrown)}`);
    return toResponse(500, null, this.#options.nextId());
  }

  /**
   * Ends all listeners. Requests in flight are answered, for at most `timeout` ms; those that are left then end with the
   * process.
   *
   * Deno closes idle connections at once when it shuts down, and what their clients just wrote is lost. So every answer says
   * `Connection: close` from now on, and a public socket is served until it is quiet, but not for long: clients that keep
   * connections open leave by themselves then.
   *
   * @returns Whether all were answered.
   */
  async drain(timeout: number): Promise<boolean> {
    this.#draining = true;
    const deadline = performance.now() + timeout;
    if (this.#listeners.some(({ isPublic }) => isPublic)) await this.#untilQuiet(Math.min(GRACE, timeout));
    const down = Promise.all(this.#listeners.map(({ server }) => server.shutdown())).then(() => true);
    return await within(down, Math.max(0, deadline - performance.now())) ?? false;
  }

  async #untilQuiet(longest: number): Promise<void> {
    for (let waited = 0; waited < longest; waited += QUIET) {
      const before = this.#served;
      await new Promise((resolve) => setTimeout(resolve, Math.min(QUIET, longest - waited)));
      if (this.#served === before) return;
    }
  }
}

/** The response as the last one on its connection. */
function asLast(response: Response): Response {
  if (response.status === 101) return response;
  try {
    response.headers.set("connection", "close");
    return response;
  } catch {
    // A redirect's fields, and those of a fetched response, cannot be changed.
    const headers = new Headers(response.headers);
    headers.set("connection", "close");
    const { body, status, statusText } = response;
    return new Response(body, { status, statusText, headers });
  }
}
