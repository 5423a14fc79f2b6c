/**
 * A front of a proxy as its supervisor sees it. The code inside that process is proxy/front_main.ts.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { ListenAddress } from "../config/options.ts";
import { StackdError } from "../errors.ts";
import type { FrontReady } from "./front_handle.ts";
import type { PrivateDirectory } from "./private_dir.ts";
import { describeExit, type ProcessExit, ProcessHandle } from "./process_handle.ts";
import { isProxyMessage, type ProxyCommand, type ProxyMessage } from "./proxy_messages.ts";

/** How long a front may take to listen, ms. */
const BOOT_TIMEOUT = 10_000;

/** One front process of a proxy. */
export class ProxyFrontHandle extends ProcessHandle<FrontReady, ProxyCommand, ProxyMessage> {
  readonly #raw: RawOptions;
  readonly #listen: readonly ListenAddress[];
  readonly #reloads: (() => void)[] = [];

  constructor(name: string, raw: RawOptions, listen: readonly ListenAddress[], directory: PrivateDirectory) {
    super({
      command: "proxy-front",
      name,
      directory,
      bootTimeout: BOOT_TIMEOUT,
      isMessage: isProxyMessage,
      logsToStdout: true,
    });
    this.#raw = raw;
    this.#listen = listen;
    this.exited.then(() => {
      for (const done of this.#reloads.splice(0)) done();
    });
  }

  /** Lets it read its file again; settles when it has, or has ended. It logs what is wrong itself. */
  reload(): Promise<void> {
    if (this.state !== "ready") return Promise.resolve();
    this.send({ type: "reload" });
    return new Promise((resolve) => this.#reloads.push(resolve));
  }

  /** Opens log files anew. */
  reopen(): void {
    this.send({ type: "reopen" });
  }

  protected override startCommand(): ProxyCommand {
    return { type: "start", raw: this.#raw, listen: this.#listen };
  }

  protected override drainCommand(timeout: number): ProxyCommand {
    return { type: "drain", timeout };
  }

  protected override hear(message: ProxyMessage): void {
    switch (message.type) {
      case "ready":
        this.becomeReady({ addresses: message.addresses });
        break;
      case "reloaded":
        this.#reloads.shift()?.();
        break;
      case "failed":
        this.fail(new StackdError(message.code, message.message, { exitCode: 1 }));
    }
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
