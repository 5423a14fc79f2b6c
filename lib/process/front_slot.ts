/**
 * The front's place, kept filled: a front that dies is followed by another one on the same addresses.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { messageOf } from "../errors.ts";
import { logError, logInfo } from "../observe/log.ts";
import { afterDeath } from "./backoff.ts";
import type { FrontHandle } from "./front_handle.ts";
import { describeExit } from "./process_handle.ts";

/** Starts a front on `listen` that sends requests to `sockets`; `listen` is null for the first one, which chooses free ports. */
export type SpawnFront = (listen: readonly ListenAddress[] | null, sockets: readonly string[]) => Promise<FrontHandle>;

/** A place for one front. */
export class FrontSlot {
  readonly #spawn: SpawnFront;
  #current: FrontHandle | null = null;
  #addresses: readonly ListenAddress[] = [];
  #sockets: readonly string[] = [];
  #stopping = false;

  constructor(spawn: SpawnFront) {
    this.#spawn = spawn;
  }

  /** Where it listens. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses;
  }

  get pid(): number | null {
    return this.#current?.pid ?? null;
  }

  /** Starts the first front. Throws `StackdError` when it cannot listen. */
  async start(): Promise<void> {
    const front = await this.#fill(null);
    this.#keep(front);
  }

  async #fill(listen: readonly ListenAddress[] | null): Promise<FrontHandle> {
    const front = this.#current = await this.#spawn(listen, this.#sockets);
    try {
      this.#addresses = (await front.ready).addresses;
      return front;
    } catch (thrown) {
      front.kill();
      await front.exited;
      throw thrown;
    }
  }

  async #keep(first: FrontHandle): Promise<void> {
    let deaths = 0;
    for (let front: FrontHandle | null = first;;) {
      const exit = await front?.exited;
      if (this.#stopping) return;
      const respawn = afterDeath(deaths, exit?.lived ?? 0);
      deaths = respawn.deaths;
      if (front !== null && exit !== undefined) {
        logError(`The front (pid ${front.pid}) ${describeExit(exit)}; another one is started`);
      }
      await new Promise((resolve) => setTimeout(resolve, respawn.delay));
      if (this.#stopping) return;
      try {
        front = await this.#fill(this.#addresses);
        logInfo(`The front serves again (pid ${front.pid})`);
      } catch (thrown) {
        front = null;
        if (!this.#stopping) logError(`The front did not come back: ${messageOf(thrown)}`);
      }
    }
  }

  /** Requests go to the workers on these sockets when this settles. */
  async serve(sockets: readonly string[]): Promise<void> {
    this.#sockets = sockets;
    await this.#current?.serve(sockets);
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

  /** Ends it now. */
  async kill(): Promise<void> {
    this.#stopping = true;
    this.#current?.kill();
    await this.#current?.exited;
  }
}
