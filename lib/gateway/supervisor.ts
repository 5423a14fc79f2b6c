/**
 * The processes of a gateway: a generation of workers, a front where there is to be one, and how one generation follows
 * another. It never touches a client's byte.
 *
 * @module
 */
import type { GatewayOptions, ListenAddress } from "../config/options.ts";
import { explain, messageOf, StackdError } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { FrontHandle } from "../process/front_handle.ts";
import type { FrontStart } from "../process/front_messages.ts";
import { FrontSlot } from "../process/front_slot.ts";
import { Generation } from "../process/generation.ts";
import type { WorkerOptions } from "../process/messages.ts";
import { makePrivateDirectory, type PrivateDirectory } from "../process/private_dir.ts";
import type { Status } from "../process/status.ts";
import { claimSocketPath, removeSocket } from "../process/unix_path.ts";
import { WorkerHandle } from "../process/worker_handle.ts";
import { VERSION } from "../version.ts";

/** How often workers are pinged and looked after, ms. */
const WATCH_INTERVAL = 250;

/** What runs in a gateway. */
export class Supervisor {
  readonly #options: GatewayOptions;
  readonly #directory: PrivateDirectory;
  readonly #front: FrontSlot<FrontHandle> | null;
  /** Whether the one worker serves the public socket itself. */
  readonly #direct: boolean;
  #generation: Generation;
  /** The generation that is to take over, while it starts. */
  #next: Generation | null = null;
  /** Generations that finish their requests. */
  readonly #retiring = new Set<Promise<void>>();
  #reloading: Promise<void> | null = null;
  #watcher: ReturnType<typeof setInterval> | undefined;
  #spawned = 0;
  /** How many workers a generation has. */
  #size: number;
  #ended = false;
  readonly #begun = performance.now();

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#directory = makePrivateDirectory();
    const { http, socket, workers, front } = options;
    this.#direct = socket !== null && workers === 1 && !front;
    const needsFront = http.length > 0 || (socket !== null && !this.#direct);
    this.#front = needsFront ? new FrontSlot("The front", (listen) => this.#spawnFront(listen)) : null;
    this.#size = workers;
    this.#generation = this.#makeGeneration(1);
  }

  /** Where the front listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#front?.addresses ?? [];
  }

  /** What is served, for people. */
  get handler(): string {
    return this.#generation.ready?.handler ?? "";
  }

  /** Starts the workers, then the front. Throws `StackdError` when either cannot serve. */
  async start(): Promise<void> {
    await this.#generation.start();
    if (this.#ended) return;
    try {
      await this.#front?.start();
    } catch (thrown) {
      await this.#generation.stop(0); // what onStart began, onStop ends
      throw thrown;
    }
    this.#watcher = setInterval(() => this.#generation.watch(performance.now()), WATCH_INTERVAL);
  }

  #makeGeneration(number: number): Generation {
    const { maxRequests, maxRss, maxLifetime, pingTimeout, gracefulTimeout, bootTimeout, env, chdir } = this.#options;
    return new Generation({
      number,
      size: this.#size,
      recycle: { maxRequests, maxRss, maxLifetime },
      pingTimeout,
      gracefulTimeout,
      spawn: (id) => {
        const options = this.#workerOptions(id);
        return new WorkerHandle({ options, directory: this.#directory, bootTimeout, env, cwd: chdir });
      },
      onStuck: ({ name, pid, options: { privateSocket } }) => {
        if (privateSocket !== null) this.#front?.current?.logInside(privateSocket, `${name} (pid ${pid})`);
      },
      onChange: async (generation) => {
        if (generation === this.#generation) await this.#front?.current?.serve(socketsOf(generation));
      },
    });
  }

  #workerOptions(workerId: number): WorkerOptions {
    const { module, exportName, socket, socketMode, socketOwner, trustedProxies, accessLog, requestTimeout } =
      this.#options;
    // Every process has a socket of its own, so that no request meant for one can reach another.
    const privateSocket = this.#front === null ? null : `${this.#directory.path}/${++this.#spawned}.sock`;
    const own = this.#direct && socket !== null ? { path: socket, mode: socketMode, owner: socketOwner } : null;
    return { workerId, module, exportName, socket: own, privateSocket, trustedProxies, accessLog, requestTimeout };
  }

  #spawnFront(listen: readonly ListenAddress[] | null): Promise<FrontHandle> {
    const { http, socket: path, socketMode: mode, socketOwner: owner } = this.#options;
    if (listen !== null || this.#direct || path === null) return this.#makeFront(listen ?? http);
    // How large a body may be is the business of the proxy that stands before a unix socket.
    return this.#makeFront([{ transport: "unix", path, mode, owner, maxBody: 0 }, ...http]);
  }

  async #makeFront(listen: readonly ListenAddress[]): Promise<FrontHandle> {
    // A front that was killed has left its socket's file.
    for (const address of listen) if (address.transport === "unix") await claimSocketPath(address.path);
    return new FrontHandle(this.#frontStart(listen), this.#directory, socketsOf(this.#generation));
  }

  #frontStart(listen: readonly ListenAddress[]): FrontStart {
    const { limits, upstream, requestTimeout, trustedProxies, accessLog, workerRequests, queue, queueTimeout } =
      this.#options;
    return {
      listen,
      limits,
      upstream: { ...upstream, readTimeout: requestTimeout, streamTimeout: upstream.readTimeout },
      trustedProxies,
      accessLog,
      workerRequests,
      queue,
      queueTimeout,
    };
  }

  /**
   * Loads the handler anew: a new generation starts, and takes over when all of its workers serve; then the old one finishes its
   * requests. Asked again meanwhile, it does so once more afterwards.
   *
   * @throws {StackdError} When the new generation cannot serve; the old one goes on. The log has it, too.
   */
  reload(): Promise<void> {
    const before = this.#reloading;
    if (before !== null && this.#again !== null) return this.#again;
    const reload = before === null ? this.#reload() : before.catch(() => {}).then(() => {
      this.#again = null;
      return this.#reload();
    });
    if (before === null) this.#reloading = reload;
    else this.#again = this.#reloading = reload;
    const done = () => {
      if (this.#reloading === reload) this.#reloading = null;
    };
    reload.then(done, done);
    return reload;
  }

  /** The reload that was asked for while another one was under way. */
  #again: Promise<void> | null = null;

  async #reload(): Promise<void> {
    if (this.#ended) return;
    const old = this.#generation, number = old.number + 1;
    logInfo(`Reloading: generation ${number} is started`);
    const next = this.#next = this.#makeGeneration(number);
    try {
      await next.start();
    } catch (thrown) {
      if (this.#ended) return;
      logError(`Cannot reload, generation ${old.number} goes on: ${explain(thrown)}`);
      throw thrown;
    } finally {
      this.#next = null;
    }
    this.#generation = next;
    await this.#front?.current?.serve(socketsOf(next));
    logInfo(`Reloaded: generation ${number} serves, generation ${old.number} finishes its requests`);
    const retired = old.stop(this.#options.gracefulTimeout).then(() => {
      this.#retiring.delete(retired);
    });
    this.#retiring.add(retired);
  }

  /**
   * One worker more, or one less.
   *
   * @returns How many there are to be now.
   * @throws {StackdError} `STACKD_USAGE` when that cannot be: the worker serves the public socket itself, or is the last.
   */
  changeWorkers(by: 1 | -1): number {
    if (this.#direct) {
      const cure = "start the gateway with --front, or with several workers";
      throw new StackdError(
        "STACKD_USAGE",
        `Cannot change the number of workers: the one there is serves the socket itself, ${cure}`,
      );
    }
    if (this.#size + by < 1) throw new StackdError("STACKD_USAGE", "Cannot end the last worker: stop the gateway");
    this.#size += by;
    this.#generation.resize(by).catch((thrown) => {
      this.#size -= by;
      logError(`Cannot start another worker: ${messageOf(thrown)}`);
    });
    return this.#size;
  }

  /** What there is to know from outside. */
  status(): Status {
    const workers = this.#generation.status();
    return {
      version: VERSION,
      state: this.#ended ? "draining" : this.#watcher === undefined ? "starting" : "ready",
      pid: Deno.pid,
      uid: Deno.uid(),
      gid: Deno.gid(),
      cwd: Deno.cwd(),
      uptime: performance.now() - this.#begun,
      generation: this.#generation.number,
      listen: this.#direct && this.#options.socket !== null
        ? [{ transport: "unix", path: this.#options.socket }, ...this.addresses]
        : this.addresses,
      inFlight: workers.reduce((sum, { inFlight }) => sum + inFlight, 0),
      queued: 0,
      workers,
    };
  }

  /** Opens log files anew. */
  reopenLogs(): void {
    this.#front?.reopen();
    this.#generation.reopenLogs();
  }

  /**
   * Ends serving: new clients are refused first, then the requests in flight end, then the workers do.
   *
   * @param now Whether requests in flight are cut off instead.
   */
  async stop(now: boolean): Promise<void> {
    clearInterval(this.#watcher);
    this.#ended = true;
    const deadline = performance.now() + (now ? 0 : this.#options.gracefulTimeout);
    const left = () => Math.max(0, deadline - performance.now());
    this.#next?.kill();
    if (this.#direct) this.#removeSocket();
    // The front's requests end in the workers: they go last.
    if (now) await this.#front?.kill();
    else await this.#front?.stop(left());
    await Promise.all([this.#generation.stop(left()), ...this.#retiring]);
  }

  /** Ends at once whatever still runs, and removes what it has put into the world. */
  async end(): Promise<void> {
    clearInterval(this.#watcher);
    this.#ended = true;
    this.#next?.kill();
    this.#generation.kill();
    await this.#front?.kill();
    await this.#generation.stop(0);
    this.#removeSocket();
    this.#directory.remove();
  }

  #removeSocket(): void {
    const { socket } = this.#options;
    const identity = this.#generation.ready?.socket ?? null;
    if (socket !== null && identity !== null) removeSocket(socket, identity);
  }
}

function socketsOf(generation: Generation): string[] {
  return generation.serving.flatMap(({ privateSocket }) => privateSocket ?? []);
}
