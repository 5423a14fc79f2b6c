/**
 * Opening a listening socket, and what is said when that cannot be.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import { DEFAULTS } from "../config/defaults.ts";
import type { ListenAddress } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { MOST_BACKLOG } from "./descriptors.ts";
import { giveFile } from "./privileges.ts";

/**
 * Listens on `address`, on a unix socket's very path.
 *
 * @throws {StackdError} `STACKD_ADDRESS_IN_USE` or `STACKD_LISTEN` (exit 1).
 */
export function openListener(address: ListenAddress): Deno.Listener {
  try {
    return address.transport === "unix" ? openPath(address) : openPort(address);
  } catch (cause) {
    const where = `Cannot listen on "${formatAddress(address)}"`;
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

function openPath(address: Extract<ListenAddress, { transport: "unix" }>): Deno.Listener {
  const umask = Deno.umask(0o777 & ~(address.mode ?? DEFAULTS.socketMode));
  try {
    const listener = Deno.listen({ transport: "unix", path: address.path });
    if (address.owner) giveFile(address.path, address.owner);
    return listener;
  } finally {
    Deno.umask(umask);
  }
}

function openPort(address: Extract<ListenAddress, { transport: "tcp" }>): Deno.TcpListener {
  const { hostname, port, reusePort = false, backlog = DEFAULTS.listenBacklog } = address;
  const options = { port, reusePort, tcpBacklog: Math.min(backlog, MOST_BACKLOG) };
  if (hostname !== "") return Deno.listen({ ...options, hostname });
  try {
    // "::" takes IPv4 too, unless the system says otherwise.
    return Deno.listen({ ...options, hostname: "::" });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse || thrown instanceof Deno.errors.PermissionDenied) throw thrown;
    return Deno.listen({ ...options, hostname: "0.0.0.0" });
  }
}
