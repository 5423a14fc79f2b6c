/**
 * The connections to one upstream server: idle ones are reused, the youngest first, and dropped after a while.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { UpstreamLimits, UpstreamTarget } from "../config/options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { isConnectedToPath, isSocketOf, nextDescriptor } from "../http1/libc.ts";
import { Wire } from "../http1/wire.ts";
import { UpstreamConnection, UpstreamError } from "./connection.ts";

/** One upstream server with its idle connections. */
export class UpstreamPool {
  readonly target: UpstreamTarget;
  readonly limits: UpstreamLimits;
  readonly #deadlines: Deadlines;
  /** How many idle ones are kept; uWSGI takes one request on each. */
  readonly #maxIdle: number;
  readonly #idle: UpstreamConnection[] = [];
  #closed = false;

  constructor(target: UpstreamTarget, limits: UpstreamLimits, deadlines: Deadlines) {
    this.target = target;
    this.limits = limits;
    this.#deadlines = deadlines;
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
   * A new connection. Throws {@linkcode UpstreamError}: "timeout" after `timeout` ms, the connect timeout at the latest,
   * "closed" when refused.
   */
  async connect(timeout: number = this.limits.connectTimeout): Promise<UpstreamConnection> {
    const wire = await this.#dial(Math.min(timeout, this.limits.connectTimeout));
    return new UpstreamConnection(wire, formatAddress(this.target), this.#deadlines, this.#onIdleEnd);
  }

  async #dial(patience: number): Promise<Wire> {
    const { target } = this;
    // The kernel connects or refuses at once: there is nothing to be timed.
    if (target.transport === "unix") return await dialUnix(target.path).catch(refuse);
    let timedOut = false;
    const dialled = dialTcp(target.hostname, target.port);
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      timedOut = true;
      reject(new UpstreamError("timeout", "did not accept a connection in time"));
    }, patience);
    try {
      return await Promise.race([dialled, timeout]);
    } catch (thrown) {
      if (thrown instanceof UpstreamError) {
        // It may still be accepted later: nobody wants it then.
        dialled.then((wire) => wire.close(), () => {});
        throw thrown;
      }
      return refuse(thrown);
    } finally {
      if (!timedOut) clearTimeout(timer);
    }
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

// A descriptor that was free before the socket was made, and is afterwards one with its two ends, is the socket's own.

async function dialUnix(path: string): Promise<Wire> {
  const next = nextDescriptor();
  const dialled = Deno.connect({ transport: "unix", path });
  // Connected within the call: later, the number could be that of another connection to the same path.
  const fd = isConnectedToPath(next, path) ? next : -1;
  return new Wire(await dialled, fd);
}

async function dialTcp(hostname: string, port: number): Promise<Wire> {
  const next = nextDescriptor();
  const conn = await Deno.connect({ hostname, port });
  // Deno leaves Nagle's algorithm on: 40 ms for a body behind its head.
  conn.setNoDelay(true);
  return new Wire(conn, isSocketOf(next, conn) ? next : -1);
}

function refuse(thrown: unknown): never {
  throw new UpstreamError("closed", `cannot be connected to: ${reason(thrown)}`);
}

function reason(thrown: unknown): string {
  if (thrown instanceof Deno.errors.ConnectionRefused) return "connection refused";
  if (thrown instanceof Deno.errors.NotFound) return "no such socket";
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (thrown instanceof Deno.errors.WouldBlock) return "its listen queue is full";
  return thrown instanceof Error ? thrown.message : String(thrown);
}
