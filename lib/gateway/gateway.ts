/**
 * The gateway's role: claims its addresses and its pid file, keeps a worker running, puts a front before it for TCP, and
 * ends them in the order in which nothing is lost.
 *
 * @module
 */
import { formatAddress } from "../config/address.ts";
import type { GatewayOptions, ListenAddress } from "../config/options.ts";
import type { Front } from "../front/front.ts";
import { type AccessLog, openAccessLog } from "../observe/access_log.ts";
import { type BannerRow, printBanner } from "../observe/banner.ts";
import { logInfo } from "../observe/log.ts";
import type { WorkerOptions, WorkerReady } from "../process/messages.ts";
import { type Pidfile, writePidfile } from "../process/pidfile.ts";
import { makePrivateDirectory, type PrivateDirectory } from "../process/private_dir.ts";
import { listenForSignals } from "../process/signals.ts";
import { claimSocketPath, type FileIdentity, removeSocket } from "../process/unix_path.ts";
import { WorkerHandle } from "../process/worker_handle.ts";
import { WorkerSlot } from "../process/worker_slot.ts";
import { VERSION } from "../version.ts";

/**
 * Runs `stackd gateway` until it is told to stop.
 *
 * @returns The exit code.
 * @throws {StackdError} When it cannot start. Then nothing is left behind.
 */
export async function runGateway(options: GatewayOptions): Promise<number> {
  const signals = listenForSignals();
  const gateway = new Gateway(options);
  try {
    await gateway.claim();
    const started = gateway.start();
    started.catch(() => {}); // seen below, unless a signal came first
    const intent = signals.nextStop();
    if (await Promise.race([started, intent]) !== undefined) return 0;
    gateway.announce();
    const now = await intent === "stop-now";
    // A second signal ends what the first one waits for.
    await Promise.race([gateway.stop(now), signals.nextStop()]);
    return 0;
  } finally {
    await gateway.end();
    signals.close();
  }
}

/** What runs in a gateway, and what it has put into the world. */
class Gateway {
  readonly #options: GatewayOptions;
  #directory: PrivateDirectory | null = null;
  #pidfile: Pidfile | null = null;
  #accessLog: AccessLog | null = null;
  #slot: WorkerSlot | null = null;
  #front: Front | null = null;
  /** What the worker said when it was last ready. */
  #ready: WorkerReady | null = null;
  #ended = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Takes what only one process may have, before anything is started. */
  async claim(): Promise<void> {
    const { socket, pidfile } = this.#options;
    if (socket !== null) await claimSocketPath(socket);
    if (pidfile !== null) this.#pidfile = writePidfile(pidfile);
  }

  /** Starts the worker, and the front when it is ready. */
  async start(): Promise<void> {
    const { bootTimeout, http } = this.#options;
    // Requests on the public socket are logged by the worker, which opens the same log for itself.
    const accessLog = this.#accessLog = openAccessLog(http.length === 0 ? { kind: "off" } : this.#options.accessLog);
    const directory = this.#directory = makePrivateDirectory();
    const privateSocket = `${directory.path}/worker.sock`;
    const worker = workerOptions(this.#options, http.length === 0 ? null : privateSocket);
    // The front is the larger part of the program: it is loaded where there is one, while the worker starts.
    const loading = http.length === 0 ? null : import("./front.ts");
    this.#slot = new WorkerSlot(
      worker.workerId,
      () => new WorkerHandle({ options: worker, directory, bootTimeout }),
      (ready) => this.#ready = ready,
    );
    await this.#slot.start();
    if (loading === null) return;
    const { startGatewayFront } = await loading;
    if (this.#ended) return;
    try {
      this.#front = startGatewayFront(this.#options, privateSocket, accessLog);
    } catch (thrown) {
      await this.#slot.stop(0); // what onStart began, onStop ends
      throw thrown;
    }
  }

  /** Prints what runs where. */
  announce(): void {
    const { socket, socketMode, module } = this.#options;
    const rows: BannerRow[] = [];
    if (socket !== null) rows.push(["socket", `${socket} (mode ${socketMode.toString(8)})`]);
    for (const address of this.#front?.addresses ?? []) rows.push(["http", describe(address)]);
    rows.push(["module", `${module} (${this.#ready?.handler})`], ["workers", "1"], ["pid", String(Deno.pid)]);
    printBanner(`stackd ${VERSION} gateway`, rows);
  }

  /**
   * Ends serving: new clients are refused first, then the requests in flight end, then the worker does.
   *
   * @param now Whether requests in flight are cut off instead.
   */
  async stop(now: boolean): Promise<void> {
    const { gracefulTimeout } = this.#options;
    const deadline = performance.now() + (now ? 0 : gracefulTimeout);
    const left = () => Math.max(0, deadline - performance.now());
    if (!now) logInfo(`Stopping: requests in flight have ${gracefulTimeout / 1_000} s to end`);
    this.#removeSocket();
    // The front's requests end in the worker: it goes last.
    if (now) this.#front?.close();
    else await this.#front?.drain(left());
    await this.#slot?.stop(left());
  }

  /** Ends at once whatever still runs, and removes what this gateway has put into the world. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#front?.close();
    this.#slot?.kill();
    await this.#slot?.stop(0);
    this.#removeSocket();
    this.#pidfile?.remove();
    this.#directory?.remove();
    await this.#accessLog?.close();
  }

  #removeSocket(): void {
    const { socket } = this.#options;
    const identity: FileIdentity | null = this.#ready?.socket ?? null;
    if (socket !== null && identity !== null) removeSocket(socket, identity);
  }
}

/** An address as one can open it; an empty host is every address. */
function describe(address: ListenAddress): string {
  if (address.transport === "unix") return formatAddress(address);
  return `http://${address.hostname === "" ? `*:${address.port}` : formatAddress(address)}`;
}

function workerOptions(options: GatewayOptions, privateSocket: string | null): WorkerOptions {
  const { module, exportName, socket, socketMode, socketOwner, trustedProxies, accessLog } = options;
  return {
    workerId: 1,
    module,
    exportName,
    socket: socket === null ? null : { path: socket, mode: socketMode, owner: socketOwner },
    privateSocket,
    trustedProxies,
    accessLog,
  };
}
