/**
 * A worker as its supervisor sees it: one process, from its start to its end. The code inside that process is
 * handler/worker.ts.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { Channel } from "./channel.ts";
import { isWorkerMessage, type SupervisorMessage, type WorkerMessage, type WorkerReady } from "./messages.ts";
import type { WorkerOptions } from "./messages.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { selfCommand } from "./self.ts";
import { removeLeftover } from "./unix_path.ts";

/** The stages of a worker's life. */
export type WorkerState = "starting" | "ready" | "draining" | "exited";

/** How a worker ended. */
export interface WorkerExit {
  readonly code: number;
  /** The signal that killed it, or null. */
  readonly signal: Deno.Signal | null;
  /** From its start to its end, ms. */
  readonly lived: number;
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly options: WorkerOptions;
  /** The private directory, for the channel. */
  readonly directory: PrivateDirectory;
  /** How long it may take to be ready, ms. Beyond: it is killed, `STACKD_BOOT_TIMEOUT`. */
  readonly bootTimeout: number;
}

/** How long after the end of its drain a worker is killed, ms: the time that `onStop` always has, and a bit. */
const KILL_MARGIN = 1_500;

/** One worker process. */
export class WorkerHandle {
  readonly #start: WorkerStart;
  readonly #child: Deno.ChildProcess;
  readonly #listener: Deno.UnixListener;
  readonly #ready = Promise.withResolvers<WorkerReady>();
  #channel: Channel<WorkerMessage, SupervisorMessage> | null = null;
  #state: WorkerState = "starting";
  #loaded = false;
  #killer: ReturnType<typeof setTimeout> | undefined;

  /** Settles when the worker serves; rejects with a `StackdError` when it never will. */
  readonly ready: Promise<WorkerReady> = this.#ready.promise;
  /** Settles when the process has ended and nothing of it is left. */
  readonly exited: Promise<WorkerExit>;

  /** Starts the process. Throws when the system does not allow another one. */
  constructor(start: WorkerStart) {
    const { directory, options } = this.#start = start;
    this.ready.catch(() => {}); // whoever does not wait for it is told by `exited`
    directory.restore();
    const path = `${directory.path}/channel-${options.workerId}-${crypto.randomUUID().slice(0, 8)}`;
    this.#listener = Deno.listen({ transport: "unix", path });
    const { program, args } = selfCommand(["worker", path]);
    const begun = performance.now();
    try {
      const command = new Deno.Command(program, {
        args: [...args],
        stdin: "piped",
        stdout: "inherit",
        stderr: "inherit",
      });
      this.#child = command.spawn();
    } catch (thrown) {
      this.#closeListener();
      throw thrown;
    }
    this.#killer = setTimeout(() => this.#expire(), start.bootTimeout);
    const talk = this.#talk();
    this.exited = this.#child.status.then(async ({ code, signal }) => {
      const exit = { code, signal, lived: performance.now() - begun };
      clearTimeout(this.#killer);
      this.#closeListener();
      await talk; // what it said before it ended counts
      await this.#child.stdin.abort().catch(() => {});
      if (options.socket !== null) removeLeftover(options.socket.path, this.pid);
      this.#state = "exited";
      this.#ready.reject(this.#notReady(`the worker ${describeExit(exit)}`, "STACKD_HANDLER_LOAD"));
      return exit;
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Takes the worker's one connection, tells it what to serve, and hears it out. */
  async #talk(): Promise<void> {
    let channel: Channel<WorkerMessage, SupervisorMessage>;
    try {
      channel = this.#channel = new Channel(await this.#listener.accept(), isWorkerMessage);
    } catch {
      return; // it ended without a word
    } finally {
      this.#closeListener();
    }
    try {
      channel.send({ type: "start", options: this.#start.options });
      for await (const message of channel.messages()) this.#hear(message);
    } catch (thrown) {
      logError(`Worker ${this.#start.options.workerId} (pid ${this.pid}) is killed: ${messageOf(thrown)}`);
      this.kill();
    } finally {
      channel.close();
    }
  }

  #hear(message: WorkerMessage): void {
    switch (message.type) {
      case "loaded":
        this.#loaded = true;
        break;
      case "ready":
        if (this.#state !== "starting") break;
        this.#state = "ready";
        clearTimeout(this.#killer);
        this.#ready.resolve(message);
        break;
      case "failed": {
        const { code, exitCode, detail } = message;
        const failure = new StackdError(code, message.message, detail === null ? { exitCode } : { exitCode, detail });
        this.#ready.reject(failure);
      }
    }
  }

  /** The boot timeout is over. */
  #expire(): void {
    this.#ready.reject(
      this.#notReady(`it took longer than ${this.#start.bootTimeout / 1_000} s`, "STACKD_BOOT_TIMEOUT"),
    );
    this.kill();
  }

  #notReady(state: string, code: "STACKD_BOOT_TIMEOUT" | "STACKD_HANDLER_LOAD"): StackdError {
    const { module } = this.#start.options;
    if (this.#loaded) {
      const failed = code === "STACKD_BOOT_TIMEOUT" ? code : "STACKD_HANDLER_START";
      return new StackdError(failed, `Cannot start "${module}": ${state} in onStart`, { exitCode: 1 });
    }
    const exitCode = code === "STACKD_BOOT_TIMEOUT" ? 1 : 2;
    return new StackdError(code, `Cannot load "${module}": ${state}`, { exitCode });
  }

  /**
   * Lets the requests in flight end within `timeout` ms, runs `onStop`, and ends the process; kills it when it does not end
   * in time.
   */
  drain(timeout: number): Promise<WorkerExit> {
    if (this.#state === "exited") return this.exited;
    if (this.#state === "starting" || this.#channel === null) this.kill(); // nothing is in flight
    else {
      this.#state = "draining";
      this.#channel.send({ type: "drain", timeout });
      clearTimeout(this.#killer);
      this.#killer = setTimeout(() => this.kill(), timeout + KILL_MARGIN);
    }
    return this.exited;
  }

  /** Ends the process now. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
  }

  #closeListener(): void {
    try {
      this.#listener.close();
    } catch { /* closed before */ }
  }
}

/** How a worker ended, as a phrase behind "the worker". */
export function describeExit({ code, signal }: Pick<WorkerExit, "code" | "signal">): string {
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
}
