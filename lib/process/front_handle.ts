/**
 * A front as its supervisor sees it. The code inside that process is gateway/front_main.ts.
 *
 * @module
 */
import type { ListenAddress } from "../config/options.ts";
import { StackdError } from "../errors.ts";
import { type FrontCommand, type FrontMessage, type FrontStart, isFrontMessage } from "./front_messages.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { describeExit, type ProcessExit, ProcessHandle } from "./process_handle.ts";

/** Where a front listens. */
export interface FrontReady {
  readonly addresses: readonly ListenAddress[];
}

/** How long a front may take to listen, ms. */
const BOOT_TIMEOUT = 10_000;

/** One front process. */
export class FrontHandle extends ProcessHandle<FrontReady, FrontCommand, FrontMessage> {
  readonly #start: FrontStart;
  #sockets: readonly string[];
  readonly #waiting: (() => void)[] = [];

  /** Starts the process, which is to send requests to the workers at `sockets`. */
  constructor(start: FrontStart, directory: PrivateDirectory, sockets: readonly string[]) {
    super({
      command: "front",
      name: "The front",
      directory,
      bootTimeout: BOOT_TIMEOUT,
      isMessage: isFrontMessage,
      logsToStdout: true,
    });
    this.#start = start;
    this.#sockets = sockets;
    this.exited.then(() => this.#settle());
  }

  /** Sends requests to these workers from now on; settles when it does so, or has ended. */
  serve(sockets: readonly string[]): Promise<void> {
    this.#sockets = sockets;
    if (this.state !== "ready") return Promise.resolve();
    this.send({ type: "serve", sockets });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets it log which requests the worker on `socket` has. */
  logInside(socket: string, name: string): void {
    this.send({ type: "inside", socket, name });
  }

  /** Opens log files anew. */
  reopen(): void {
    this.send({ type: "reopen" });
  }

  protected override startCommand(): FrontCommand {
    return { type: "start", start: this.#start };
  }

  protected override drainCommand(timeout: number): FrontCommand {
    return { type: "drain", timeout };
  }

  protected override hear(message: FrontMessage): void {
    switch (message.type) {
      case "ready":
        // What changed while it started is made up for before anybody hears that it serves.
        this.send({ type: "serve", sockets: this.#sockets });
        this.#waiting.push(() => {});
        this.becomeReady({ addresses: message.addresses });
        break;
      case "serves":
        this.#waiting.shift()?.();
        break;
      case "failed":
        this.fail(new StackdError(message.code, message.message, { exitCode: 1 }));
    }
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  protected override late(ms: number): StackdError {
    return new StackdError("STACKD_LISTEN", `Cannot start a front: it took longer than ${ms / 1_000} s`, {
      exitCode: 1,
    });
  }

  protected override neverReady(exit: ProcessExit): StackdError {
    return new StackdError("STACKD_LISTEN", `Cannot start a front: it ${describeExit(exit)}`, { exitCode: 1 });
  }
}
