/**
 * A worker as its supervisor sees it: one process, from its start to its end. The code inside that process is
 * handler/worker.ts.
 *
 * @module
 */
import { CONFINE } from "../confine/environment.ts";
import { type ErrorCode, StackdError } from "../errors.ts";
import {
  isWorkerMessage,
  type SupervisorMessage,
  type WorkerMessage,
  type WorkerReady,
  type WorkerTouched,
} from "./messages.ts";
import type { WorkerOptions, WorkerStats } from "./messages.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { describeExit, type ProcessExit, ProcessHandle } from "./process_handle.ts";
import { removeLeftover } from "./unix_path.ts";

/** What a worker is started with. */
export interface WorkerStart {
  /** For log lines: "Worker 1". */
  readonly name: string;
  readonly options: WorkerOptions;
  /** The private directory, for the channel. */
  readonly directory: PrivateDirectory;
  /** How long it may take to be ready once the code is there, ms. Beyond: it is killed, `STACKD_BOOT_TIMEOUT`. */
  readonly bootTimeout: number;
  /** Settles when the code that it is to load is there; rejects when it never will be. @default it is */
  readonly code?: Promise<unknown>;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  /** Called for what the handler touches, where it is to tell. */
  readonly onTouched?: (touched: WorkerTouched) => void;
}

/** In which the kernel counts memory on x86-64, and on almost every other machine. */
const PAGE = 4_096;

/** Longest explanation that is sent to be shown, characters. */
const MAX_TEXT = 32_768;

/** Whether a worker confines itself. */
function confines({ permissions, learn }: WorkerOptions): boolean {
  return permissions !== null && !learn;
}

/** One worker process. */
export class WorkerHandle extends ProcessHandle<WorkerReady, SupervisorMessage, WorkerMessage> {
  readonly options: WorkerOptions;
  /** What it said of itself last; null before the first answer to a ping. */
  stats: WorkerStats | null = null;
  /** The hook of the handler's that runs; null before the module is loaded. */
  #hook: "onStart" | "its health check" | null = null;
  readonly #onTouched: (touched: WorkerTouched) => void;
  /** When a ping was sent that is not answered yet, monotonic ms; null when there is none. */
  #pinged: number | null = null;

  /** Starts the process. Throws when the system does not allow another one. */
  constructor({ name, options, directory, bootTimeout, code, env, cwd, onTouched = () => {} }: WorkerStart) {
    const untagged = options.socket !== null && options.accessLog.kind === "stdout";
    // Who has our standard output can empty the file that it is, change its mode, and read the terminal.
    const logsToStdout = untagged && !confines(options);
    const own = cwd !== null || directory.owner !== null || Object.keys(env).length > 0;
    super({
      command: "worker",
      name,
      directory,
      bootTimeout,
      ...(code === undefined ? {} : { after: code }),
      isMessage: isWorkerMessage,
      env: confines(options) ? { ...env, [CONFINE]: "1" } : env,
      cwd,
      logsToStdout,
      untagged,
      early: own ? null : { logsToStdout, confines: confines(options) },
      runAs: directory.owner,
    });
    this.options = options;
    this.#onTouched = onTouched;
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

  /** Does not count the last `ms` as its silence. */
  excuse(ms: number): void {
    if (this.#pinged !== null) this.#pinged += ms;
  }

  /** Opens log files anew. */
  reopen(): void {
    this.send({ type: "reopen" });
  }

  /** Under `--watch`: the handler could not be loaded anew, and why. */
  tellBroken(text: string): void {
    this.send({ type: "broken", text: text.slice(0, MAX_TEXT) });
  }

  /** It has to know before it hears us what it is to confine itself to: it hears us when it has. */
  protected override firstWords(): string | null {
    return confines(this.options) ? JSON.stringify(this.options) : null;
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
        this.#hook = "onStart";
        break;
      case "started":
        this.#hook = "its health check";
        break;
      case "ready":
        this.becomeReady(message);
        break;
      case "pong":
        this.#pinged = null;
        this.stats = message.stats.rss > 0 ? message.stats : { ...message.stats, rss: residentMemory(this.pid) };
        break;
      case "touched":
        // A confined handler may say so without an end.
        if (this.options.learn) this.#onTouched(message);
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
    if (this.#hook !== null) {
      const failed = code === "STACKD_BOOT_TIMEOUT" ? code : "STACKD_HANDLER_START";
      return new StackdError(failed, `Cannot start "${module}": ${state} in ${this.#hook}`, { exitCode: 1 });
    }
    const exitCode = code === "STACKD_BOOT_TIMEOUT" ? 1 : 2;
    return new StackdError(code, `Cannot load "${module}": ${state}`, { exitCode });
  }
}

/** A process's resident memory, bytes (proc(5)); 0 where it cannot be told. */
function residentMemory(pid: number): number {
  try {
    const [, resident = "0"] = Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ");
    return Number(resident) * PAGE;
  } catch {
    return 0;
  }
}
