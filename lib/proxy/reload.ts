/**
 * A proxy that can take a changed configuration, in one process or several.
 *
 * @module
 */
import type { ListenAddress, ProxyOptions } from "../config/options.ts";
import { explain } from "../errors.ts";
import { logError, logWarn } from "../observe/log.ts";

/** What the role has to do with, however many processes there are. */
export interface Configured {
  /** Where it listens. */
  readonly addresses: readonly ListenAddress[];
  /** How long a graceful stop may take, ms. */
  readonly gracefulTimeout: number;
  /** Serves by the file as it is now; when there is anything wrong with it, nothing changes. Never throws. */
  reload(): Promise<void>;
  /** Opens log files anew. */
  reopenLogs(): void;
  /** Refuses new clients, and lets the requests in flight end, for at most `timeout` ms. */
  drain(timeout: number): Promise<void>;
  /** Ends now what still runs. */
  end(): Promise<void>;
}

/** Reads the configuration again, from where it came. Throws `StackdError` with every mistake in it. */
export type Reread = () => Promise<ProxyOptions>;

/** The changed configuration; null, and the log says why, when there is none or anything is wrong with it. */
export async function rereadSafely(before: ProxyOptions, reread: Reread | null): Promise<ProxyOptions | null> {
  if (reread === null) {
    logWarn("Cannot reload: there is no configuration file, start with -c FILE");
    return null;
  }
  try {
    const after = await reread();
    for (const name of unchangeable(before, after)) logWarn(`A change of ${name} has no effect before a restart`);
    return after;
  } catch (thrown) {
    logRefused(thrown);
    return null;
  }
}

/** Says that a reload came to nothing. */
export function logRefused(thrown: unknown): void {
  logError(`Cannot reload, nothing has changed: ${explain(thrown)}`);
}

/** What differs between two configurations and cannot change in a process that runs. */
function unchangeable(before: ProxyOptions, after: ProxyOptions): string[] {
  const differ = (pick: (options: ProxyOptions) => unknown) =>
    JSON.stringify(pick(before)) !== JSON.stringify(pick(after));
  return [
    ...(differ((options) => options.listen) ? ["listen"] : []),
    ...(differ((options) => options.listenBacklog) ? ["listen-backlog"] : []),
    ...(differ((options) => options.workers) ? ["workers"] : []),
    ...(differ((options) => options.pidfile) ? ["pidfile"] : []),
    ...(differ((options) => options.limits.maxHeadSize) ? ["max-header-size"] : []),
  ];
}
