/**
 * Health checks: each server of a group is asked by itself, every so often, whether it is well.
 *
 * @module
 */
import type { GroupOptions, HealthCheckOptions } from "../config/group_options.ts";
import { messageOf } from "../errors.ts";
import { checkRequest } from "./check_request.ts";
import type { UpstreamConnection } from "./connection.ts";
import { UpstreamError } from "./error.ts";
import type { UpstreamServer } from "./server.ts";

/** The group, as far as its checks know it. */
interface Checked {
  readonly options: GroupOptions;
  readonly servers: readonly UpstreamServer[];
  /** There may be room where there was none. */
  wake(): void;
}

/** The checks of one group. */
export class HealthChecks {
  readonly #group: Checked;
  readonly #options: HealthCheckOptions;
  /** Connections of the checks that are under way. */
  readonly #open = new Set<UpstreamConnection>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(group: Checked, options: HealthCheckOptions) {
    this.#group = group;
    this.#options = options;
  }

  /** Checks all servers now, and `interval` ms after each round. */
  start(): void {
    this.#run();
  }

  async #run(): Promise<void> {
    const { servers, options: { name } } = this.#group;
    await Promise.all(servers.map(async (server) => {
      const why = await this.#check(server);
      if (!this.#closed && why !== undefined && server.checked(why, performance.now(), name, this.#options)) {
        this.#group.wake();
      }
    }));
    if (!this.#closed) this.#timer = setTimeout(() => this.#run(), this.#options.interval);
  }

  /** Asks one server on a connection of its own; null when it is well, else why not; undefined when it could not be asked. */
  async #check(server: UpstreamServer): Promise<string | null | undefined> {
    const { timeout, statuses } = this.#options;
    let connection: UpstreamConnection | null = null, late = false;
    const timer = setTimeout(() => {
      late = true;
      connection?.close();
    }, timeout);
    try {
      connection = await server.pool.connect(timeout);
      if (this.#closed) return null;
      this.#open.add(connection);
      const request = checkRequest(server.target, this.#options);
      await connection.write(request, 0, request.length, timeout);
      do {
        while (!connection.scanHead()) connection.received(await connection.read(timeout));
      } while (connection.head.status < 200);
      const { status } = connection.head;
      return statuses.some(([from, to]) => from <= status && status <= to) ? null : `was answered ${status}`;
    } catch (thrown) {
      if (thrown instanceof UpstreamError && thrown.kind === "exhausted") return undefined;
      return late ? "was not answered in time" : `failed: it ${messageOf(connection?.failure(thrown) ?? thrown)}`;
    } finally {
      clearTimeout(timer);
      connection?.close();
      if (connection !== null) this.#open.delete(connection);
    }
  }

  /** Ends them, those under way too. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const connection of this.#open) connection.close();
  }
}
