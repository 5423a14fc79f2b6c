/**
 * One worker's place, kept filled: when the worker in it dies another one is started, and a worker that is to go is followed
 * by one that serves already.
 *
 * @module
 */
import { explain } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { afterDeath } from "./backoff.ts";
import type { WorkerReady } from "./messages.ts";
import { describeExit, type ProcessExit } from "./process_handle.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** What a slot needs of a worker handle. */
export type Occupant = Pick<WorkerHandle, "pid" | "ready" | "exited" | "drain" | "kill">;

/** What a slot tells whoever has it. */
export interface SlotEvents<Worker extends Occupant> {
  /** This worker serves from now on, in place of the one before. Requests must go to it when this settles. */
  serves(worker: Worker, ready: WorkerReady): Promise<void>;
  /** The worker that served does not any more, and no other does yet. */
  gone(): void;
}

/** A place for one worker. */
export class WorkerSlot<Worker extends Occupant = Occupant> {
  readonly id: number;
  readonly name: string;
  /** How often a worker was started in place of another. */
  respawns = 0;
  /** How often a worker had to be killed because it was stuck. */
  stuck = 0;
  readonly #spawn: () => Worker;
  readonly #events: SlotEvents<Worker>;
  readonly #stopping = new AbortController();
  /** The worker that serves, or the next one while none does. */
  #current: Worker | null = null;
  /** Workers that have been started and have not ended. */
  readonly #alive = new Set<Worker>();
  #deaths = 0;
  /** What the replacement that is under way comes to. */
  #replacing: Promise<boolean> | null = null;
  /** Replacements in a row that came to nothing, and until when none is to be tried for that, monotonic ms. */
  #failed = 0;
  #restsUntil = 0;
  #kept: Promise<void> = Promise.resolve();

  /**
   * @param id The worker's number.
   * @param spawn Starts a worker process.
   * @param name What the worker is called in the log.
   */
  constructor(id: number, spawn: () => Worker, events: SlotEvents<Worker>, name: string = `Worker ${id}`) {
    this.id = id;
    this.name = name;
    this.#spawn = spawn;
    this.#events = events;
  }

  /** The worker that serves, or the next one while none does; null when there could not even be a process. */
  get current(): Worker | null {
    return this.#current;
  }

  /** Whether a worker is being started to follow the one that serves. */
  get replacing(): boolean {
    return this.#replacing !== null;
  }

  /** Settles when no worker is being started to follow another one. */
  async settled(): Promise<void> {
    await this.#replacing;
  }

  /** Whether a replacement came to nothing just now, so that the next one, if there is no hurry, is to wait. */
  get resting(): boolean {
    return performance.now() < this.#restsUntil;
  }

  /**
   * Starts the first worker. From then on the slot is kept filled.
   *
   * @throws {StackdError} When the first worker never serves: what is wrong with it is wrong with the next one too.
   */
  async start(): Promise<void> {
    const worker = this.#launch();
    this.#current = worker;
    try {
      await this.#events.serves(worker, await worker.ready);
    } catch (thrown) {
      worker.kill();
      await worker.exited;
      throw thrown;
    }
    this.#keep(worker);
  }

  #launch(): Worker {
    const worker = this.#spawn();
    this.#alive.add(worker);
    worker.exited.then(() => this.#alive.delete(worker));
    return worker;
  }

  /** Fills the place again when `worker` dies in it. */
  #keep(worker: Worker): void {
    this.#kept = (async () => {
      const exit = await worker.exited;
      if (this.#stopping.signal.aborted || this.#current !== worker) return;
      this.#events.gone();
      const following = this.#replacing;
      if (following === null) return await this.#refill(worker, exit);
      // Whoever was to take its place takes it now.
      this.#report(worker, exit, 0);
      if (!await following) await this.#refill(null, exit);
    })();
  }

  /** Starts another worker after one that died, until one serves. */
  async #refill(dead: Worker | null, exit: ProcessExit | null): Promise<void> {
    for (;;) {
      const { deaths, delay } = afterDeath(this.#deaths, exit?.lived ?? 0);
      this.#deaths = deaths;
      if (dead !== null && exit !== null) this.#report(dead, exit, delay);
      await wait(delay, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      dead = null;
      exit = null;
      try {
        dead = this.#launch();
        this.#current = dead;
        await this.#events.serves(dead, await dead.ready);
        this.respawns++;
        logInfo(`${this.name} serves again (pid ${dead.pid})`);
        return this.#keep(dead);
      } catch (thrown) {
        if (this.#stopping.signal.aborted) return;
        this.#complain(thrown);
        dead?.kill();
        exit = await dead?.exited ?? null;
      }
    }
  }

  /**
   * Starts another worker; when it serves, the present one gets `timeout` ms to finish its requests, or is killed when that is
   * 0. Does nothing while the place is being filled or its worker replaced already.
   *
   * @param why For the log, as a phrase behind "is replaced".
   * @returns Whether the place has another worker now.
   */
  async replace(why: string, timeout: number): Promise<boolean> {
    const old = this.#current;
    if (this.replacing || old === null || !this.#alive.has(old) || this.#stopping.signal.aborted) return false;
    logInfo(`${this.name} (pid ${old.pid}) is replaced: ${why}`);
    this.#replacing = this.#follow(old, timeout);
    const replaced = await this.#replacing.finally(() => this.#replacing = null);
    this.#failed = replaced ? 0 : this.#failed + 1;
    if (!replaced) this.#restsUntil = performance.now() + afterDeath(this.#failed, 0).delay;
    return replaced;
  }

  /** Starts a worker to follow `old`. Gives whether it does. */
  async #follow(old: Worker, timeout: number): Promise<boolean> {
    let fresh: Worker | null = null;
    try {
      fresh = this.#launch();
      const ready = await fresh.ready;
      if (this.#stopping.signal.aborted) return false;
      this.#current = fresh;
      await this.#events.serves(fresh, ready);
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#complain(thrown);
      fresh?.kill();
      return false;
    }
    this.respawns++;
    this.#keep(fresh);
    if (timeout === 0) old.kill();
    else old.drain(timeout);
    return true;
  }

  #report({ pid }: Worker, exit: ProcessExit, delay: number): void {
    const next = delay === 0 ? "another one is started" : `another one is started in ${delay / 1_000} s`;
    logError(`${this.name} (pid ${pid}) ${describeExit(exit)}; ${next}`);
  }

  #complain(thrown: unknown): void {
    logError(`${this.name} did not come back: ${explain(thrown)}`);
  }

  /** Lets the workers finish their requests within `timeout` ms and ends them; none is started after them. */
  async stop(timeout: number): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#alive].map((worker) => worker.drain(timeout)));
    await this.#kept;
  }

  /** Ends the workers now; none is started after them. A `stop()` under way is over then. */
  kill(): void {
    this.#stopping.abort();
    for (const worker of this.#alive) worker.kill();
  }
}

/** Waits for `ms`, or until `signal` is aborted. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
