/**
 * The gateway's servers beside those for its clients: the control socket, and where the status is told.
 *
 * @module
 */
import type { GatewayOptions } from "../config/options.ts";
import { startControl } from "../process/control.ts";
import type { HeldReloads } from "../process/held_reloads.ts";
import type { ListeningSockets } from "../process/sockets.ts";
import type { ClientServer } from "../process/client_server.ts";
import { startStatusServer } from "../process/status_server.ts";
import type { Upgrades } from "../process/upgrade.ts";
import type { Supervisor } from "./supervisor.ts";

/** What the control socket can ask for beyond what the supervisor does. */
export interface Asked {
  stop(): void;
  /** Ends this process, in whose place another one serves. */
  retire(): void;
  readonly upgrades: Upgrades;
  readonly reloads: HeldReloads;
}

/** The paths of these servers' unix sockets, which a process that follows this one takes over. */
export function serverPaths({ control, status }: GatewayOptions): string[] {
  return [...(control === null ? [] : [control]), ...(status?.transport === "unix" ? [status.path] : [])];
}

/**
 * Starts them, as far as they are wanted. `statusSockets`: where the status is told over TCP, not open yet.
 *
 * @throws {StackdError} When one cannot listen (exit 1); those that do are in `started`.
 */
export async function startServers(
  { control, status }: GatewayOptions,
  supervisor: Supervisor,
  statusSockets: ListeningSockets,
  { stop, retire, upgrades, reloads }: Asked,
  started: ClientServer[],
): Promise<void> {
  if (control !== null) {
    started.push(
      await startControl(control, {
        status: () => supervisor.status(),
        reload: () => reloads.ask(control),
        upgrade: async () => (await upgrades.ask()).pid,
        retire,
        stop,
        changeWorkers: (by, app) => supervisor.changeWorkers(by, app),
      }),
    );
  }
  if (status !== null) {
    await statusSockets.open();
    const [address = status] = statusSockets.ofOurs();
    started.push(await startStatusServer(address, () => supervisor.status()));
  }
}
