/**
 * The gateway's role: claims its addresses and its pid file, acts on what it is asked for, and ends what it started in the
 * order in which nothing is lost.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { GatewayOptions, ListenAddress } from "../config/options.ts";
import { type BannerRow, printBanner } from "../observe/banner.ts";
import { logInfo } from "../observe/log.ts";
import { watchFiles } from "../process/file_watch.ts";
import { type Pidfile, writePidfile } from "../process/pidfile.ts";
import { type ServiceManager, serviceManager } from "../process/service_manager.ts";
import type { ClientServer } from "../process/status.ts";
import { listenForSignals, type SignalQueue } from "../process/signals.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { VERSION } from "../version.ts";
import { Supervisor } from "./supervisor.ts";

/**
 * Runs `stackd gateway` until it is told to stop.
 *
 * @returns The exit code.
 * @throws {StackdError} When it cannot start. Then nothing is left behind.
 */
export async function runGateway(options: GatewayOptions): Promise<number> {
  const signals = listenForSignals();
  const service = serviceManager();
  let pidfile: Pidfile | null = null;
  let supervisor: Supervisor | null = null;
  const servers: ClientServer[] = [];
  try {
    if (options.socket !== null) await claimSocketPath(options.socket);
    if (options.pidfile !== null) pidfile = writePidfile(options.pidfile);
    supervisor = new Supervisor(options);
    const started = supervisor.start();
    started.catch(() => {}); // seen below, unless a signal came first
    const stop = signals.nextStop();
    if (await Promise.race([started, stop]) !== undefined) return 0;
    const asked = Promise.withResolvers<"stop">();
    servers.push(...await startServers(options, supervisor, () => asked.resolve("stop")));
    announce(options, supervisor);
    service.ready();
    await serveUntilStopped(options, supervisor, signals, service, Promise.race([stop, asked.promise]));
    return 0;
  } finally {
    service.close();
    for (const server of servers) server.close();
    await supervisor?.end();
    pidfile?.remove();
    signals.close();
  }
}

/** The control socket and the status server, as far as they are wanted. */
async function startServers(
  { control, status }: GatewayOptions,
  supervisor: Supervisor,
  stop: () => void,
): Promise<ClientServer[]> {
  const servers: ClientServer[] = [];
  if (control !== null) {
    const { startControl } = await import("../process/control.ts");
    servers.push(
      await startControl(control, {
        status: () => supervisor.status(),
        reload: () => supervisor.reload(),
        stop,
        changeWorkers: (by) => supervisor.changeWorkers(by),
      }),
    );
  }
  if (status !== null) {
    const { startStatusServer } = await import("../process/status.ts");
    servers.push(await startStatusServer(status, () => supervisor.status()));
  }
  return servers;
}

async function serveUntilStopped(
  options: GatewayOptions,
  supervisor: Supervisor,
  signals: SignalQueue,
  service: ServiceManager,
  first: Promise<"stop" | "stop-now">,
): Promise<void> {
  const reload = () => service.during(supervisor.reload()).catch(() => {}); // the log has it
  signals.onOther((intent) => intent === "reload" ? reload() : supervisor.reopenLogs());
  const watch = options.reloadOn.length === 0 ? null : watchFiles(options.reloadOn, reload);
  const now = await first === "stop-now";
  watch?.close();
  service.stopping();
  if (!now) logInfo(`Stopping: requests in flight have ${options.gracefulTimeout / 1_000} s to end`);
  // A second signal ends what the first one waits for.
  await Promise.race([supervisor.stop(now), signals.nextStop()]);
}

function announce({ socket, socketMode, module, workers }: GatewayOptions, supervisor: Supervisor): void {
  const rows: BannerRow[] = [];
  if (socket !== null) rows.push(["socket", `${socket} (mode ${socketMode.toString(8)})`]);
  for (const address of supervisor.addresses) if (address.transport === "tcp") rows.push(["http", describe(address)]);
  rows.push(["module", `${module} (${supervisor.handler})`], ["workers", String(workers)], ["pid", String(Deno.pid)]);
  printBanner(`stackd ${VERSION} gateway`, rows);
}

/** An address as one can open it; an empty host is every address. */
function describe(address: ListenAddress): string {
  if (address.transport === "unix") return formatAddress(address);
  return `http://${address.hostname === "" ? `*:${address.port}` : formatAddress(address)}`;
}
