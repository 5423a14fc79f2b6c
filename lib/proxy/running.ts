/**
 * A front and the configuration that it serves by, which can be replaced while it runs.
 *
 * @module
 */
import type { ProxyOptions } from "../config/options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { type Front, startFront } from "../front/front.ts";
import { type AccessLog, openAccessLog } from "../observe/access_log.ts";
import { logError, logInfo, logWarn } from "../observe/log.ts";

/** A proxy that serves. */
export class RunningProxy {
  readonly front: Front;
  #accessLog: AccessLog;
  #options: ProxyOptions;
  readonly #reread: (() => Promise<ProxyOptions>) | null;

  /** Starts it. Throws `StackdError`; then nothing is left open. */
  constructor(options: ProxyOptions, reread: (() => Promise<ProxyOptions>) | null) {
    this.#options = options;
    this.#reread = reread;
    this.#accessLog = openAccessLog(options.accessLog);
    try {
      this.front = startFront({ ...options, accessLog: this.#accessLog });
    } catch (thrown) {
      this.#accessLog.close();
      throw thrown;
    }
  }

  get accessLog(): AccessLog {
    return this.#accessLog;
  }

  /** How long a graceful stop may take, ms. */
  get gracefulTimeout(): number {
    return this.#options.gracefulTimeout;
  }

  /** Serves by the file as it is now; when there is anything wrong with it, nothing changes. Never throws. */
  async reload(): Promise<void> {
    if (this.#reread === null) return logWarn("Cannot reload: there is no configuration file, start with -c FILE");
    try {
      const next = await this.#reread();
      const needRestart = unchangeable(this.#options, next);
      await this.#apply(next);
      logInfo(`Reloaded: ${next.routes.length} route${next.routes.length === 1 ? "" : "s"}`);
      for (const name of needRestart) logWarn(`A change of ${name} has no effect before a restart`);
    } catch (thrown) {
      const detail = thrown instanceof StackdError && thrown.detail !== undefined ? `\n${thrown.detail}` : "";
      logError(`Cannot reload, nothing has changed: ${messageOf(thrown)}${detail}`);
    }
  }

  async #apply(next: ProxyOptions): Promise<void> {
    const same = JSON.stringify(next.accessLog) === JSON.stringify(this.#options.accessLog);
    const old = this.#accessLog, accessLog = same ? old : openAccessLog(next.accessLog);
    try {
      this.front.apply({ ...next, accessLog });
    } catch (thrown) {
      if (!same) await accessLog.close();
      throw thrown;
    }
    this.#options = next;
    this.#accessLog = accessLog;
    if (!same) await old.close();
  }
}

/** What differs between two configurations and cannot change in a process that runs. */
function unchangeable(before: ProxyOptions, after: ProxyOptions): string[] {
  const differ = (pick: (options: ProxyOptions) => unknown) =>
    JSON.stringify(pick(before)) !== JSON.stringify(pick(after));
  return [
    ...(differ((options) => options.listen) ? ["listen"] : []),
    ...(differ((options) => options.pidfile) ? ["pidfile"] : []),
    ...(differ((options) => options.limits.maxHeadSize) ? ["max-header-size"] : []),
  ];
}
