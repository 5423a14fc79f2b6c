/**
 * One worker's place, kept filled: when the worker in it dies, another one is started.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { afterDeath } from "./backoff.ts";
import type { WorkerReady } from "./messages.ts";
import { describeExit, type WorkerExit, type WorkerHandle } from "./worker_handle.ts";

/** What a slot needs of a worker handle. */
export type Occupant = Pick<WorkerHandle, "pid" | "ready" | "exited" | "drain" | "kill">;

/** A place for one worker. */
export class WorkerSlot {
  readonly #id: number;
  readonly #spawn: () => Occupant;
  readonly #onReady: (ready: WorkerReady) => void;
  readonly #stopping = new AbortController();
  #occupant: Occupant | null = null;
  #kept: Promise<void> = Promise.resolve();

  /**
   * @param id The worker's number, for the log.
   * @param spawn Starts a worker process.
   * @param onReady Called with each worker that serves, the first one included.
   */
  constructor(id: number, spawn: () => Occupant, onReady: (ready: WorkerReady) => void) {
    this.#id = id;
    this.#spawn = spawn;
    this.#onReady = onReady;
  }

  /**
   * Starts the first worker. From then on the slot is kept filled.
   *
   * @throws {StackdError} When the first worker never serves: what is wrong with it is wrong with the next one too.
   */
  async start(): Promise<void> {
    const occupant = this.#occupant = this.#spawn();
    try {
      this.#onReady(await occupant.ready);
    } catch (thrown) {
      occupant.kill();
      await occupant.exited;
      throw thrown;
    }
    this.#kept = this.#keep(occupant);
  }

  async #keep(first: Occupant): Promise<void> {
    let deaths = 0;
    for (let occupant: Occupant | null = first;; occupant = await this.#refill()) {
      const exit = await occupant?.exited;
      if (this.#stopping.signal.aborted) return;
      const respawn = afterDeath(deaths, exit?.lived ?? 0);
      deaths = respawn.deaths;
      if (occupant !== null && exit !== undefined) this.#report(occupant, exit, respawn.delay);
      await wait(respawn.delay, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  /** Starts another worker, and waits for it to serve or to fail; null when there could not even be a process. */
  async #refill(): Promise<Occupant | null> {
    let occupant: Occupant | null = null;
    try {
      occupant = this.#occupant = this.#spawn();
      this.#onReady(await occupant.ready);
      logInfo(`Worker ${this.#id} serves again (pid ${occupant.pid})`);
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#complain(thrown);
      occupant?.kill();
    }
    return occupant;
  }

  #report({ pid }: Occupant, exit: WorkerExit, delay: number): void {
    const next = delay === 0 ? "another one is started" : `another one is started in ${delay / 1_000} s`;
    logError(`Worker ${this.#id} (pid ${pid}) ${describeExit(exit)}; ${next}`);
  }

  #complain(thrown: unknown): void {
    const detail = thrown instanceof StackdError && thrown.detail !== undefined ? `\n${thrown.detail}` : "";
    logError(`Worker ${this.#id} did not come back: ${messageOf(thrown)}${detail}`);
  }

  /** Lets the worker finish its requests within `timeout` ms and ends it; none is started after it. */
  async stop(timeout: number): Promise<void> {
    this.#stopping.abort();
    await this.#occupant?.drain(timeout);
    await this.#kept;
  }

  /** Ends the worker now; none is started after it. A `stop()` under way is over then. */
  kill(): void {
    this.#stopping.abort();
    this.#occupant?.kill();
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
