/**
 * Connections that do not begin with HTTP: a load balancer says first whose they are (PROXY protocol), or all that comes is a
 * packet of the uwsgi protocol. Until it has been read, a connection counts as nobody's.
 *
 * @module
 */
import type { Limits, ListenAddress } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { compileTrust, type Trust } from "../http1/trust.ts";
import type { Wire } from "../http1/wire.ts";
import { logWarn } from "../observe/log.ts";
import { SeldomWarning } from "../observe/seldom.ts";
import type { Admission } from "./admission.ts";
import type { Opening } from "./opening.ts";
import { readProxyHeader } from "./proxy_header.ts";
import { readUwsgiOpening } from "./uwsgi_opening.ts";

/** Who takes the connections when they have been introduced. */
export interface Host {
  readonly limits: Limits;
  readonly deadlines: Deadlines;
  /** `peer`: who is on the other side. */
  take(wire: Wire, peer: string | null, opening: Opening, address: ListenAddress): void;
  /** There is one less that is being introduced. */
  introduced(): void;
}

/** The introductions of one front. */
export class Introductions {
  readonly #host: Host;
  readonly #admission: Admission;
  readonly #open = new Set<Wire>();
  /** Those of them on which a packet has begun to come. */
  readonly #begun = new Set<Wire>();
  readonly #allowed = new Map<ListenAddress, Trust>();
  readonly #forbidden = new SeldomWarning();
  readonly #refused = new SeldomWarning();
  #closed = false;

  constructor(host: Host, admission: Admission) {
    this.#host = host;
    this.#admission = admission;
  }

  /** How many have not ended. */
  get size(): number {
    return this.#open.size;
  }

  /** Introduces a connection that came to `address`, and hands it on. Never throws. */
  async begin(wire: Wire, peer: string | null, address: ListenAddress): Promise<void> {
    if (!this.#isAllowed(peer, address)) {
      this.#forbidden.warn(`Closed a connection of ${peer}: --uwsgi-allow-from does not name it`);
      return wire.close();
    }
    if (!this.#admission.admit(null)) return this.#admission.refuse(wire);
    this.#open.add(wire);
    const opening = await this.#read(wire, peer, address);
    this.#admission.leave(null);
    if (opening === null || this.#closed) wire.close();
    else this.#host.take(wire, opening.client === undefined ? peer : opening.client, opening, address);
    this.#open.delete(wire);
    this.#begun.delete(wire);
    this.#host.introduced();
  }

  /** What a connection begins with; null when it is to be closed. */
  async #read(wire: Wire, peer: string | null, address: ListenAddress): Promise<Opening | null> {
    const { deadlines, limits: { headerTimeout } } = this.#host;
    try {
      if (address.uwsgi === undefined) return await readProxyHeader(wire, headerTimeout);
      const opening = await readUwsgiOpening(wire, deadlines, headerTimeout, () => this.#begun.add(wire));
      const refusal = opening?.told?.refusal ?? null;
      if (refusal !== null) this.#refused.warn(`Refused a request of ${peer ?? "a unix socket"}: ${refusal.message}`);
      return opening;
    } catch (thrown) {
      logWarn(`Closed a connection of ${peer ?? "a unix socket"}: ${messageOf(thrown)}`);
      return null;
    }
  }

  /** What a peer that speaks uwsgi says of its client is believed, so not every peer may. */
  #isAllowed(peer: string | null, address: ListenAddress): boolean {
    if (address.uwsgi === undefined || peer === null) return true;
    let trust = this.#allowed.get(address);
    if (trust === undefined) {
      trust = compileTrust({ unix: true, networks: address.uwsgi.allowFrom });
      this.#allowed.set(address, trust);
    }
    return trust.trusts(peer);
  }

  /** Closes those that have not begun to say anything. */
  closeIdle(): void {
    for (const wire of this.#open) if (!this.#begun.has(wire)) wire.close();
  }

  /** Closes all, whatever they were about to say. */
  close(): void {
    this.#closed = true;
    for (const wire of this.#open) wire.close();
  }
}
