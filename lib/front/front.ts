/**
 * The front: listeners, the engine's connections, and what each request is answered by. `stackd proxy` is one; the gateway's
 * `--http` is one with a single route to its worker.
 *
 * @module
 */
import type { Limits, ListenAddress, TrustedProxies } from "../config/options.ts";
import type { RouteOptions } from "../config/route_options.ts";
import { BufferPool } from "../http1/buffers.ts";
import { ClientConnection, type Service } from "../http1/connection.ts";
import { Deadlines } from "../http1/deadlines.ts";
import { errorAnswer } from "../http1/error_answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, mask } from "../http1/fields.ts";
import { unmapped } from "../http1/libc.ts";
import { respond } from "../http1/respond.ts";
import { compileTrust, type Trust } from "../http1/trust.ts";
import type { AccessLog } from "../observe/access_log.ts";
import { logError, logWarn } from "../observe/log.ts";
import { type Action, compileRoutes } from "./actions.ts";
import { Admission } from "./admission.ts";
import { failureOf } from "./failure.ts";
import { type Client, clientBehind } from "./forwarded.ts";
import { listen, type Listener } from "./listener.ts";
import { logExchange } from "./log_exchange.ts";
import { normalizePath } from "./path.ts";
import type { Router } from "./router.ts";

/** What a front is started with. */
export interface FrontOptions {
  readonly listen: readonly ListenAddress[];
  readonly routes: readonly RouteOptions[];
  readonly limits: Limits;
  readonly trustedProxies: TrustedProxies;
  readonly accessLog: AccessLog;
}

/** A running front. */
export interface Front {
  /** Where it listens, with real ports. */
  readonly addresses: readonly ListenAddress[];
  /**
   * Stops accepting and lets the requests in flight end, for at most `timeout` ms; then closes what is left. Connections
   * that are idle get a moment in which a request that is already on its way is still answered.
   */
  drain(timeout: number): Promise<void>;
  /** Closes everything now. */
  close(): void;
}

/** How long idle connections are kept in a drain, ms: a request that was sent before its client saw the end is answered. */
const IDLE_GRACE = 250;
/** How long a listener still accepts in a drain, ms: handshakes that had begun are ended, what is queued is taken. */
const ACCEPT_GRACE = 100;
const UNDERSCORE = mask(FIELD.UNDERSCORE);

/** Starts a front. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN`; then nothing is left open. */
export function startFront(options: FrontOptions): Front {
  const front = new RunningFront(options);
  front.start();
  return front;
}

class RunningFront implements Front, Service {
  readonly limits: Limits;
  readonly deadlines = new Deadlines();
  draining = false;
  readonly #options: FrontOptions;
  readonly #trust: Trust | null;
  readonly #router: Router<Action>;
  readonly #closeRoutes: () => void;
  readonly #heads: BufferPool;
  readonly #connections = new Set<ClientConnection>();
  readonly #admission: Admission;
  #listeners: Listener[] = [];
  #accepting: Promise<unknown> = Promise.resolve();
  #onEmpty: (() => void) | null = null;
  #warnedOfUnderscore = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.limits = options.limits;
    const { trustedProxies } = options;
    this.#trust = trustedProxies.unix || trustedProxies.networks.length > 0 ? compileTrust(trustedProxies) : null;
    const { router, close } = compileRoutes(
      options.routes,
      options.limits.maxHeadSize,
      this.deadlines,
    );
    this.#router = router;
    this.#closeRoutes = close;
    this.#heads = new BufferPool(options.limits.maxHeadSize + 1, 64);
    this.#admission = new Admission(options.limits.maxConnections, options.limits.maxConnectionsPerClient);
  }

  start(): void {
    try {
      for (const address of this.#options.listen) this.#listeners.push(listen(address));
    } catch (thrown) {
      this.close();
      throw thrown;
    }
    this.#accepting = Promise.all(this.#listeners.map((listener) => listener.accept((conn) => this.#take(conn))));
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  #take(conn: Deno.Conn): void {
    const { remoteAddr } = conn;
    let peer: string | null = null;
    if (remoteAddr.transport === "tcp") {
      (conn as Deno.TcpConn).setNoDelay(true);
      // An IPv4 client of a listener for both is shown, logged and forwarded as what it is.
      peer = unmapped(remoteAddr.hostname);
    }
    if (!this.#admission.admit(peer)) return this.#admission.refuse(conn);
    const connection = new ClientConnection(conn, peer, this, this.#heads);
    this.#connections.add(connection);
    connection.serve().then(() => {
      this.#connections.delete(connection);
      this.#admission.leave(peer);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
  }

  handle(exchange: Exchange): Promise<void> {
    const { head, connection } = exchange;
    const client = this.#trust?.trusts(connection.peer) ? clientBehind(exchange, this.#trust) : null;
    this.#settle(exchange, client);
    const action = this.#route(exchange);
    if (action === undefined) return this.#answer(exchange, 400);
    if (action === null) return this.#answer(exchange, 404);
    if (head.fields.has(UNDERSCORE)) this.#warnOfUnderscore(exchange);
    exchange.body.limit(this.limits.maxBody);
    return action.run(exchange, client);
  }

  #settle(exchange: Exchange, client: Client | null): void {
    exchange.clientAddress = client === null ? exchange.connection.peer : client.address;
    if (client?.requestId) exchange.adoptRequestId(client.requestId);
  }

  /** The action for a request's path; null when there is none, undefined when the path itself is wrong. */
  #route(exchange: Exchange): Action | null | undefined {
    const { head, bytes } = exchange;
    if (!head.irregularPath) return this.#router.match(bytes, head.targetStart, head.pathEnd);
    const target = head.target(bytes);
    if (target === "*") return this.#router.matchPath("/");
    const path = normalizePath(target.split("?", 1)[0]);
    if (path === null) return undefined;
    exchange.normalPath = path;
    return this.#router.matchPath(path);
  }

  async fail(exchange: Exchange, thrown: unknown): Promise<void> {
    const { status, log, extra } = failureOf(thrown);
    if (log !== null) logError(`${describe(exchange)}: ${log}`);
    if (exchange.started) {
      // Half an answer cannot be taken back: only closing tells the client that it is not whole.
      exchange.closeAfter();
      exchange.connection.close();
      return;
    }
    try {
      await this.#answer(exchange, status, extra);
    } catch {
      exchange.abandon(499);
    }
  }

  #answer(exchange: Exchange, status: number, extra: readonly (readonly [string, string])[] = []): Promise<void> {
    const accept = exchange.readable ? exchange.field("accept") : null;
    return respond(exchange, errorAnswer(status, { accept, requestId: exchange.requestId, extra }));
  }

  finished(exchange: Exchange): void {
    const { accessLog } = this.#options;
    if (accessLog.enabled) logExchange(accessLog, exchange);
  }

  #warnOfUnderscore(exchange: Exchange): void {
    if (this.#warnedOfUnderscore) return;
    this.#warnedOfUnderscore = true;
    const name = exchange.head.fields.name(exchange.bytes, FIELD.UNDERSCORE);
    logWarn(`Dropped the field "${name}" of a request: names with "_" can be mistaken for others; said once`);
  }

  async drain(timeout: number): Promise<void> {
    this.draining = true;
    const emptied = Promise.withResolvers<void>();
    this.#onEmpty = emptied.resolve;
    for (const listener of this.#listeners) listener.refuseNew();
    await wait(Math.min(ACCEPT_GRACE, timeout));
    for (const listener of this.#listeners) listener.close();
    await this.#accepting;
    const idle = setTimeout(() => {
      for (const connection of this.#connections) if (connection.idle) connection.close();
    }, Math.min(IDLE_GRACE, timeout));
    const late = setTimeout(emptied.resolve, timeout);
    if (this.#connections.size > 0) await emptied.promise;
    clearTimeout(idle);
    clearTimeout(late);
    this.close();
  }

  close(): void {
    this.draining = true;
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#connections) connection.close();
    this.#closeRoutes();
  }
}

function describe(exchange: Exchange): string {
  if (!exchange.readable) return "a request";
  const { head, bytes } = exchange;
  return `${exchange.method} ${JSON.stringify(head.target(bytes))} (request id ${exchange.requestId})`;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
