/**
 * What a role tells the service manager that has started it, if any, from its start to its end.
 *
 * @module
 */
import { notifier } from "./notify.ts";

/** The service manager; where there is none, nothing happens. */
export interface ServiceManager {
  ready(): void;
  /** A reload is under way, or waits for one that is; what it comes to is handed on. It is over when all of them are. */
  during<Result>(reload: Promise<Result>): Promise<Result>;
  stopping(): void;
  /** What has to be in the environment of a process that is to follow this one. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes that process, which serves, the service's main one; settles when it is said. */
  handOver(pid: number): Promise<void>;
  close(): void;
}

/** The service manager of this process. Takes its variables out of the environment, which children inherit. */
export function serviceManager(): ServiceManager {
  const notify = notifier(Deno.env);
  // WATCHDOG_PID is ours, and the follower's is not known before it runs; without one it is meant.
  const environment = Object.fromEntries(["NOTIFY_SOCKET", "WATCHDOG_USEC"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) Deno.env.delete(name);
  let reloads = 0, ends = false;
  let watchdog: ReturnType<typeof setInterval> | undefined;
  return {
    ready() {
      notify?.ready();
      const interval = notify?.watchdogInterval ?? null;
      if (interval !== null) watchdog = setInterval(() => notify?.watchdog(), interval);
    },
    async during(reload) {
      reloads++;
      notify?.reloading();
      try {
        return await reload;
      } finally {
        if (--reloads === 0 && !ends) notify?.ready();
      }
    },
    stopping() {
      ends = true;
      notify?.stopping();
    },
    environment,
    async handOver(pid) {
      clearInterval(watchdog);
      await notify?.mainProcess(pid);
    },
    close() {
      clearInterval(watchdog);
      notify?.close();
    },
  };
}
