/**
 * A group of servers that can answer for each other: chooses one for each request, waits when all are busy, and learns from
 * what becomes of it.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { GroupOptions, ServerOptions } from "../config/group_options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { isFull, type Policy } from "./candidate.ts";
import { UpstreamError } from "./error.ts";
import { HealthChecks } from "./health_checks.ts";
import { type LookUp, NameWatch } from "./names.ts";
import { makePolicy } from "./policies.ts";
import { UpstreamServer } from "./server.ts";
import { WaitQueue } from "./wait_queue.ts";

/** What choosing a server depends on. */
export interface ServerRequest {
  /** For the policy "hash". */
  readonly key: string;
  /** The `publicId` of the server that a cookie names; null for none. */
  readonly sticky: string | null;
}

/** Whoever a server is taken for. What is closed when it leaves is put here while it waits. */
export interface Taker {
  workingFor: { close(): void } | null;
}

/** Servers that are chosen from together. */
interface Tier {
  readonly servers: UpstreamServer[];
  readonly policy: Policy;
}

const { random } = Math;

/** A running group. */
export class UpstreamGroup {
  readonly options: GroupOptions;
  readonly #deadlines: Deadlines;
  readonly #queue: WaitQueue;
  readonly #names: NameWatch;
  readonly #checks: HealthChecks | null;
  /** Servers of an earlier configuration, until it is replaced. */
  #previous: readonly UpstreamServer[];
  #main: Tier;
  #backup: Tier;
  /** The one server of a group that never has to choose. */
  #only: UpstreamServer | null = null;
  /** How many servers there are. */
  #size = 0;
  /** Requests that wait in the queue, or have just been told that it is their turn. */
  #waiting = 0;
  #closed = false;

  /**
   * `previous`: servers of an earlier configuration; what is known of those that stay is kept. Nothing of them changes before
   * {@linkcode start}, and until then the group has no servers. `lookUp`: how names are looked up, for tests.
   */
  constructor(
    options: GroupOptions,
    deadlines: Deadlines,
    previous: readonly UpstreamServer[] = [],
    lookUp?: LookUp,
  ) {
    this.options = options;
    this.#deadlines = deadlines;
    this.#queue = new WaitQueue(options.queue, options.queueTimeout);
    this.#previous = previous;
    this.#main = this.#backup = { servers: [], policy: makePolicy(options.policy, []) };
    this.#names = new NameWatch(options, (servers) => this.setServers(servers), lookUp);
    this.#checks = options.healthCheck === null ? null : new HealthChecks(this, options.healthCheck);
  }

  /** All servers at present. */
  get servers(): readonly UpstreamServer[] {
    return [...this.#main.servers, ...this.#backup.servers];
  }

  /** How many requests wait for a server. */
  get waiting(): number {
    return this.#waiting;
  }

  #arrange(servers: readonly ServerOptions[], previous: readonly UpstreamServer[]): void {
    const known = new Map(previous.map((server) => [server.id, server]));
    const tier = (backup: boolean): Tier => {
      const chosen = new Map<string, UpstreamServer>();
      for (const options of servers) {
        const id = formatAddress(options.target);
        // Two names may have an address in common.
        if (options.backup !== backup || chosen.has(id)) continue;
        const server = known.get(id) ?? new UpstreamServer(options.target, this.options.limits, this.#deadlines);
        server.configure(options);
        if (!server.queues.includes(this.#queue)) server.queues.push(this.#queue);
        chosen.set(id, server);
      }
      const list = [...chosen.values()];
      return { servers: list, policy: makePolicy(this.options.policy, list) };
    };
    this.#main = tier(false);
    this.#backup = tier(true);
    this.#size = this.#main.servers.length + this.#backup.servers.length;
    const [first] = this.#main.servers;
    const plain = this.#size === 1 && first?.maxConns === 0 && this.options.healthCheck === null;
    this.#only = plain ? first : null;
  }

  /** Other servers from now on: names mean others than before, or whoever keeps them has started new ones. */
  setServers(servers: readonly ServerOptions[]): void {
    const before = this.servers;
    this.#arrange(servers, before);
    const after = new Set(this.servers);
    for (const server of before) if (!after.has(server)) server.pool.close();
    this.wake();
  }

  /** There may be room where there was none: those that wait try again, as many as there are places. */
  wake(): void {
    const now = performance.now();
    let places = 0;
    for (const server of this.servers) {
      if (!server.isUp(now, this.options, this.#size === 1)) continue;
      places += server.maxConns === 0 ? Infinity : Math.max(0, server.maxConns - server.active);
    }
    while (places-- > 0 && this.#queue.wake());
  }

  /**
   * A server for a request, which must be given back with {@linkcode release}; none of `tried`. Waits when all that are well
   * are busy. Throws {@linkcode UpstreamError}: "down" when none is well, "busy" when it waited too long or too many wait.
   */
  take(
    request: ServerRequest,
    tried: readonly UpstreamServer[],
    taker: Taker,
  ): UpstreamServer | Promise<UpstreamServer> {
    if (this.#only !== null && tried.length === 0) {
      this.#only.active++;
      return this.#only;
    }
    const chosen = this.#choose(request, tried);
    if (chosen !== "full") return chosen;
    // A request that has failed elsewhere does not queue up for another try.
    if (tried.length > 0 && !this.options.waitForServer) throw new UpstreamError("busy", "is busy");
    return this.#wait(request, tried, taker);
  }

  #choose(request: ServerRequest, tried: readonly UpstreamServer[]): UpstreamServer | "full" {
    const now = performance.now();
    const main = this.#chooseFrom(this.#main, now, request, tried);
    // A backup is for servers that are down, not for those that are busy.
    const chosen = main ?? this.#chooseFrom(this.#backup, now, request, tried);
    if (chosen !== null) return chosen;
    if (this.options.waitForServer) return "full";
    throw new UpstreamError("down", "has no server that is well");
  }

  /** One of these servers; "full" when those that are well are busy, null when none is well. */
  #chooseFrom(
    { servers, policy }: Tier,
    now: number,
    request: ServerRequest,
    tried: readonly UpstreamServer[],
  ): UpstreamServer | "full" | null {
    const { options } = this, alone = this.#size === 1, { slowStart } = options;
    let full = false;
    // Runs over every server for every request: nothing is asked of those that nothing is known against.
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i];
      const up = (server.untroubled || server.isUp(now, options, alone)) &&
        (tried.length === 0 || !tried.includes(server));
      const busy = isFull(server);
      server.available = up && !busy;
      if (up && busy) full = true;
      if (slowStart > 0) server.warmUp(now, slowStart);
    }
    const sticky = request.sticky === null ? -1 : servers.findIndex((server) => server.publicId === request.sticky);
    const index = sticky >= 0 && servers[sticky].available ? sticky : policy(servers, { key: request.key, random });
    if (index === -1) return full ? "full" : null;
    servers[index].begin(now, options);
    return servers[index];
  }

  async #wait(request: ServerRequest, tried: readonly UpstreamServer[], taker: Taker): Promise<UpstreamServer> {
    this.#waiting++;
    try {
      return await this.#waitForTurn(request, tried, taker);
    } finally {
      this.#waiting--;
      if (this.#closed) this.#forgetQueue();
    }
  }

  async #waitForTurn(request: ServerRequest, tried: readonly UpstreamServer[], taker: Taker): Promise<UpstreamServer> {
    for (;;) {
      switch (await this.#queue.wait((waiting) => taker.workingFor = waiting)) {
        case "full":
          throw new UpstreamError("busy", `is busy: ${this.options.queue} requests wait already`);
        case "timeout":
          throw new UpstreamError("busy", "is busy: a request waited too long for its turn");
        case "gone":
          throw new UpstreamError("busy", "was waited for by a client that left");
        case "closed":
          throw new UpstreamError("busy", "is busy, and nobody waits for it any more");
        case "ready": {
          const chosen = this.#chooseInTurn(request, tried);
          if (chosen !== "full") return chosen;
        }
      }
    }
  }

  #chooseInTurn(request: ServerRequest, tried: readonly UpstreamServer[]): UpstreamServer | "full" {
    try {
      return this.#choose(request, tried);
    } catch (thrown) {
      // Every server is down: nobody will end a request and wake the next, who would wait in vain.
      this.#queue.wake();
      throw thrown;
    }
  }

  /** The request has ended. */
  release(server: UpstreamServer): void {
    server.end();
  }

  /** The server answered. */
  succeeded(server: UpstreamServer): void {
    if (server !== this.#only && server.succeeded(performance.now(), this.options.name)) this.wake();
  }

  /** The request failed by the server's doing. From the failures of an only server nothing follows. */
  failed(server: UpstreamServer): void {
    if (this.#size > 1) server.failed(performance.now(), this.options);
  }

  /** Takes its servers over, and starts what goes on by itself: health checks, and looking names up again. */
  start(): void {
    this.#arrange(this.options.servers, this.#previous);
    this.#previous = [];
    this.#names.start();
    this.#checks?.start();
  }

  /** Ends all of it: idle connections are closed, and nobody waits any more. */
  close(): void {
    this.#end();
    this.#queue.close();
    for (const server of this.servers) server.pool.close();
  }

  /**
   * Another configuration is served by. Requests in flight go on, and those that wait still get their turns; the servers in
   * `kept` keep their idle connections.
   */
  retire(kept: ReadonlySet<UpstreamServer>): void {
    this.#end();
    for (const server of this.servers) if (!kept.has(server)) server.pool.close();
    // The servers that stay may be given more at once than before.
    this.wake();
    this.#forgetQueue();
  }

  #end(): void {
    this.#closed = true;
    this.#names.close();
    this.#checks?.close();
  }

  /** Servers that have outlived the group do not have to wake its queue for ever. */
  #forgetQueue(): void {
    if (this.#waiting > 0) return;
    for (const { queues } of this.servers) {
      const at = queues.indexOf(this.#queue);
      if (at !== -1) queues.splice(at, 1);
    }
  }
}
