/**
 * A listening socket and its accept loop. It survives what accepting can run into: when descriptors are exhausted it pauses
 * and goes on when there are some again.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { ListenAddress } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { adoptListener } from "../process/adopt.ts";
import { refuseNewAt } from "../process/last_call.ts";
import { openListener } from "../process/listen_socket.ts";

/** Pause after a failed accept, ms: long enough not to spin, short enough not to be felt. */
const PAUSE = 50;
/** At most one warning in this many ms. */
const WARN_INTERVAL = 10_000;

/** An open listener. */
export interface Listener {
  /** Where it really listens: with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  /** Hands every connection to `take` until the listener is closed. Never throws. */
  accept(take: (conn: Deno.Conn) => void): Promise<void>;
  /**
   * Keeps new clients away, while those that are connected already are still accepted; {@linkcode close} follows. A socket that was
   * given to us is its owner's, and others may accept on it: nothing happens to it.
   */
  refuseNew(): void;
  close(): void;
}

/** Listens on `address`, or its descriptor, where it has one. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN` (exit code 1). */
export function listen(address: ListenAddress): Listener {
  const given = address.descriptor !== undefined;
  const listener = address.descriptor === undefined ? openListener(address) : adoptListener(address.descriptor);
  const { addr } = listener;
  const bound: ListenAddress = !given && addr.transport === "tcp" && address.transport === "tcp"
    ? { ...address, port: addr.port }
    : address;
  let closed = false;
  return {
    address: bound,
    async accept(take) {
      let warned = -Infinity;
      while (!closed) {
        try {
          take(await listener.accept());
        } catch (thrown) {
          if (closed) return;
          // ECONNABORTED is one client's bad luck; EMFILE and its like pass when connections end.
          if (performance.now() - warned > WARN_INTERVAL) {
            warned = performance.now();
            logWarn(`Cannot accept a connection on ${formatAddress(bound)}: ${messageOf(thrown)}; trying on`);
          }
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      }
    },
    refuseNew() {
      if (given) return;
      // Without its path a unix socket is refused at once, and what is queued stays.
      if (address.transport === "unix") Deno.removeSync(address.path);
      else if (addr.transport === "tcp") refuseNewAt(addr);
    },
    close() {
      if (closed) return;
      closed = true;
      listener.close();
    },
  };
}
