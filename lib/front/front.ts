/**
 * The front: listeners, the engine's connections, and what each request is answered by. `stackd proxy` is one; the gateway's
 * `--http` is one with a single route to its worker.
 *
 * @module
 */
import type { ServerOptions } from "../config/group_options.ts";
import type { Limits, ListenAddress, TrustedProxies } from "../config/options.ts";
import type { RouteOptions } from "../config/route_options.ts";
import { BufferPool } from "../http1/buffers.ts";
import { ClientConnection, type Service } from "../http1/connection.ts";
import { Deadlines } from "../http1/deadlines.ts";
import type { Field } from "../http1/answer.ts";
import { errorAnswer } from "../http1/error_answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, mask } from "../http1/fields.ts";
import { unmapped } from "../http1/libc.ts";
import { respond } from "../http1/respond.ts";
import { messageOf } from "../errors.ts";
import { compileTrust, type Trust } from "../http1/trust.ts";
import type { AccessLog } from "../observe/access_log.ts";
import { logError, logWarn } from "../observe/log.ts";
import { UpstreamConnection } from "../upstream/connection.ts";
import { Admission } from "./admission.ts";
import { failureOf } from "./failure.ts";
import { Pacer } from "./bandwidth.ts";
import { type Client, clientBehind } from "./forwarded.ts";
import { listen, type Listener } from "./listener.ts";
import { logExchange } from "./log_exchange.ts";
import { normalizePath } from "./path.ts";
import { describe } from "./describe.ts";
import { readProxyHeader } from "./proxy_header.ts";
import type { Route } from "./route.ts";
import { RouteTable } from "./route_table.ts";
import { hostOf } from "./template.ts";

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
  limits: Limits;
  readonly deadlines = new Deadlines();
  draining = false;
  readonly #options: FrontOptions;
  #accessLog: AccessLog;
  #trust: Trust | null;
  #routes: RouteTable;
  readonly #heads: BufferPool;
  readonly #connections = new Set<ClientConnection>();
  /** Connections whose PROXY header has not come yet. */
  readonly #introducing = new Set<Deno.Conn>();
  #closed = false;
  readonly #admission: Admission;
  #listeners: Listener[] = [];
  #accepting: Promise<unknown> = Promise.resolve();
  #onEmpty: (() => void) | null = null;
  #warnedOfUnderscore = false;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#accessLog = options.accessLog;
    this.#trust = trustOf(options.trustedProxies);
    this.#routes = new RouteTable(options.routes, options.limits.maxHeadSize, this.deadlines, null);
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
    this.#routes.start();
    this.#accepting = Promise.all(
      this.#listeners.map((listener) => listener.accept((conn) => this.#accept(conn, listener))),
    );
  }

  apply({ routes, limits, trustedProxies, accessLog }: FrontChanges): void {
    // Connections that are open have buffers for heads of the size that they began with.
    const { maxHeadSize, maxRequestLine, maxFields } = this.limits;
    const trust = trustOf(trustedProxies), previous = this.#routes;
    const next = new RouteTable(routes, maxHeadSize, this.deadlines, previous);
    this.limits = { ...limits, maxHeadSize, maxRequestLine, maxFields };
    this.#trust = trust;
    this.#accessLog = accessLog;
    this.#admission.configure(limits.maxConnections, limits.maxConnectionsPerClient);
    this.#routes = next;
    next.start();
    previous.close(next);
  }

  setServers(group: string, servers: readonly ServerOptions[]): void {
    this.#routes.setServers(group, servers);
  }

  inside(authority: string): string[] {
    const found: string[] = [];
    for (const { workingFor, exchange } of this.#connections) {
      if (exchange === null || !(workingFor instanceof UpstreamConnection) || workingFor.authority !== authority) {
        continue;
      }
      found.push(`${describe(exchange)}, for ${((performance.now() - exchange.begun) / 1_000).toFixed(1)} s`);
    }
    return found;
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  #accept(conn: Deno.Conn, { address }: Listener): void {
    const { remoteAddr } = conn;
    let peer: string | null = null;
    if (remoteAddr.transport === "tcp") {
      (conn as Deno.TcpConn).setNoDelay(true);
      // An IPv4 client of a listener for both is shown, logged and forwarded as what it is.
      peer = unmapped(remoteAddr.hostname);
    }
    if (address.proxyProtocol) this.#introduce(conn, peer, address);
    else this.#take(conn, peer, null, address);
  }

  /** Takes a connection when its header has said whose it is. */
  async #introduce(conn: Deno.Conn, peer: string | null, address: ListenAddress): Promise<void> {
    // Until then it counts as nobody's.
    if (!this.#admission.admit(null)) return this.#admission.refuse(conn);
    this.#introducing.add(conn);
    try {
      const opening = await readProxyHeader(conn, this.limits.headerTimeout);
      this.#admission.leave(null);
      if (opening === null || this.#closed) return closeQuietly(conn);
      this.#take(conn, opening.header.source?.address ?? peer, opening.rest, address);
    } catch (thrown) {
      this.#admission.leave(null);
      logWarn(`Closed a connection of ${peer ?? "unix:"}: ${messageOf(thrown)}`);
      closeQuietly(conn);
    } finally {
      this.#introducing.delete(conn);
    }
  }

  /** `first`: what the client has sent already, if anything. */
  #take(conn: Deno.Conn, peer: string | null, first: Uint8Array | null, address: ListenAddress): void {
    if (!this.#admission.admit(peer)) return this.#admission.refuse(conn);
    const connection = new ClientConnection(conn, peer, this, this.#heads);
    connection.maxBody = address.maxBody ?? null;
    if (first !== null && first.length > 0) connection.inbox.putBack(first);
    this.#connections.add(connection);
    connection.serve().then(() => {
      this.#connections.delete(connection);
      this.#admission.leave(peer);
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
  }

  handle(exchange: Exchange): Promise<void> {
    const { head, connection } = exchange;
    const client = this.#clientOf(exchange);
    exchange.clientAddress = client === null ? connection.peer : client.address;
    if (client?.requestId) exchange.adoptRequestId(client.requestId);
    const route = this.#route(exchange, client);
    if (route === undefined) return this.#answer(exchange, 400);
    if (route === null) return this.#answer(exchange, 404);
    if (head.fields.has(UNDERSCORE)) this.#warnOfUnderscore(exchange);
    exchange.body.limit(route.maxBody ?? connection.maxBody ?? this.limits.maxBody);
    connection.bodyTimeout = route.bodyTimeout;
    if (route.bandwidth > 0) connection.pacing = new Pacer(route.bandwidth);
    return route.run(exchange, client);
  }

  /** What a trusted proxy says of the client; null when the peer is the client. */
  #clientOf(exchange: Exchange): Client | null {
    return this.#trust?.trusts(exchange.connection.peer) ? clientBehind(exchange, this.#trust) : null;
  }

  /** The route of a request; null when there is none, undefined when its path itself is wrong. */
  #route(exchange: Exchange, client: Client | null): Route | null | undefined {
    const { head, bytes } = exchange, { router } = this.#routes;
    if (!head.irregularPath && !router.named) return router.match(bytes, head.targetStart, head.pathEnd);
    const target = head.target(bytes);
    let path = target.split("?", 1)[0];
    if (target === "*") path = "/";
    else if (head.irregularPath) {
      const normal = normalizePath(path);
      if (normal === null) return undefined;
      exchange.normalPath = path = normal;
    }
    return router.matchHost(hostOf(exchange, client), path);
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
      const route = exchange.readable ? this.#route(exchange, this.#clientOf(exchange)) ?? null : null;
      await this.#answer(exchange, status, extra, route);
    } catch {
      exchange.abandon(499);
    }
  }

  #answer(
    exchange: Exchange,
    status: number,
    extra: readonly Field[] = [],
    route: Route | null = null,
  ): Promise<void> {
    const accept = exchange.readable ? exchange.field("accept") : null;
    const answer = errorAnswer(status, { accept, requestId: exchange.requestId, extra });
    if (route === null) return respond(exchange, answer);
    return route.answer(exchange, this.#clientOf(exchange), route.withErrorPage(answer));
  }

  finished(exchange: Exchange): void {
    if (this.#accessLog.enabled) logExchange(this.#accessLog, exchange);
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
    this.draining = this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#introducing) closeQuietly(conn);
    for (const connection of this.#connections) connection.close();
    this.#routes.close();
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch { /* closed already */ }
}

function trustOf(trusted: TrustedProxies): Trust | null {
  return trusted.unix || trusted.networks.length > 0 ? compileTrust(trusted) : null;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
