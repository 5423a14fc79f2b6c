/**
 * A listening socket and who comes to it. It survives what accepting can run into: when descriptors are exhausted it pauses
 * and goes on when there are some again.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { ListenAddress } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import { Acceptor } from "../http1/acceptor.ts";
import { ConnWire } from "../http1/conn_wire.ts";
import { type EventLoop, eventLoop } from "../http1/event_loop.ts";
import { unmapped } from "../http1/libc.ts";
import { unpoll } from "../http1/poller.ts";
import type { Wire } from "../http1/wire.ts";
import { logWarn } from "../observe/log.ts";
import { adoptListener, checkListener } from "../process/adopt.ts";
import { closeDescriptor, keepToOurselves, openedBy } from "../process/descriptors.ts";
import { refuseNew, refuseNewAt } from "../process/last_call.ts";
import { openListener } from "../process/listen_socket.ts";

/** Pause after a failed accept, ms: long enough not to spin, short enough not to be felt. */
const PAUSE = 50;
/** At most one warning in this many ms. */
const WARN_INTERVAL = 10_000;

/** Who gets the connections; `peer`: the client's address, null on a unix socket. */
export type Take = (wire: Wire, peer: string | null) => void;

/** An open listener. */
export interface Listener {
  /** Where it really listens: with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  /** Hands every connection to `take` until the listener is closed. Never throws. */
  accept(take: Take): Promise<void>;
  /**
   * Keeps new clients away, while those that are connected already are still accepted; {@linkcode close} follows. A socket that was
   * given to us is its owner's, and others may accept on it: nothing happens to it.
   */
  refuseNew(): void;
  close(): void;
}

/**
 * Listens on `address`, or its descriptor, where it has one; without `loop` by the runtime's own means. Throws
 * `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN` (exit code 1).
 */
export function listen(address: ListenAddress, loop: EventLoop | null = eventLoop()): Listener {
  const { descriptor } = address;
  if (loop !== null && descriptor !== undefined) {
    checkListener(descriptor);
    keepToOurselves(descriptor);
    return new OwnListener(loop, descriptor, address, null);
  }
  if (descriptor !== undefined) return new RuntimeListener(adoptListener(descriptor), address, true);
  const { server, descriptor: opened } = openedBy(() => openListener(address));
  const bound: ListenAddress = server.addr.transport === "tcp" && address.transport === "tcp"
    ? { ...address, port: server.addr.port }
    : address;
  if (loop === null || opened === null) return new RuntimeListener(server, bound, false);
  unpoll(opened);
  return new OwnListener(loop, opened, bound, server);
}

/** Says that connections cannot be accepted, at times. */
class Complaint {
  readonly #where: string;
  #last = -Infinity;

  constructor(address: ListenAddress) {
    this.#where = formatAddress(address);
  }

  /** EMFILE and its like pass when connections end. */
  say(error: unknown): void {
    if (performance.now() - this.#last < WARN_INTERVAL) return;
    this.#last = performance.now();
    logWarn(`Cannot accept a connection on ${this.#where}: ${messageOf(error)}; trying on`);
  }
}

/** A listening socket that the process's own loop watches. */
class OwnListener implements Listener {
  readonly address: ListenAddress;
  readonly #loop: EventLoop;
  readonly #descriptor: number;
  /** The runtime's, which opened it; null: somebody else did. */
  readonly #opened: Deno.Listener | null;
  readonly #ended = Promise.withResolvers<void>();
  #acceptor: Acceptor | null = null;
  #closed = false;

  constructor(loop: EventLoop, descriptor: number, address: ListenAddress, opened: Deno.Listener | null) {
    this.address = address;
    this.#loop = loop;
    this.#descriptor = descriptor;
    this.#opened = opened;
  }

  accept(onConnection: Take): Promise<void> {
    const complaint = new Complaint(this.address);
    const events = { onConnection, onError: (error: Error) => complaint.say(error) };
    this.#acceptor = new Acceptor(this.#loop, this.#descriptor, events, PAUSE);
    return this.#ended.promise;
  }

  refuseNew(): void {
    if (this.#opened === null || this.#closed) return;
    // Without its path a unix socket is refused at once, and what is queued stays.
    if (this.address.transport === "unix") Deno.removeSync(this.address.path);
    else refuseNew(this.#descriptor);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Who is still queued would be reset.
    if (this.#opened !== null) this.#acceptor?.accept();
    this.#acceptor?.stop();
    if (this.#opened === null) closeDescriptor(this.#descriptor);
    else this.#opened.close();
    this.#ended.resolve();
  }
}

/** A listening socket of the runtime's. */
class RuntimeListener implements Listener {
  readonly address: ListenAddress;
  readonly #listener: Deno.Listener;
  /** Whether somebody else opened it. */
  readonly #given: boolean;
  #closed = false;

  constructor(listener: Deno.Listener, address: ListenAddress, given: boolean) {
    this.address = address;
    this.#listener = listener;
    this.#given = given;
  }

  async accept(take: Take): Promise<void> {
    const complaint = new Complaint(this.address);
    while (!this.#closed) {
      try {
        const conn = await this.#listener.accept(), { remoteAddr } = conn;
        if (remoteAddr.transport !== "tcp") take(new ConnWire(conn), null);
        else {
          (conn as Deno.TcpConn).setNoDelay(true);
          take(new ConnWire(conn), unmapped(remoteAddr.hostname));
        }
      } catch (thrown) {
        if (this.#closed) return;
        complaint.say(thrown);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  refuseNew(): void {
    if (this.#given || this.#closed) return;
    const { addr } = this.#listener;
    if (this.address.transport === "unix") Deno.removeSync(this.address.path);
    else if (addr.transport === "tcp") refuseNewAt(addr);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}
