/**
 * The proxy's role: takes its addresses and its pid file, runs a front, and ends it when a signal says so.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { ListenAddress, ProxyOptions, UpstreamTarget } from "../config/options.ts";
import type { RouteOptions } from "../config/route_options.ts";
import { type Front, startFront } from "../front/front.ts";
import { openAccessLog } from "../observe/access_log.ts";
import { printBanner } from "../observe/banner.ts";
import { logInfo } from "../observe/log.ts";
import { type Pidfile, writePidfile } from "../process/pidfile.ts";
import { listenForSignals, type SignalQueue } from "../process/signals.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { VERSION } from "../version.ts";

/**
 * Runs `stackd proxy` until it is told to stop; returns the exit code. Throws `StackdError` when it cannot start: then nothing
 * is left behind.
 */
export async function runProxy(options: ProxyOptions): Promise<number> {
  for (const address of options.listen) if (address.transport === "unix") await claimSocketPath(address.path);
  const accessLog = openAccessLog(options.accessLog);
  let pidfile: Pidfile | null = null;
  let front: Front | null = null;
  const signals = listenForSignals();
  try {
    pidfile = options.pidfile === null ? null : writePidfile(options.pidfile);
    front = startFront({ ...options, accessLog });
    announce(options, front.addresses);
    await serveUntilStopped(front, signals, options.gracefulTimeout);
    return 0;
  } finally {
    front?.close();
    pidfile?.remove();
    signals.close();
    await accessLog.close();
  }
}

async function serveUntilStopped(front: Front, signals: SignalQueue, gracefulTimeout: number): Promise<void> {
  if (await signals.next() === "stop-now") return;
  logInfo(`Stopping: requests in flight have ${gracefulTimeout / 1_000} s to end`);
  // A second signal ends what the first one waits for.
  await Promise.race([front.drain(gracefulTimeout), signals.next()]);
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

function describeRoute({ prefix, action }: RouteOptions): string {
  if (action.kind === "static") return `${prefix} → files in ${action.root}`;
  if (action.kind === "upstream") {
    return `${prefix} → ${action.group.servers.map(({ target }) => formatTarget(target)).join(", ")}`;
  }
  return `${prefix} → ${action.kind}`;
}

function formatTarget(target: UpstreamTarget): string {
  return `${target.transport === "unix" ? "" : "http://"}${formatAddress(target)}`;
}
