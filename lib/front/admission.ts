/**
 * How many connections may be open, in all and for one client; who comes beyond is told so.
 *
 * @module
 */
import { latin1 } from "../http1/bytes.ts";
import type { Wire } from "../http1/wire.ts";
import { logWarn } from "../observe/log.ts";

const REFUSAL = latin1(
  "HTTP/1.1 503 Service Unavailable\r\nServer: stackd\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    "Content-Length: 24\r\nRetry-After: 1\r\nConnection: close\r\n\r\n503 Service Unavailable\n",
);
/** Connections that may be being refused at once; beyond they are closed without a word. */
const MAX_REFUSING = 256;
/** At most one warning in this many ms; it counts what was refused since the last. */
const WARN_INTERVAL = 10_000;
/** How long a refused client is given to read why, ms. */
const REFUSAL_TIME = 1_000;

/** Counts connections. */
export class Admission {
  #max: number;
  #maxPerClient: number;
  readonly #perClient = new Map<string, number>();
  #open = 0;
  #refusing = 0;
  #refused = 0;
  #warned = -Infinity;

  /** `max` connections in all, `maxPerClient` of one address (0: no limit). */
  constructor(max: number, maxPerClient: number) {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
  }

  /** Other limits, from the next connection on. */
  configure(max: number, maxPerClient: number): void {
    this.#max = max;
    this.#maxPerClient = maxPerClient;
  }

  /** Counts a connection of `peer` (null: a unix socket, in no client's count); false when there are too many. */
  admit(peer: string | null): boolean {
    if (this.#open >= this.#max) return false;
    if (peer !== null) {
      const count = this.#perClient.get(peer) ?? 0;
      if (this.#maxPerClient > 0 && count >= this.#maxPerClient) return false;
      this.#perClient.set(peer, count + 1);
    }
    this.#open++;
    return true;
  }

  /** A connection that was admitted has ended. */
  leave(peer: string | null): void {
    this.#open--;
    if (peer === null) return;
    const count = this.#perClient.get(peer) ?? 0;
    if (count <= 1) this.#perClient.delete(peer);
    else this.#perClient.set(peer, count - 1);
  }

  /** Answers a connection that was not admitted with 503 and closes it. */
  refuse(wire: Wire): void {
    this.#refused++;
    if (performance.now() - this.#warned > WARN_INTERVAL) {
      this.#warned = performance.now();
      logWarn(
        `Refused ${this.#refused} connection(s) with 503: --max-connections or --max-connections-per-client is reached`,
      );
      this.#refused = 0;
    }
    if (this.#refusing >= MAX_REFUSING) return wire.close();
    this.#refusing++;
    const timer = setTimeout(() => wire.close(), REFUSAL_TIME);
    answer(wire).catch(() => {}).finally(() => {
      clearTimeout(timer);
      this.#refusing--;
      wire.close(); // the timer may have been first
    });
  }
}

async function answer(wire: Wire): Promise<void> {
  await wire.write(REFUSAL);
  await wire.closeWrite();
  // Closing with unread bytes would reset the connection and could take the answer away.
  const buffer = new Uint8Array(1_024);
  while (await wire.read(buffer) > 0);
}
