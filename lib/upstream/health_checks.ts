/**
 * Health checks: each server of a group is asked by itself, every so often, whether it is well.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { GroupOptions, HealthCheckOptions } from "../config/group_options.ts";
import { latin1 } from "../http1/bytes.ts";
import { messageOf } from "../errors.ts";
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
      const why = await check(server, this.#options);
      if (!this.#closed && server.checked(why, performance.now(), name, this.#options)) this.#group.wake();
    }));
    if (!this.#closed) this.#timer = setTimeout(() => this.#run(), this.#options.interval);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

/** Asks one server on a connection of its own; null when it is well, else why not. */
async function check(server: UpstreamServer, options: HealthCheckOptions): Promise<string | null> {
  const { timeout, path, host, statuses } = options;
  const connecting = server.pool.connect();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connecting.then((connection) => connection.close(), () => {});
  }, timeout);
  try {
    const connection = await connecting;
    try {
      const authority = host ?? (server.target.transport === "unix" ? "localhost" : formatAddress(server.target));
      const request = latin1(
        `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: stackd\r\nConnection: close\r\n\r\n`,
      );
      await connection.write(request, 0, request.length, timeout);
      do {
        while (!connection.scanHead()) connection.received(await connection.read(timeout));
      } while (connection.head.status < 200);
      const { status } = connection.head;
      return statuses.some(([from, to]) => from <= status && status <= to) ? null : `was answered ${status}`;
    } finally {
      connection.close();
    }
  } catch (thrown) {
    return late ? "was not answered in time" : `failed: it ${messageOf(thrown)}`;
  } finally {
    clearTimeout(timer);
  }
}
