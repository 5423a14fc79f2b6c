/**
 * One application of a gateway: its workers, generation after generation. When one follows another is decided for all
 * applications together, by their supervisor.
 *
 * @module
 */
import { dirname } from "@std/path";
import { inputModulePath, STANDARD_INPUT } from "../config/module.ts";
import type { AppOptions } from "../config/options.ts";
import { workingDirectory } from "../config/working_directory.ts";
import { messageOf, StackdError } from "../errors.ts";
import { mayHold } from "../handler/readable.ts";
import { prepareCode, type PreparedCode } from "../handler/code/prepare.ts";
import { logError } from "../observe/log.ts";
import type { AppWorkers } from "../process/front_messages.ts";
import { Generation } from "../process/generation.ts";
import { mayRead } from "../process/may_read.ts";
import type { WorkerStatus } from "../process/status.ts";
import type { FileIdentity } from "../process/unix_path.ts";
import { WorkerHandle } from "../process/worker_handle.ts";
import { type AppHost, workerOptions } from "./app_host.ts";
import { Learned } from "./learned.ts";

/** Workers that come up, and wait for their code. */
interface Launched {
  readonly generation: Generation;
  readonly module: string;
  /** The directory of their code, which is made with it. */
  readonly path: string;
  readonly code: PromiseWithResolvers<PreparedCode>;
  /** Settles when all of them serve; rejects with what is wrong with the first that never does. */
  readonly started: Promise<void>;
}

/** So often code is prepared anew that has changed just as it was loaded. */
const ATTEMPTS = 5;

/** An application. */
export class App {
  readonly options: AppOptions;
  readonly #host: AppHost;
  /** The generation that serves; null before the first one does. */
  #generation: Generation | null = null;
  /** The one that is to take over, while it starts and waits for those of the other apps. */
  #next: Generation | null = null;
  /** Those of it, until their code is prepared. */
  #launched: Launched | null = null;
  /** The code of each generation that has not ended. */
  readonly #codes = new Map<Generation, PreparedCode>();
  /** Generations that finish their requests. */
  readonly #retiring = new Map<Generation, Promise<void>>();
  #silent: readonly WorkerHandle[] = [];
  #size: number;
  readonly #learned = new Learned();
  /** The code that was prepared last, also when it did not load. */
  #newest: PreparedCode | null = null;
  #ended = false;
  #remembering = Promise.resolve();

  constructor(options: AppOptions, host: AppHost) {
    this.options = options;
    this.#host = host;
    this.#size = host.options.workers;
  }

  /** What is served, for people. */
  get handler(): string {
    return this.#generation?.ready?.handler ?? "";
  }

  /** The file of the public socket that its worker serves itself, as far as it does. */
  get socket(): FileIdentity | null {
    return (this.#generation ?? this.#next)?.ready?.socket ?? null;
  }

  /** Where requests for it go. */
  get serving(): AppWorkers {
    const workers = this.#generation?.serving ?? [];
    return { prefix: this.options.prefix, sockets: workers.flatMap(({ privateSocket }) => privateSocket ?? []) };
  }

  /** The private sockets of its workers that owe the answer to a ping. */
  get silent(): readonly string[] {
    return this.#silent.flatMap(({ options: { privateSocket } }) => privateSocket ?? []);
  }

  /** Starts a generation beside the one that serves. Throws what is wrong with the first of its workers that never serves. */
  async prepare(number: number): Promise<void> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#prepare(number);
      } catch (thrown) {
        const changed = thrown instanceof StackdError && thrown.code === "STACKD_HANDLER_CHANGED";
        if (!changed || attempt === ATTEMPTS || this.#ended) throw thrown;
      }
    }
  }

  async #prepare(number: number): Promise<void> {
    const { generation, module, path, code, started } = this.#launched ?? this.#launch(number);
    this.#launched = null;
    try {
      this.#host.directory.restore();
      const prepared = this.#newest = await prepareCode(module, path, {
        mayHold: this.#mayHold(module),
        text: this.#input,
        cache: this.#host.cache,
      });
      this.#codes.set(generation, prepared);
      this.#host.prepared();
      if (this.#ended || this.#next !== generation) throw new Error("given up meanwhile");
      code.resolve(prepared);
      await started;
      this.#remembering = prepared.remember();
    } catch (thrown) {
      code.reject(thrown);
      await started.catch(() => {}); // none of them is left then
      if (this.#next === generation) this.#next = null;
      this.#forget(generation);
      throw thrown;
    }
  }

  /**
   * Starts the processes of the generation that {@linkcode prepare} will be asked for, so that they come up while all else is found out:
   * they know nothing of the handler before its code is prepared.
   */
  launch(number: number): void {
    this.#launched = this.#launch(number);
  }

  #launch(number: number): Launched {
    const module = this.#modulePath(), path = this.#host.newCode();
    const code = Promise.withResolvers<PreparedCode>();
    const generation = this.#next = this.#makeGeneration(number, module, path, code.promise);
    const started = generation.start();
    started.catch(() => {}); // whoever prepares it sees that
    return { generation, module, path, code, started };
  }

  /** Which files the code may be made of, where the handler may read less than this process. */
  #mayHold(module: string): ((path: string) => boolean) | undefined {
    const { permissions } = this.options, { owner } = this.#host.directory;
    const free = permissions === null || permissions.read === "all";
    if (free && owner === null) return undefined;
    const roots = [...this.#input === null ? [dirname(module)] : [], ...free ? [] : permissions.read];
    return (path) => (free || mayHold(path, roots)) && (owner === null || mayRead(path, owner));
  }

  /** Everything that the code which was prepared last depends on. */
  get files(): readonly string[] {
    return this.#newest?.files ?? [];
  }

  /** Whether one of these has changed since. */
  get isStale(): boolean {
    return this.#newest?.isStale() ?? false;
  }

  #modulePath(): string {
    const { module } = this.options;
    return module === STANDARD_INPUT ? inputModulePath(workingDirectory()) : module;
  }

  /** The module's text, where it came on standard input. */
  get #input(): string | null {
    return this.options.module === STANDARD_INPUT ? this.#host.input() : null;
  }

  /** Removes the code of a generation that has ended. */
  #forget(generation: Generation): void {
    this.#codes.get(generation)?.remove();
    this.#codes.delete(generation);
  }

  /** Lets the generation that was prepared take over. Gives what lets the one before finish its requests. */
  switch(): () => void {
    const old = this.#generation;
    this.#generation = this.#next;
    this.#next = null;
    this.#silent = [];
    return () => {
      if (old !== null) this.#retire(old);
      this.#fit();
    };
  }

  /** Gives the generation that was prepared up, and waits for its end; `onStop` runs where `onStart` has. */
  async discard(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    await next?.stop(0);
    if (next !== null) this.#forget(next);
  }

  #retire(old: Generation): void {
    const ended = old.stop(this.#host.options.gracefulTimeout).then(() => {
      this.#retiring.delete(old);
      this.#forget(old);
    });
    this.#retiring.set(old, ended);
  }

  #makeGeneration(number: number, module: string, path: string, code: Promise<PreparedCode>): Generation {
    const { options, directory } = this.#host;
    const { maxRequests, maxRss, maxLifetime, pingTimeout, gracefulTimeout, bootTimeout, env, chdir } = options;
    const nameOf = (id: number) => this.#nameOf(id);
    return new Generation({
      number,
      app: this.options.prefix,
      size: this.#size,
      recycle: { maxRequests, maxRss, maxLifetime },
      pingTimeout,
      gracefulTimeout,
      nameOf,
      spawn: (id) =>
        new WorkerHandle({
          name: nameOf(id),
          options: workerOptions(this.options, this.#host, { workerId: id, generation: number, module, code: path }),
          directory,
          bootTimeout,
          code,
          env,
          cwd: chdir,
          onTouched: ({ kind, value }) => this.#learned.add(kind, value),
        }),
      onStuck: (worker) => this.#host.stuck(worker),
      onSilent: (silent) => {
        this.#silent = silent;
        this.#host.silenced();
      },
      onChange: async (generation) => {
        if (generation === this.#generation) await this.#host.changed();
      },
    });
  }

  /** Where there are several apps, each has a worker 1. */
  #nameOf(id: number): string {
    return this.#host.options.apps.length === 1 ? `Worker ${id}` : `Worker ${id} of ${this.options.prefix}`;
  }

  /** One worker more, or one less. Gives how many there are to be now; 0 when it would be none, and nothing has changed. */
  resize(by: 1 | -1): number {
    if (this.#size + by < 1) return 0;
    this.#size += by;
    this.#fit();
    return this.#size;
  }

  /** Lets the generation that serves have as many workers as were asked for, also while it was made. */
  #fit(): void {
    const generation = this.#generation;
    if (generation === null || this.#ended) return;
    for (let missing; (missing = this.#size - generation.slots.length) !== 0;) {
      generation.resize(missing > 0 ? 1 : -1).catch((thrown) => {
        if (generation !== this.#generation || this.#ended) return; // one that has to go has no say
        this.#size--;
        logError(`Cannot start another worker: ${messageOf(thrown)}`);
      });
    }
  }

  /** Its workers, for the status. */
  status(): WorkerStatus[] {
    return (this.#generation ?? this.#next)?.status() ?? [];
  }

  /** Lets browsers see why there is no newer generation. */
  tellBroken(text: string): void {
    this.#generation?.tellBroken(text);
  }

  /** Settles when no worker is being started to follow another one. */
  async settled(): Promise<void> {
    await this.#generation?.settled();
  }

  /** Pings the workers, and replaces those that are to be. */
  watch(now: number, mayRecycle: boolean): void {
    this.#generation?.watch(now, mayRecycle);
  }

  /** Opens log files anew. */
  reopenLogs(): void {
    this.#generation?.reopenLogs();
  }

  /** Ends the generation that starts, which nobody waits for any more. */
  abandon(): void {
    this.#ended = true;
    this.#next?.kill();
  }

  /** Lets all workers finish their requests within `timeout` ms and ends them. */
  async stop(timeout: number): Promise<void> {
    this.#ended = true;
    await Promise.all([this.#generation?.stop(timeout), this.#next?.stop(timeout), ...this.#retiring.values()]);
  }

  /** Ends all workers now. */
  async kill(): Promise<void> {
    this.#ended = true;
    const all = [this.#next, this.#generation, ...this.#retiring.keys()];
    for (const generation of all) generation?.kill();
    await Promise.all(all.map((generation) => generation?.stop(0)));
    await this.#remembering;
    if (this.#host.options.learn && this.#newest !== null) this.#learned.print(this.options, this.#host.options);
  }
}
