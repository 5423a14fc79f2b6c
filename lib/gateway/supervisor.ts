/**
 * The processes of a gateway: its apps with their workers, a front where there is to be one, and how one generation follows
 * another, for all apps together. It never touches a client's byte.
 *
 * @module
 */
import type { GatewayOptions, ListenAddress } from "../config/options.ts";
import { workingDirectory } from "../config/working_directory.ts";
import { explain, StackdError } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { waitingConnections } from "../process/backlog.ts";
import { codeCacheIn } from "../handler/code/code_cache.ts";
import { FrontHandle } from "../process/front_handle.ts";
import type { AppWorkers } from "../process/front_messages.ts";
import { FrontSlot } from "../process/front_slot.ts";
import { OnceMore } from "../process/once_more.ts";
import { makePrivateDirectory, type PrivateDirectory } from "../process/private_dir.ts";
import { prepareLog } from "../process/privileges.ts";
import type { ListeningSockets } from "../process/sockets.ts";
import type { Status } from "../process/status.ts";
import { claimSocketPath, removeDeadSocket, removeSocket } from "../process/unix_path.ts";
import { VERSION } from "../version.ts";
import { App } from "./app.ts";
import type { AppHost } from "./app_host.ts";
import { frontStart, hasFront, isDirect } from "./front_start.ts";

/** How often workers are pinged and looked after, ms. */
const WATCH_INTERVAL = 250;

/** What runs in a gateway. */
export class Supervisor {
  readonly #options: GatewayOptions;
  readonly #directory: PrivateDirectory;
  readonly #listening: ListeningSockets;
  readonly #front: FrontSlot<FrontHandle> | null;
  /** Whether the one worker serves the public socket itself. */
  readonly #direct: boolean;
  readonly #apps: readonly App[];
  readonly #reloads = new OnceMore(() => this.#reload());
  /** Which generation serves; 0 before the first does. */
  #number = 0;
  /** The text of the module that came on standard input; null for none, and before it is known. */
  #input: string | null = null;
  #watcher: ReturnType<typeof setInterval> | undefined;
  #sockets = 0;
  #codes = 0;
  #ended = false;
  #holds = false;
  #removed = false;
  readonly #begun = performance.now();
  /** Called when {@linkcode files} has changed. */
  onCode: (() => void) | null = null;

  /**
   * @param listening What the front is to accept on, not open yet.
   */
  constructor(options: GatewayOptions, listening: ListeningSockets) {
    this.#options = options;
    this.#listening = listening;
    this.#directory = makePrivateDirectory(options.runAs, options.apps);
    this.#direct = isDirect(options);
    this.#front = hasFront(options) ? new FrontSlot("The front", (listen) => this.#spawnFront(listen)) : null;
    const host = this.#makeHost();
    this.#apps = options.apps.map((app) => new App(app, host));
  }

  #makeHost(): AppHost {
    const changed = async () => await this.#front?.current?.serve(this.#serving);
    return {
      options: this.#options,
      input: () => this.#input,
      directory: this.#directory,
      direct: this.#direct,
      newSocket: () => this.#front === null ? null : `${this.#directory.path}/${++this.#sockets}.sock`,
      cache: codeCacheIn(this.#options.codeCache),
      newCode: () => `${this.#directory.path}/code-${++this.#codes}`,
      changed,
      prepared: () => this.onCode?.(),
      silenced: () => this.#front?.current?.avoid(this.#apps.flatMap(({ silent }) => silent)),
      stuck: ({ name, pid, options: { privateSocket } }) => {
        if (privateSocket !== null) this.#front?.current?.logInside(privateSocket, `${name} (pid ${pid})`);
      },
    };
  }

  /** Where the front listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#front?.addresses ?? [];
  }

  /** What each app serves, for people, in the order of the options. */
  get handlers(): readonly string[] {
    return this.#apps.map(({ handler }) => handler);
  }

  /** Everything that the apps' code depends on. */
  get files(): readonly string[] {
    return this.#apps.flatMap(({ files }) => files);
  }

  /** Whether one of these has changed since the code was prepared last. */
  get isStale(): boolean {
    return this.#apps.some((app) => app.isStale);
  }

  get #serving(): AppWorkers[] {
    return this.#apps.map(({ serving }) => serving);
  }

  /** Lets the first workers' processes come up, which takes longest. They do nothing before {@linkcode start}. */
  launch(): void {
    for (const app of this.#apps) app.launch(1);
  }

  /**
   * Starts the workers, then the front; in between, what `before` does for who will serve. Throws `StackdError` when either cannot
   * serve.
   *
   * @param input The text of the module that came on standard input; null for none.
   */
  async start(before: () => Promise<void>, input: string | null = null): Promise<void> {
    this.#input = input;
    prepareLog(this.#options.accessLog, this.#options.runAs);
    await this.#prepare(1);
    if (this.#ended) return;
    this.#switch(1);
    try {
      await this.#listening.open();
      await before();
      await this.#front?.start();
    } catch (thrown) {
      await Promise.all(this.#apps.map((app) => app.stop(0))); // what onStart began, onStop ends
      throw thrown;
    }
    this.#watcher = setInterval(() => {
      for (const app of this.#apps) app.watch(performance.now(), !this.#holds);
      this.#front?.current?.count();
    }, WATCH_INTERVAL);
  }

  /** Starts a generation of every app. Throws what is wrong with the first that cannot serve; then none of them is left. */
  async #prepare(number: number): Promise<void> {
    const prepared = this.#apps.map((app) => app.prepare(number));
    try {
      await Promise.all(prepared);
    } catch (thrown) {
      await Promise.all(this.#apps.map((app) => app.discard()));
      await Promise.allSettled(prepared);
      throw thrown;
    }
  }

  /** Lets what was prepared take over. Gives what ends the generation before. */
  #switch(number: number): () => void {
    const retire = this.#apps.map((app) => app.switch());
    this.#number = number;
    return () => {
      for (const end of retire) end();
    };
  }

  /** `again`: where the one before listened; null for the first. */
  async #spawnFront(again: readonly ListenAddress[] | null): Promise<FrontHandle> {
    const listen = again ?? this.#listening.of(0);
    for (const address of listen) {
      // A front that was killed has left the file of a socket that it had opened itself.
      if (address.transport === "unix" && address.descriptor === undefined) await claimSocketPath(address.path);
    }
    return new FrontHandle(frontStart(this.#options, listen), this.#directory, this.#serving);
  }

  /**
   * Loads the handlers anew: a new generation of every app starts, and takes over when all of its workers serve, for all apps at
   * one moment; then the old one finishes its requests. Asked again meanwhile, it does so once more afterwards.
   *
   * @throws {StackdError} When one app's new generation cannot serve; the old one of all goes on. The log has it, too.
   */
  reload(): Promise<void> {
    return this.#reloads.ask();
  }

  async #reload(): Promise<void> {
    const ends = () => new StackdError("STACKD_CONTROL", "Cannot reload: the gateway is told to end", { exitCode: 1 });
    if (this.#ended) throw ends();
    const before = this.#number, number = before + 1;
    logInfo(`Reloading: generation ${number} is started`);
    try {
      await this.#prepare(number);
    } catch (thrown) {
      if (this.#ended) throw ends();
      logError(`Cannot reload, generation ${before} goes on: ${explain(thrown)}`);
      this.#tellBroken(explain(thrown));
      throw thrown;
    }
    const retire = this.#switch(number);
    await this.#front?.current?.serve(this.#serving);
    logInfo(`Reloaded: generation ${number} serves, generation ${before} finishes its requests`);
    retire();
  }

  /** Settles when no worker takes another one's place, its socket with it; until what it gives is called, none begins to without need. */
  async hold(): Promise<() => void> {
    this.#holds = true;
    await this.#reloads.idle();
    await Promise.all(this.#apps.map((app) => app.settled()));
    return () => void (this.#holds = false);
  }

  /** Lets browsers see why there is no newer generation. */
  #tellBroken(text: string): void {
    if (!this.#options.watch) return;
    for (const app of this.#apps) app.tellBroken(text);
  }

  /**
   * One worker more, or one less.
   *
   * @param prefix The app's; null where there is one app only.
   * @returns How many it is to have now.
   * @throws {StackdError} `STACKD_USAGE` when that cannot be: the worker serves the public socket itself, or is the last; there
   * is no such app, or it is not said which.
   */
  changeWorkers(by: 1 | -1, prefix: string | null): number {
    const refuse = (state: string) => new StackdError("STACKD_USAGE", `Cannot change the number of workers: ${state}`);
    if (this.#direct) {
      throw refuse(
        "the one there is serves the socket itself, start the gateway with --front, or with several workers",
      );
    }
    const app = prefix === null && this.#apps.length === 1
      ? this.#apps[0]
      : this.#apps.find(({ options }) => options.prefix === prefix);
    if (app === undefined) {
      const mounted = this.#apps.map(({ options }) => `"${options.prefix}"`).join(", ");
      throw refuse(
        prefix === null
          ? `say which app's, --app with one of ${mounted}`
          : `no app is mounted at "${prefix}", but at ${mounted}`,
      );
    }
    const size = app.resize(by);
    if (size === 0) throw new StackdError("STACKD_USAGE", "Cannot end the last worker: stop the gateway");
    return size;
  }

  /** What there is to know from outside. */
  status(): Status {
    const workers = this.#apps.flatMap((app) => app.status());
    const listen = this.#direct && this.#options.socket !== null
      ? [{ transport: "unix" as const, path: this.#options.socket }, ...this.addresses]
      : this.addresses;
    const front = this.#front?.current ?? null;
    return {
      version: VERSION,
      state: this.#ended ? "draining" : this.#watcher === undefined ? "starting" : "ready",
      pid: Deno.pid,
      uid: Deno.uid(),
      gid: Deno.gid(),
      cwd: workingDirectory(),
      uptime: performance.now() - this.#begun,
      generation: this.#number,
      listen,
      inFlight: workers.reduce((sum, { inFlight }) => sum + inFlight, 0),
      listenQueue: waitingConnections(listen),
      fronts: front === null ? [] : [{ pid: front.pid, state: front.state, ...front.counts }],
      workers,
    };
  }

  /** Opens log files anew. */
  reopenLogs(): void {
    prepareLog(this.#options.accessLog, this.#options.runAs);
    this.#front?.reopen();
    for (const app of this.#apps) app.reopenLogs();
  }

  /**
   * Ends serving: new clients are refused first, then the requests in flight end, then the workers do.
   *
   * @param now Whether requests in flight are cut off instead.
   * @param takenOver The descriptors of sockets that another process goes on with: these refuse nobody.
   */
  async stop(now: boolean, takenOver: readonly number[] = []): Promise<void> {
    clearInterval(this.#watcher);
    this.#ended = true;
    const deadline = performance.now() + (now ? 0 : this.#options.gracefulTimeout);
    const left = () => Math.max(0, deadline - performance.now());
    for (const app of this.#apps) app.abandon();
    if (this.#direct) this.#removeSocket();
    this.#listening.release(takenOver);
    // The front's requests end in the workers: they go last.
    if (now) await this.#front?.end();
    else await this.#front?.stop(left());
    await Promise.all(this.#apps.map((app) => app.stop(left())));
  }

  /** Ends at once whatever still runs, and removes what it has put into the world. */
  async end(): Promise<void> {
    clearInterval(this.#watcher);
    this.#ended = true;
    const killed = this.#apps.map((app) => app.kill());
    await this.#front?.end();
    await Promise.all(killed);
    this.#removeSocket();
    this.#listening.release();
    for (const address of this.addresses) {
      // A front that is not root cannot remove a socket from root's directory.
      if (address.transport === "unix" && address.descriptor === undefined) await removeDeadSocket(address.path);
    }
    this.#directory.remove();
  }

  #removeSocket(): void {
    const { socket } = this.#options, identity = this.#apps[0]?.socket ?? null;
    // Once: afterwards the system may give its number to another file, as to the socket of the process that follows this one.
    if (socket === null || identity === null || this.#removed) return;
    this.#removed = true;
    removeSocket(socket, identity);
  }
}
