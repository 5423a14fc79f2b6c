/**
 * The front: listeners, the engine's connections, and what each request is answered by. `stackd proxy` is one; the gateway's
 * `--http` is one with a single route to its worker.
 *
 * @module
 */
import type { ServerOptions } from "../config/group_options.ts";
import type { Limits, ListenAddress, TrustedProxies } from "../config/options.ts";
import { BufferPool } from "../http1/buffers.ts";
import { ClientConnection } from "../http1/connection.ts";
import { Deadlines } from "../http1/deadlines.ts";
import type { Field } from "../http1/answer.ts";
import { errorAnswer } from "../http1/error_answer.ts";
import type { Exchange } from "../http1/exchange.ts";
import { FIELD, mask } from "../http1/fields.ts";
import type { Wire } from "../http1/wire.ts";
import { respond } from "../http1/respond.ts";
import type { Service, Upgraded } from "../http1/service.ts";
import { compileTrust, type Trust } from "../http1/trust.ts";
import type { AccessLog } from "../observe/access_log.ts";
import type { FrontCounts } from "../process/front_process.ts";
import { logError } from "../observe/log.ts";
import { SeldomWarning } from "../observe/seldom.ts";
import { UpstreamConnection } from "../upstream/connection.ts";
import { Admission } from "./admission.ts";
import { failureOf } from "./failure.ts";
import { foreignProtocol } from "./foreign.ts";
import type { Front, FrontChanges, FrontOptions } from "./front_options.ts";
import { Pacer } from "./bandwidth.ts";
import { type Client, clientAt, clientBehind } from "./forwarded.ts";
import { type Host, Introductions } from "./introductions.ts";
import { listen, type Listener } from "./listener.ts";
import { logExchange } from "./log_exchange.ts";
import { normalizePath } from "./path.ts";
import { describe } from "./describe.ts";
import type { Opening } from "./opening.ts";
import type { Route } from "./route.ts";
import { RouteTable } from "./route_table.ts";
import { hostOf } from "./template.ts";
import { Underscores } from "./underscores.ts";

export type { Front, FrontChanges, FrontOptions };

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

class RunningFront implements Front, Service, Host {
  limits: Limits;
  readonly deadlines = new Deadlines();
  draining = false;
  traced: boolean;
  readonly upgraded = new Set<Upgraded>();
  readonly #options: FrontOptions;
  #accessLog: AccessLog;
  #trust: Trust | null;
  #routes: RouteTable;
  readonly #heads: BufferPool;
  readonly #connections = new Set<ClientConnection>();
  readonly #admission: Admission;
  readonly #introductions: Introductions;
  #listeners: Listener[] = [];
  #accepting: Promise<unknown> = Promise.resolve();
  #onEmpty: (() => void) | null = null;
  readonly #underscores = new Underscores();
  readonly #foreign = new SeldomWarning();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#accessLog = options.accessLog;
    this.traced = options.accessLog.takesRecords;
    this.#trust = trustOf(options.trustedProxies);
    this.#routes = new RouteTable(options.routes, options.limits.maxHeadSize, this.deadlines, null);
    this.#heads = new BufferPool(options.limits.maxHeadSize + 1, 64);
    this.#admission = new Admission(options.limits.maxConnections, options.limits.maxConnectionsPerClient);
    this.#introductions = new Introductions(this, this.#admission);
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
      this.#listeners.map((listener) => listener.accept((wire, peer) => this.#accept(wire, peer, listener))),
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
    this.traced = accessLog.takesRecords;
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

  counts(): FrontCounts {
    let inFlight = 0;
    for (const { exchange } of this.#connections) if (exchange !== null) inFlight++;
    return { connections: this.#connections.size, inFlight, queued: this.#routes.waiting };
  }

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  #accept(wire: Wire, peer: string | null, { address }: Listener): void {
    if (address.proxyProtocol || address.uwsgi !== undefined) this.#introductions.begin(wire, peer, address);
    else this.take(wire, peer, null, address);
  }

  take(wire: Wire, peer: string | null, opening: Opening | null, address: ListenAddress): void {
    if (!this.#admission.admit(peer)) return this.#admission.refuse(wire);
    const connection = new ClientConnection(wire, peer, this, this.#heads);
    connection.maxBody = address.maxBody ?? null;
    if (opening !== null) {
      connection.told = opening.told;
      if (opening.first.length > 0) connection.inbox.putBack(opening.first);
    }
    this.#connections.add(connection);
    connection.serve().then(() => {
      this.#connections.delete(connection);
      this.#admission.leave(peer);
      this.introduced();
    });
  }

  introduced(): void {
    if (this.#isEmpty) this.#onEmpty?.();
  }

  get #isEmpty(): boolean {
    return this.#connections.size === 0 && this.#introductions.size === 0;
  }

  handle(exchange: Exchange): Promise<void> {
    const { head, connection } = exchange;
    const client = this.#clientOf(exchange);
    exchange.clientAddress = client === null ? connection.peer : client.address;
    if (client?.requestId) exchange.adoptRequestId(client.requestId);
    const route = this.#route(exchange, client);
    if (route === undefined) return this.#answer(exchange, 400);
    if (route === null) return this.#answer(exchange, 404);
    if (head.fields.has(UNDERSCORE)) this.#underscores.settle(exchange, this.limits.allowUnderscores);
    exchange.body.limit(route.maxBody ?? connection.maxBody ?? this.limits.maxBody);
    connection.bodyTimeout = route.bodyTimeout;
    if (route.bandwidth > 0) connection.pacing = new Pacer(route.bandwidth);
    return route.run(exchange, client);
  }

  /** What others say of the client; null when the peer is the client, and speaks plain HTTP. */
  #clientOf(exchange: Exchange): Client | null {
    const { peer, told } = exchange.connection;
    if (this.#trust?.trusts(peer)) return clientBehind(exchange, this.#trust);
    return told === null || told.scheme === "http" ? null : clientAt(peer, told.scheme);
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
    if (!exchange.readable) this.#tellForeign(exchange);
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

  #tellForeign({ connection: { inbox, peer, told } }: Exchange): void {
    const protocol = told === null ? foreignProtocol(inbox.bytes, inbox.start, inbox.end) : null;
    if (protocol === null) return;
    this.#foreign.warn(`Refused a connection of ${peer ?? "a unix socket"}: ${protocol} was sent to an HTTP socket`);
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

  dismiss(stays: (authority: string) => boolean): void {
    for (const { authority, farewell } of this.upgraded) if (!stays(authority)) farewell();
  }

  async drain(timeout: number): Promise<void> {
    this.draining = true;
    this.dismiss(() => false);
    for (const listener of this.#listeners) listener.refuseNew();
    await wait(Math.min(ACCEPT_GRACE, timeout));
    for (const listener of this.#listeners) listener.close();
    await this.#accepting;
    // That there was no connection for a moment counts from now on only: until here there could be another one.
    const emptied = Promise.withResolvers<void>();
    this.#onEmpty = emptied.resolve;
    const idle = setTimeout(() => {
      for (const connection of this.#connections) if (connection.idle) connection.close();
      this.#introductions.closeIdle();
    }, Math.min(IDLE_GRACE, timeout));
    const late = setTimeout(emptied.resolve, timeout);
    if (!this.#isEmpty) await emptied.promise;
    clearTimeout(idle);
    clearTimeout(late);
    this.close();
  }

  close(): void {
    this.draining = true;
    for (const listener of this.#listeners) listener.close();
    this.#introductions.close();
    for (const connection of this.#connections) connection.close();
    this.#routes.close();
  }
}

function trustOf(trusted: TrustedProxies): Trust | null {
  return trusted.unix || trusted.networks.length > 0 ? compileTrust(trusted) : null;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
