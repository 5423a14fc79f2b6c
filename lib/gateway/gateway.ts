/**
 * The gateway's role: claims its addresses and its pid file, acts on what it is asked for, and ends what it started in the
 * order in which nothing is lost.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import { STANDARD_INPUT } from "../config/module.ts";
import type { GatewayOptions, ListenAddress } from "../config/options.ts";
import { type BannerRow, printBanner } from "../observe/banner.ts";
import { logInfo, setLogLevel } from "../observe/log.ts";
import { flushOutput, neverBlockOnOutput } from "../observe/output.ts";
import { HeldReloads } from "../process/held_reloads.ts";
import { inheritance } from "../process/inheritance.ts";
import { type Pidfile, type PreparedPidfile, preparePidfile } from "../process/pidfile.ts";
import { type ServiceManager, serviceManager } from "../process/service_manager.ts";
import type { ClientServer } from "../process/client_server.ts";
import { listenForSignals, type SignalQueue } from "../process/signals.ts";
import { closeUnwanted, ListeningSockets } from "../process/sockets.ts";
import { takeOver } from "../process/takeover.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { type Successor, Upgrades } from "../process/upgrade.ts";
import { VERSION } from "../version.ts";
import { checkConfinement } from "./confinement.ts";
import { frontListens, isDirect } from "./front_start.ts";
import { readInputModule } from "./input_module.ts";
import { serverPaths, startServers } from "./servers.ts";
import { Supervisor } from "./supervisor.ts";
import { watchFor } from "./watch.ts";

/** Clients of the status are few. */
const STATUS_BACKLOG = 128;
/** A signal came before there was anything to stop. */
const STOPPED: unique symbol = Symbol("stopped");

/**
 * Runs `stackd gateway` until it is told to stop.
 *
 * @returns The exit code.
 * @throws {StackdError} When it cannot start. Then nothing is left behind.
 */
export async function runGateway(options: GatewayOptions): Promise<number> {
  neverBlockOnOutput();
  setLogLevel(options.logLevel);
  checkConfinement(options);
  const signals = listenForSignals();
  const service = serviceManager();
  const follows = inheritance().predecessor !== null;
  const listening = new ListeningSockets(frontListens(options), { purpose: "front", backlog: options.listenBacklog });
  const { socket, status } = options, direct = isDirect(options);
  const statusAddresses = status?.transport === "tcp" ? [status] : [];
  const statusSockets = new ListeningSockets(statusAddresses, { purpose: "status", backlog: STATUS_BACKLOG });
  closeUnwanted([listening, statusSockets]);
  let named: PreparedPidfile | null = null, pidfile: Pidfile | null = null;
  let supervisor: Supervisor | null = null;
  const servers: ClientServer[] = [];
  try {
    const running = supervisor = new Supervisor(options, listening);
    running.launch();
    await (direct && socket !== null ? claimSocketPath(socket) : listening.claim());
    named = options.pidfile === null ? null : preparePidfile(options.pidfile);
    // What follows another process takes its name last.
    if (!follows) pidfile = named?.publish() ?? null;
    const stop = signals.nextStop();
    const input = await Promise.race([readInputModule(options.apps), stop.then((): typeof STOPPED => STOPPED)]);
    if (input === STOPPED) return 0;
    const upgrades = new Upgrades({
      sockets: [listening, statusSockets],
      paths: [...(direct && socket !== null ? [socket] : []), ...serverPaths(options)],
      service,
      hold: () => running.hold(),
      bootTimeout: options.bootTimeout,
      input,
    });
    const reloads = new HeldReloads(upgrades, () => service.during(running.reload()));
    const asked = Promise.withResolvers<"stop" | Successor>();
    const started = running.start(async () => {
      const retire = () => void upgrades.ask().then(asked.resolve);
      const control = { stop: () => asked.resolve("stop"), retire, upgrades, reloads };
      await startServers(options, running, statusSockets, control, servers);
    }, input);
    started.catch(() => {}); // seen below, unless a signal came first
    if (await Promise.race([started, stop]) !== undefined) return 0;
    await takeOver([listening, statusSockets], () => {
      if (follows) pidfile = named?.publish() ?? null;
    });
    // Before anybody hears that it serves, and changes a file.
    const watch = watchFor(options, running, () => void reloads.signal());
    announce(options, supervisor);
    service.ready();
    signals.onOther((intent) => {
      if (intent === "upgrade") upgrades.ask().then(asked.resolve, () => {}); // the log has it
      else if (intent === "reopen") running.reopenLogs();
      else reloads.signal();
    });
    const end = await Promise.race([stop, asked.promise]);
    watch?.close();
    await upgrades.cancel();
    if (typeof end === "string") await stopServing(options, supervisor, signals, service, end === "stop-now");
    else {
      for (const server of servers) server.refuseNew();
      const answered = servers.map((server) => server.answered());
      await Promise.race([Promise.all([supervisor.stop(false, end.used), ...answered]), signals.nextStop()]);
    }
    return 0;
  } finally {
    service.close();
    for (const server of servers) server.close();
    statusSockets.release();
    await supervisor?.end();
    listening.release();
    named?.discard();
    pidfile?.remove();
    signals.close();
    await flushOutput();
  }
}

async function stopServing(
  { gracefulTimeout }: GatewayOptions,
  supervisor: Supervisor,
  signals: SignalQueue,
  service: ServiceManager,
  now: boolean,
): Promise<void> {
  service.stopping();
  if (!now) logInfo(`Stopping: requests in flight have ${gracefulTimeout / 1_000} s to end`);
  // A second signal ends what the first one waits for.
  await Promise.race([supervisor.stop(now), signals.nextStop()]);
}

function announce(options: GatewayOptions, supervisor: Supervisor): void {
  const { socket, socketMode, apps, staticMaps, workers } = options;
  const rows: BannerRow[] = [];
  if (socket !== null) rows.push(["socket", `${socket} (mode ${socketMode.toString(8)})`]);
  for (const address of supervisor.addresses) {
    if (address.uwsgi !== undefined) rows.push(["uwsgi", describeUwsgi(address, socketMode)]);
    else if (address.transport === "tcp") rows.push(["http", describe(address)]);
  }
  for (const [index, { prefix, module }] of apps.entries()) {
    const name = module === STANDARD_INPUT ? "standard input, read once: a reload loads the same text" : module;
    const what = `${name} (${supervisor.handlers[index] ?? ""})`;
    rows.push(prefix === "/" ? ["module", what] : ["mount", `${prefix} ${what}`]);
  }
  for (const { prefix, root } of staticMaps) rows.push(["static", `${prefix} ${root}`]);
  rows.push(["workers", apps.length === 1 ? String(workers) : `${workers} each`], ["pid", String(Deno.pid)]);
  printBanner(`stackd ${VERSION} gateway`, rows);
}

/** An address as one can open it; an empty host is every address. */
function describe(address: ListenAddress): string {
  if (address.transport === "unix") return formatAddress(address);
  return `http://${address.hostname === "" ? `*:${address.port}` : formatAddress(address)}`;
}

/** The same, for what has no URL. */
function describeUwsgi(address: ListenAddress, mode: number): string {
  if (address.transport === "unix") return `${address.path} (mode ${mode.toString(8)})`;
  return address.hostname === "" ? `*:${address.port}` : formatAddress(address);
}
