/**
 * A worker as its supervisor sees it: one process, from its start to its end. The code inside that process is
 * handler/worker.ts.
 *
 * @module
 */
import { type ErrorCode, StackdError } from "../errors.ts";
import { isWorkerMessage, type SupervisorMessage, type WorkerMessage, type WorkerReady } from "./messages.ts";
import type { WorkerOptions, WorkerStats } from "./messages.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { describeExit, type ProcessExit, ProcessHandle } from "./process_handle.ts";
import { removeLeftover } from "./unix_path.ts";

/** What a worker is started with. */
export interface WorkerStart {
  readonly options: WorkerOptions;
  /** The private directory, for the channel. */
  readonly directory: PrivateDirectory;
  /** How long it may take to be ready, ms. Beyond: it is killed, `STACKD_BOOT_TIMEOUT`. */
  readonly bootTimeout: number;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
}

/** One worker process. */
export class WorkerHandle extends ProcessHandle<WorkerReady, SupervisorMessage, WorkerMessage> {
  readonly options: WorkerOptions;
  /** What it said of itself last; null before the first answer to a ping. */
  stats: WorkerStats | null = null;
  #loaded = false;
  /** When a ping was sent that is not answered yet, monotonic ms; null when there is none. */
  #pinged: number | null = null;

  /** Starts the process. Throws when the system does not allow another one. */
  constructor({ options, directory, bootTimeout, env, cwd }: WorkerStart) {
    const name = `Worker ${options.workerId}`;
    const logsToStdout = options.socket !== null && options.accessLog.kind === "stdout";
    super({ command: "worker", name, directory, bootTimeout, isMessage: isWorkerMessage, env, cwd, logsToStdout });
    this.options = options;
  }

  /** Asks whether it still runs its event loop; {@linkcode silence} is how long it has owed the answer. */
  ping(now: number): void {
    if (this.state !== "ready" || this.#pinged !== null) return;
    this.#pinged = now;
    this.send({ type: "ping" });
  }

  /** For how long a ping has not been answered, ms. */
  silence(now: number): number {
    return this.#pinged === null || this.state !== "ready" ? 0 : now - this.#pinged;
  }

  /** Opens log files anew. */
  reopen(): void {
    this.send({ type: "reopen" });
  }

  protected override startCommand(): SupervisorMessage {
    return { type: "start", options: this.options };
  }

  protected override drainCommand(timeout: number): SupervisorMessage {
    return { type: "drain", timeout };
  }

  protected override hear(message: WorkerMessage): void {
    switch (message.type) {
      case "loaded":
        this.#loaded = true;
        break;
      case "ready":
        this.becomeReady(message);
        break;
      case "pong":
        this.#pinged = null;
        this.stats = message.stats;
        break;
      case "failed": {
        const { code, exitCode, detail } = message;
        this.fail(new StackdError(code, message.message, detail === null ? { exitCode } : { exitCode, detail }));
      }
    }
  }

  protected override late(ms: number): StackdError {
    return this.#notReady(`it took longer than ${ms / 1_000} s`, "STACKD_BOOT_TIMEOUT");
  }

  protected override neverReady(exit: ProcessExit): StackdError {
    return this.#notReady(`the worker ${describeExit(exit)}`, "STACKD_HANDLER_LOAD");
  }

  protected override ended(): void {
    const { socket } = this.options;
    if (socket !== null) removeLeftover(socket.path, this.pid);
  }

  #notReady(state: string, code: Extract<ErrorCode, "STACKD_BOOT_TIMEOUT" | "STACKD_HANDLER_LOAD">): StackdError {
    const { module } = this.options;
    if (this.#loaded) {
      const failed = code === "STACKD_BOOT_TIMEOUT" ? code : "STACKD_HANDLER_START";
      return new StackdError(failed, `Cannot start "${module}": ${state} in onStart`, { exitCode: 1 });
    }
    const exitCode = code === "STACKD_BOOT_TIMEOUT" ? 1 : 2;
    return new StackdError(code, `Cannot load "${module}": ${state}`, { exitCode });
  }
}
