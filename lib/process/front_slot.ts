/**
 * The front's place, kept filled: a front that dies is followed by another one on the same addresses.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { afterDeath } from "./backoff.ts";
import { describeExit, type ProcessExit } from "./process_handle.ts";

/** What a slot needs of a front. */
export interface FrontOccupant {
  readonly pid: number;
  readonly ready: Promise<{ readonly addresses: readonly ListenAddress[] }>;
  readonly exited: Promise<ProcessExit>;
  reopen(): void;
  drain(timeout: number): Promise<ProcessExit>;
  kill(): void;
}

/** Starts a front on `listen`; null for the first one, which listens as it was configured and chooses free ports. */
export type SpawnFront<Front> = (listen: readonly ListenAddress[] | null) => Promise<Front>;

/** A place for one front. */
export class FrontSlot<Front extends FrontOccupant> {
  readonly #name: string;
  readonly #spawn: SpawnFront<Front>;
  #current: Front | null = null;
  #addresses: readonly ListenAddress[] = [];
  #stopping = false;

  /** `name`: for the log, as "The front". */
  constructor(name: string, spawn: SpawnFront<Front>) {
    this.#name = name;
    this.#spawn = spawn;
  }

  /** Where it listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses;
  }

  /** The front that serves, or the next one; null before the first. */
  get current(): Front | null {
    return this.#current;
  }

  /** Starts the first front. Throws `StackdError` when it cannot listen. */
  async start(): Promise<void> {
    const front = await this.#fill(null);
    this.#keep(front);
  }

  async #fill(listen: readonly ListenAddress[] | null): Promise<Front> {
    const front = this.#current = await this.#spawn(listen);
    try {
      this.#addresses = (await front.ready).addresses;
      return front;
    } catch (thrown) {
      front.kill();
      await front.exited;
      throw thrown;
    }
  }

  async #keep(first: Front): Promise<void> {
    let deaths = 0;
    for (let front: Front | null = first;;) {
      const exit = await front?.exited;
      if (this.#stopping) return;
      const respawn = afterDeath(deaths, exit?.lived ?? 0);
      deaths = respawn.deaths;
      if (front !== null && exit !== undefined) {
        logError(`${this.#name} (pid ${front.pid}) ${describeExit(exit)}; another one is started`);
      }
      await new Promise((resolve) => setTimeout(resolve, respawn.delay));
      if (this.#stopping) return;
      try {
        front = await this.#fill(this.#addresses);
        logInfo(`${this.#name} serves again (pid ${front.pid})`);
      } catch (thrown) {
        front = null;
        if (!this.#stopping) logError(`${this.#name} did not come back: ${messageOf(thrown)}`);
      }
    }
  }

  /** Opens log files anew. */
  reopen(): void {
    this.#current?.reopen();
  }

  /** Lets the requests in flight end within `timeout` ms, and ends it. */
  async stop(timeout: number): Promise<void> {
    this.#stopping = true;
    await this.#current?.drain(timeout);
  }

  /** Ends it now, also while it finishes requests: it cuts them off, and writes out what it has logged. */
  async end(): Promise<void> {
    this.#stopping = true;
    await this.#current?.drain(0);
  }
}
