/**
 * The proxy's role: takes its addresses and its pid file, runs a front, and ends it when a signal says so.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { RawOptions } from "../config/flags.ts";
import { readProxyOptions } from "../config/proxy_options.ts";
import { DEFAULTS } from "../config/defaults.ts";
import type { ListenAddress, ListenOption, ProxyOptions, UpstreamTarget } from "../config/options.ts";
import type { RouteAction, RouteOptions } from "../config/route_options.ts";
import { printBanner } from "../observe/banner.ts";
import { logInfo, setLogLevel } from "../observe/log.ts";
import { flushOutput, neverBlockOnOutput } from "../observe/output.ts";
import { HeldReloads } from "../process/held_reloads.ts";
import { inheritance } from "../process/inheritance.ts";
import { OnceMore } from "../process/once_more.ts";
import { type Pidfile, type PreparedPidfile, preparePidfile } from "../process/pidfile.ts";
import { type ServiceManager, serviceManager } from "../process/service_manager.ts";
import { listenForSignals, type SignalQueue } from "../process/signals.ts";
import { closeUnwanted, ListeningSockets } from "../process/sockets.ts";
import { takeOver } from "../process/takeover.ts";
import { type Successor, Upgrades } from "../process/upgrade.ts";
import { VERSION } from "../version.ts";
import type { Configured } from "./reload.ts";
import { RunningProxy } from "./running.ts";

/**
 * Runs `stackd proxy` until it is told to stop; returns the exit code. `raw`: what the command line says, from which HUP gets at a
 * changed configuration. Throws `StackdError` when it cannot start: then nothing is left behind.
 */
export async function runProxy(options: ProxyOptions, raw: RawOptions): Promise<number> {
  const { listenBacklog, workers, runAs } = options;
  neverBlockOnOutput();
  setLogLevel(options.logLevel);
  const follows = inheritance().predecessor !== null;
  const sockets = new ListeningSockets(listenOptions(options), {
    purpose: "front",
    backlog: listenBacklog,
    fronts: workers,
  });
  closeUnwanted([sockets]);
  let named: PreparedPidfile | null = null, pidfile: Pidfile | null = null;
  let proxy: Configured | null = null;
  const signals = listenForSignals();
  const service = serviceManager();
  try {
    named = options.pidfile === null ? null : preparePidfile(options.pidfile);
    // What follows another process takes its name last.
    if (!follows) pidfile = named?.publish() ?? null;
    await sockets.open();
    if (workers > 1 || runAs !== null) {
      const { SeveralFronts } = await import("./several.ts");
      const several = proxy = new SeveralFronts(options, raw, sockets);
      await several.start();
    } else {
      const reread = raw.config === undefined ? null : () => readProxyOptions(raw);
      proxy = new RunningProxy(options, sockets.ofOurs(), reread);
    }
    await takeOver([sockets], () => {
      if (follows) pidfile = named?.publish() ?? null;
    });
    announce(options, proxy.addresses);
    service.ready();
    const upgrades = new Upgrades({
      sockets: [sockets],
      paths: [],
      service,
      bootTimeout: DEFAULTS.bootTimeout,
    });
    await serveUntilStopped(proxy, sockets, signals, service, upgrades);
    return 0;
  } finally {
    service.close();
    sockets.release();
    await proxy?.end();
    named?.discard();
    pidfile?.remove();
    signals.close();
    await flushOutput();
  }
}

/** Who may connect to a unix socket is who the proxy's processes run as. */
function listenOptions({ listen, runAs: owner }: ProxyOptions): ListenOption[] {
  return listen.map((option) =>
    option.transport === "unix" && owner !== null ? { ...option, owner: option.owner ?? owner } : option
  );
}

async function serveUntilStopped(
  proxy: Configured,
  sockets: ListeningSockets,
  signals: SignalQueue,
  service: ServiceManager,
  upgrades: Upgrades,
): Promise<void> {
  const once = new OnceMore(() => service.during(proxy.reload()));
  const reloads = new HeldReloads(upgrades, () => once.ask());
  const upgraded = Promise.withResolvers<Successor>();
  signals.onOther((intent) => {
    if (intent === "reload") reloads.signal();
    else if (intent === "reopen") proxy.reopenLogs();
    else upgrades.ask().then(upgraded.resolve, () => {}); // the log has it
  });
  const end = await Promise.race([signals.nextStop(), upgraded.promise]);
  if (typeof end === "string") {
    await upgrades.cancel();
    service.stopping();
    if (end === "stop-now") return;
    logInfo(`Stopping: requests in flight have ${proxy.gracefulTimeout / 1_000} s to end`);
  }
  sockets.release(typeof end === "string" ? [] : end.used);
  // A second signal ends what the first one waits for.
  await Promise.race([proxy.drain(proxy.gracefulTimeout), signals.nextStop()]);
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
  const names = target.transport === "unix" || target.protocol === "uwsgi";
  return `${names ? "" : "http://"}${formatAddress(target)}`;
}
