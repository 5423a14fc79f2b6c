/**
 * A front and the configuration that it serves by, which can be replaced while it runs.
 *
 * @module
 */
import type { ListenAddress, ProxyOptions } from "../config/options.ts";
import { type Front, startFront } from "../front/front.ts";
import { type AccessLog, openAccessLog } from "../observe/access_log.ts";
import { logInfo, setLogLevel } from "../observe/log.ts";
import { type Configured, logRefused, type Reread, rereadSafely } from "./reload.ts";

/** A proxy that serves in this process. */
export class RunningProxy implements Configured {
  readonly #front: Front;
  #accessLog: AccessLog;
  #options: ProxyOptions;
  readonly #reread: Reread | null;

  /** Starts it on `listen`. `reread`: null when there is no file. Throws `StackdError`; then nothing is left open. */
  constructor(options: ProxyOptions, listen: readonly ListenAddress[], reread: Reread | null) {
    this.#options = options;
    this.#reread = reread;
    this.#accessLog = openAccessLog(options.accessLog);
    try {
      this.#front = startFront({ ...options, listen, accessLog: this.#accessLog });
    } catch (thrown) {
      this.#accessLog.close();
      throw thrown;
    }
  }

  get addresses(): readonly ListenAddress[] {
    return this.#front.addresses;
  }

  get gracefulTimeout(): number {
    return this.#options.gracefulTimeout;
  }

  async reload(): Promise<void> {
    const next = await rereadSafely(this.#options, this.#reread);
    if (next === null) return;
    try {
      await this.apply(next);
      logInfo(`Reloaded: ${next.routes.length} route${next.routes.length === 1 ? "" : "s"}`);
    } catch (thrown) {
      logRefused(thrown);
    }
  }

  /** Serves by `next` from now on. Throws `StackdError`; then nothing has changed. */
  async apply(next: ProxyOptions): Promise<void> {
    const same = JSON.stringify(next.accessLog) === JSON.stringify(this.#options.accessLog);
    const old = this.#accessLog, accessLog = same ? old : openAccessLog(next.accessLog);
    try {
      this.#front.apply({ ...next, accessLog });
    } catch (thrown) {
      if (!same) await accessLog.close();
      throw thrown;
    }
    this.#options = next;
    setLogLevel(next.logLevel);
    this.#accessLog = accessLog;
    if (!same) await old.close();
  }

  reopenLogs(): void {
    this.#accessLog.reopen();
  }

  drain(timeout: number): Promise<void> {
    return this.#front.drain(timeout);
  }

  async end(): Promise<void> {
    this.#front.close();
    await this.#accessLog.close();
  }
}
