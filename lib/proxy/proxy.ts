/**
 * The proxy's role: takes its addresses and its pid file, runs a front, and ends it when a signal says so.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { RawOptions } from "../config/flags.ts";
import { readProxyOptions } from "../config/proxy_options.ts";
import type { ListenAddress, ProxyOptions, UpstreamTarget } from "../config/options.ts";
import type { RouteAction, RouteOptions } from "../config/route_options.ts";
import { printBanner } from "../observe/banner.ts";
import { logInfo } from "../observe/log.ts";
import { type Pidfile, writePidfile } from "../process/pidfile.ts";
import { type ServiceManager, serviceManager } from "../process/service_manager.ts";
import { listenForSignals, type SignalQueue } from "../process/signals.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { VERSION } from "../version.ts";
import type { Configured } from "./reload.ts";
import { RunningProxy } from "./running.ts";

/**
 * Runs `stackd proxy` until it is told to stop; returns the exit code. `raw`: what the command line says, from which HUP gets at a
 * changed configuration. Throws `StackdError` when it cannot start: then nothing is left behind.
 */
export async function runProxy(options: ProxyOptions, raw: RawOptions): Promise<number> {
  for (const address of options.listen) if (address.transport === "unix") await claimSocketPath(address.path);
  let pidfile: Pidfile | null = null;
  let proxy: Configured | null = null;
  const signals = listenForSignals();
  const service = serviceManager();
  try {
    pidfile = options.pidfile === null ? null : writePidfile(options.pidfile);
    if (options.workers > 1) {
      const { SeveralFronts } = await import("./several.ts");
      const several = proxy = new SeveralFronts(options, raw);
      await several.start();
    } else proxy = new RunningProxy(options, raw.config === undefined ? null : () => readProxyOptions(raw));
    announce(options, proxy.addresses);
    service.ready();
    await serveUntilStopped(proxy, signals, service);
    return 0;
  } finally {
    service.close();
    await proxy?.end();
    pidfile?.remove();
    signals.close();
  }
}

async function serveUntilStopped(
  proxy: Configured,
  signals: SignalQueue,
  service: ServiceManager,
): Promise<void> {
  for (;;) {
    switch (await signals.next()) {
      case "reload":
        await service.during(proxy.reload());
        break;
      case "reopen":
        proxy.reopenLogs();
        break;
      case "stop":
        service.stopping();
        logInfo(`Stopping: requests in flight have ${proxy.gracefulTimeout / 1_000} s to end`);
        // A second signal ends what the first one waits for.
        await Promise.race([proxy.drain(proxy.gracefulTimeout), signals.nextStop()]);
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
    ...(options.workers > 1 ? [["workers", String(options.workers)] as [string, string]] : []),
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
