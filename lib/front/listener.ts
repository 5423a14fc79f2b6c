/**
 * A listening socket and its accept loop. It survives what accepting can run into: when descriptors are exhausted it pauses
 * and goes on when there are some again.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { refuseNew } from "./last_call.ts";

/** Pause after a failed accept, ms: long enough not to spin, short enough not to be felt. */
const PAUSE = 50;
/** At most one warning in this many ms. */
const WARN_INTERVAL = 10_000;
/** Deno's default is 511; nginx's on Linux too. The kernel's somaxconn still caps it. */
const BACKLOG = 4_096;
const SOCKET_MODE = 0o660;

/** An open listener. */
export interface Listener {
  /** Where it really listens: with the port that the system chose for port 0. */
  readonly address: ListenAddress;
  /** Hands every connection to `take` until the listener is closed. Never throws. */
  accept(take: (conn: Deno.Conn) => void): Promise<void>;
  /** Keeps new clients away, while those that are connected already are still accepted; {@linkcode close} follows. */
  refuseNew(): void;
  close(): void;
}

/** Listens on `address`. Throws `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN` (exit code 1). */
export function listen(address: ListenAddress): Listener {
  const listener = open(address);
  const { addr } = listener;
  const bound: ListenAddress = addr.transport === "tcp" && address.transport === "tcp"
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
            logWarn(`Cannot accept a connection on ${name(bound)}: ${messageOf(thrown)}; trying on`);
          }
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      }
    },
    refuseNew() {
      // Without its path a unix socket is refused at once, and what is queued stays.
      if (address.transport === "unix") Deno.removeSync(address.path);
      else if (addr.transport === "tcp") refuseNew(addr);
    },
    close() {
      if (closed) return;
      closed = true;
      listener.close();
    },
  };
}

function open(address: ListenAddress): Deno.Listener {
  try {
    if (address.transport === "unix") {
      const umask = Deno.umask(0o777 & ~(address.mode ?? SOCKET_MODE));
      try {
        const listener = Deno.listen({ transport: "unix", path: address.path });
        if (address.owner) Deno.chownSync(address.path, address.owner.uid, address.owner.gid);
        return listener;
      } finally {
        Deno.umask(umask);
      }
    }
    const { hostname, port, reusePort = false } = address;
    const options = { port, reusePort, tcpBacklog: BACKLOG };
    if (hostname !== "") return Deno.listen({ ...options, hostname });
    try {
      // "::" takes IPv4 too, unless the system says otherwise.
      return Deno.listen({ ...options, hostname: "::" });
    } catch (thrown) {
      if (thrown instanceof Deno.errors.AddrInUse || thrown instanceof Deno.errors.PermissionDenied) throw thrown;
      return Deno.listen({ ...options, hostname: "0.0.0.0" });
    }
  } catch (cause) {
    const where = `Cannot listen on "${name(address)}"`;
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new StackdError("STACKD_ADDRESS_IN_USE", `${where}: the address is in use`, { exitCode: 1, cause });
    }
    const why = cause instanceof Deno.errors.PermissionDenied
      ? "permission denied (ports below 1024 need a privilege)"
      : cause instanceof Deno.errors.AddrNotAvailable
      ? "this machine has no such address"
      : messageOf(cause);
    throw new StackdError("STACKD_LISTEN", `${where}: ${why}`, { exitCode: 1, cause });
  }
}

/** An address as the command line writes it. */
function name(address: ListenAddress): string {
  if (address.transport === "unix") return `unix:${address.path}`;
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `${host}:${address.port}`;
}
