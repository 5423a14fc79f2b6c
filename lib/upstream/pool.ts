/**
 * The connections to one upstream server: idle ones are reused, the youngest first, and dropped after a while.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { UpstreamLimits, UpstreamTarget } from "../config/options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { UpstreamConnection } from "./connection.ts";
import { type Dialler, diallerTo } from "./dial.ts";

/** One upstream server with its idle connections. */
export class UpstreamPool {
  readonly target: UpstreamTarget;
  readonly limits: UpstreamLimits;
  readonly #deadlines: Deadlines;
  /** How many idle ones are kept; uWSGI takes one request on each. */
  readonly #maxIdle: number;
  readonly #name: string;
  readonly #dial: Dialler;
  readonly #idle: UpstreamConnection[] = [];
  #closed = false;

  constructor(target: UpstreamTarget, limits: UpstreamLimits, deadlines: Deadlines) {
    this.target = target;
    this.limits = limits;
    this.#deadlines = deadlines;
    this.#name = formatAddress(target);
    this.#dial = diallerTo(target);
    this.#maxIdle = target.protocol === "uwsgi" ? 0 : limits.maxIdle;
  }

  /** The youngest idle connection, ready for a request; null when there is none. */
  reuse(): UpstreamConnection | null {
    const connection = this.#idle.pop();
    if (connection === undefined) return null;
    connection.begin();
    return connection;
  }

  /**
   * A new connection. Throws `UpstreamError`: "timeout" after `timeout` ms, the connect timeout at the latest,
   * "closed" when refused, "exhausted".
   */
  async connect(timeout: number = this.limits.connectTimeout): Promise<UpstreamConnection> {
    const wire = await this.#dial(Math.min(timeout, this.limits.connectTimeout));
    return new UpstreamConnection(wire, this.#name, this.#deadlines, this.#onIdleEnd);
  }

  /** Takes a connection back after its response; closes it when it cannot be reused or enough are idle. */
  release(connection: UpstreamConnection): void {
    if (this.#closed || !connection.reusable || this.#idle.length >= this.#maxIdle) return connection.close();
    this.#idle.push(connection);
    connection.park(this.limits.idleTimeout);
  }

  readonly #onIdleEnd = (connection: UpstreamConnection) => {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  };

  /** Closes all idle connections, and those in use when they come back. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.close();
  }
}
