/**
 * The workers of one load of the handler: all are started from the same options, and the next generation takes over from them
 * together.
 *
 * @module
 */
import { logError } from "../observe/log.ts";
import type { WorkerOptions, WorkerReady } from "./messages.ts";
import { type RecycleLimits, whyRecycle } from "./recycle.ts";
import type { WorkerStatus } from "./status.ts";
import type { WorkerHandle } from "./worker_handle.ts";
import { WorkerSlot } from "./worker_slot.ts";

/** What a generation is made with. */
export interface GenerationOptions {
  /** 1 for the first, and so on. */
  readonly number: number;
  /** The prefix of the app that they serve. */
  readonly app: string;
  /** How many workers. */
  readonly size: number;
  /** When a worker is replaced though nothing is wrong with it. */
  readonly recycle: RecycleLimits;
  /** A worker that does not answer its ping for so long, ms, is replaced. */
  readonly pingTimeout: number;
  /** How long a worker that is recycled may take to finish its requests, ms. */
  readonly gracefulTimeout: number;
  /** What worker `id` is called in log lines: "Worker 1". */
  readonly nameOf: (id: number) => string;
  /** Starts the process of worker `id`. */
  readonly spawn: (id: number) => WorkerHandle;
  /** A worker is stuck, and about to be replaced. */
  readonly onStuck: (worker: WorkerHandle) => void;
  /** Which workers owe the answer to a ping has changed: requests should go to others where there are any. */
  readonly onSilent: (silent: readonly WorkerHandle[]) => void;
  /** Which workers serve has changed; settles when requests go to them, and to no others. */
  readonly onChange: (generation: Generation) => Promise<void>;
}

/**
 * A worker that owes the answer to a ping for so long, ms, gets no more requests while others answer theirs. Half of the ping
 * timeout where that is less. A handler that takes the processor for a moment is not meant: it is chosen less as it is.
 */
const SILENT_AFTER = 500;
/**
 * What may pass between two looks at the workers, ms, half of the ping timeout where that is less. Beyond, this process itself stood still, as when its
 * container was paused, and has heard no answer: that is nobody's silence.
 */
const LATE_LOOK = 1_000;

/** A generation. */
export class Generation {
  readonly number: number;
  readonly slots: WorkerSlot<WorkerHandle>[];
  /** What its workers said when the last of them was ready. */
  ready: WorkerReady | null = null;
  readonly #options: GenerationOptions;
  /** Places that were given up, whose workers finish their requests. */
  readonly #leaving = new Map<WorkerSlot<WorkerHandle>, Promise<void>>();
  readonly #serving = new Map<WorkerSlot<WorkerHandle>, WorkerHandle>();
  #silent: readonly WorkerHandle[] = [];
  /** When the workers were looked at last, monotonic ms. */
  #looked = performance.now();
  /** Each worker's own draw of chance, so that they are not all recycled at once. */
  readonly #jitter = new WeakMap<WorkerHandle, number>();

  constructor(options: GenerationOptions) {
    this.#options = options;
    this.number = options.number;
    this.slots = Array.from({ length: options.size }, (_, index) => this.#makeSlot(index + 1));
  }

  #makeSlot(id: number): WorkerSlot<WorkerHandle> {
    const slot: WorkerSlot<WorkerHandle> = new WorkerSlot(id, () => this.#options.spawn(id), {
      serves: (worker, ready) => {
        this.ready = ready;
        this.#serving.set(slot, worker);
        return this.#options.onChange(this);
      },
      gone: () => {
        this.#serving.delete(slot);
        this.#options.onChange(this);
      },
    }, this.#options.nameOf(id));
    return slot;
  }

  /** What the workers that serve were started with. */
  get serving(): readonly WorkerOptions[] {
    return [...this.#serving.values()].map(({ options }) => options);
  }

  /** Starts all workers. Throws what is wrong with the first that never serves; then none is left. */
  async start(): Promise<void> {
    const started = this.slots.map((slot) => slot.start());
    try {
      await Promise.all(started);
    } catch (thrown) {
      this.kill();
      await Promise.allSettled(started);
      await this.stop(0);
      throw thrown;
    }
  }

  /** One worker more, or one less. Throws when the new one never serves, though nobody has taken it back. */
  async resize(by: 1 | -1): Promise<void> {
    if (by === 1) {
      const slot = this.#makeSlot(this.#freeId());
      this.slots.push(slot);
      try {
        await slot.start();
      } catch (thrown) {
        const index = this.slots.indexOf(slot);
        if (index === -1) return; // it was to go again before it was there
        this.slots.splice(index, 1);
        throw thrown;
      }
    } else if (this.slots.length > 1) {
      const slot = this.slots.pop();
      if (slot !== undefined) {
        const left = this.#leave(slot).then(() => void this.#leaving.delete(slot));
        this.#leaving.set(slot, left);
        await left;
      }
    }
  }

  async #leave(slot: WorkerSlot<WorkerHandle>): Promise<void> {
    this.#serving.delete(slot);
    await this.#options.onChange(this);
    await slot.stop(this.#options.gracefulTimeout);
  }

  #freeId(): number {
    let id = 1;
    while (this.slots.some((slot) => slot.id === id)) id++;
    return id;
  }

  /** Opens log files anew. */
  reopenLogs(): void {
    for (const slot of this.slots) slot.current?.reopen();
  }

  /** Under `--watch`: the handler could not be loaded anew, and why. */
  tellBroken(text: string): void {
    for (const worker of this.#serving.values()) worker.tellBroken(text);
  }

  /** Its workers, for the status. */
  status(): WorkerStatus[] {
    return this.slots.map((slot) => {
      const worker = slot.current;
      const { requests = 0, exceptions = 0, inFlight = 0, rss = 0, runningTime = 0 } = worker?.stats ?? {};
      const alive = worker !== null && worker.state !== "exited";
      return {
        app: this.#options.app,
        id: slot.id,
        pid: alive ? worker.pid : null,
        state: alive ? worker.state : "stopped",
        silent: alive && this.#silent.includes(worker),
        generation: this.number,
        inFlight,
        requests,
        exceptions,
        timeouts: slot.stuck,
        rss,
        vsz: 0,
        runningTime,
        averageTime: requests === 0 ? 0 : runningTime / requests,
        spawnedAt: worker?.startedAt ?? 0,
        respawns: slot.respawns,
        sent: 0,
      };
    });
  }

  /** Settles when no worker is being started to follow another one. */
  async settled(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.settled()));
  }

  /** Pings every worker, and replaces those that are stuck, or, where that may be now, are to be recycled: of these one at a time. */
  watch(now: number, mayRecycle: boolean): void {
    const { pingTimeout, gracefulTimeout } = this.#options;
    this.#excuse(now);
    this.#noteSilent(now);
    let recycling = !mayRecycle || this.slots.some(({ replacing }) => replacing);
    for (const [slot, worker] of this.#serving) {
      if (slot.replacing) continue;
      if (worker.silence(now) > pingTimeout) {
        logError(`${slot.name} (pid ${worker.pid}) has not answered for ${pingTimeout / 1_000} s`);
        recycling = true;
        slot.stuck++;
        this.#options.onStuck(worker);
        slot.replace("it is stuck", 0).then((replaced) => {
          // There has to be another way than to serve nobody for ever.
          if (!replaced) worker.kill();
        });
        continue;
      }
      worker.ping(now);
      const why = recycling || slot.resting ? null : this.#whyRecycle(worker);
      if (why === null) continue;
      recycling = true;
      slot.replace(why, gracefulTimeout);
    }
  }

  #excuse(now: number): void {
    const deaf = now - this.#looked - Math.min(LATE_LOOK, this.#options.pingTimeout / 2);
    this.#looked = now;
    if (deaf <= 0) return;
    for (const worker of this.#serving.values()) worker.excuse(deaf);
  }

  /** Long before a silent worker is replaced, others take what would be sent to it. */
  #noteSilent(now: number): void {
    const limit = Math.min(SILENT_AFTER, this.#options.pingTimeout / 2);
    const silent = [...this.#serving.values()].filter((worker) => worker.silence(now) > limit);
    if (silent.length === this.#silent.length && silent.every((worker) => this.#silent.includes(worker))) return;
    this.#silent = silent;
    this.#options.onSilent(silent);
  }

  #whyRecycle(worker: WorkerHandle): string | null {
    if (worker.stats === null) return null;
    let jitter = this.#jitter.get(worker);
    if (jitter === undefined) this.#jitter.set(worker, jitter = Math.random());
    const { requests, rss } = worker.stats;
    return whyRecycle({ requests, rss, age: worker.age }, this.#options.recycle, jitter);
  }

  /** Lets the workers finish their requests within `timeout` ms and ends them. */
  async stop(timeout: number): Promise<void> {
    await Promise.all([...this.slots.map((slot) => slot.stop(timeout)), ...this.#leaving.values()]);
  }

  /** Ends the workers now. */
  kill(): void {
    for (const slot of [...this.slots, ...this.#leaving.keys()]) slot.kill();
  }
}
