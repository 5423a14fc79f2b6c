/**
 * The proxy's role: takes its addresses and its pid file, runs a front, and ends it when a signal says so.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { ListenAddress, ProxyOptions, UpstreamTarget } from "../config/options.ts";
import type { RouteAction, RouteOptions } from "../config/route_options.ts";
import { printBanner } from "../observe/banner.ts";
import { logInfo } from "../observe/log.ts";
import { type Pidfile, writePidfile } from "../process/pidfile.ts";
import { type ServiceManager, serviceManager } from "../process/service_manager.ts";
import { listenForSignals, type SignalQueue } from "../process/signals.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { VERSION } from "../version.ts";
import { RunningProxy } from "./running.ts";

/** Reads the configuration again, from where it came. Throws `StackdError` with every mistake in it. */
export type Reread = () => Promise<ProxyOptions>;

/**
 * Runs `stackd proxy` until it is told to stop; returns the exit code. `reread`: how HUP gets at a changed configuration; null
 * when there is no file. Throws `StackdError` when it cannot start: then nothing is left behind.
 */
export async function runProxy(options: ProxyOptions, reread: Reread | null): Promise<number> {
  for (const address of options.listen) if (address.transport === "unix") await claimSocketPath(address.path);
  let pidfile: Pidfile | null = null;
  let proxy: RunningProxy | null = null;
  const signals = listenForSignals();
  const service = serviceManager();
  try {
    pidfile = options.pidfile === null ? null : writePidfile(options.pidfile);
    proxy = new RunningProxy(options, reread);
    announce(options, proxy.front.addresses);
    service.ready();
    await serveUntilStopped(proxy, signals, service);
    return 0;
  } finally {
    service.close();
    proxy?.front.close();
    pidfile?.remove();
    signals.close();
    await proxy?.accessLog.close();
  }
}

async function serveUntilStopped(proxy: RunningProxy, signals: SignalQueue, service: ServiceManager): Promise<void> {
  for (;;) {
    switch (await signals.next()) {
      case "reload":
        await service.during(proxy.reload());
        break;
      case "reopen":
        proxy.accessLog.reopen();
        break;
      case "stop":
        service.stopping();
        logInfo(`Stopping: requests in flight have ${proxy.gracefulTimeout / 1_000} s to end`);
        // A second signal ends what the first one waits for.
        await Promise.race([proxy.front.drain(proxy.gracefulTimeout), signals.nextStop()]);
        return;
      case "stop-now":
        return;
    }
  }
}

function announce(options: ProxyOptions, addresses: readonly ListenAddress[]): void {
  printBanner(`stackd ${VERSION} proxy`, [
    ...addresses.map((address): [string, string] => ["listen", describeListener(address)]),
    ...options.routes.map((route): [string, string] => ["route", describeRoute(route)]),
    ["pid", String(Deno.pid)],
  ]);
}

function describeListener(address: ListenAddress): string {
  if (address.transport === "unix") return formatAddress(address);
  return address.hostname === "" ? `http://*:${address.port}/` : `http://${formatAddress(address)}/`;
}

function describeRoute({ hosts, prefix, action }: RouteOptions): string {
  const where = hosts.length === 0 ? prefix : hosts.map((host) => `${host}${prefix}`).join(", ");
  return `${where} → ${describeAction(action)}`;
}

function describeAction(action: RouteAction): string {
  switch (action.kind) {
    case "upstream":
      return action.group.servers.map(({ target }) => formatTarget(target)).join(", ");
    case "static":
      return `files in ${action.root}`;
    case "redirect":
      return `redirect, ${action.status}`;
    case "respond":
      return `a fixed answer, ${action.status}`;
  }
}

function formatTarget(target: UpstreamTarget): string {
  return `${target.transport === "unix" ? "" : "http://"}${formatAddress(target)}`;
}
