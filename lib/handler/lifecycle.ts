/**
 * What is around a handler's serving: its `onStart` and `health` before the first request, its `onStop` after the last.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { within } from "../process/within.ts";
import type { LifecycleInfo } from "./contract.ts";
import type { LoadedHandler } from "./loader.ts";
import { describeThrown, headline, userFrames } from "./stack.ts";

/** `onStop` may take this long, ms, even when the requests in flight have used up the whole drain. */
export const STOP_AT_LEAST = 1_000;

/** Milliseconds, which may be what is left of others, as seconds for people. */
export function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}

/** Runs `onStart`. Throws `STACKD_HANDLER_START` (exit 1) with the handler's own frames. */
export async function runOnStart({ onStart }: LoadedHandler, info: LifecycleInfo): Promise<void> {
  try {
    await onStart?.(info);
  } catch (cause) {
    const frames = userFrames(cause);
    const message = `Cannot start "${info.module}": onStart threw ${headline(cause)}`;
    const options = { exitCode: 1, cause } as const;
    throw new StackdError("STACKD_HANDLER_START", message, frames === "" ? options : { ...options, detail: frames });
  }
}

/** Nothing is switched to a handler that says that it is not well: throws `STACKD_HANDLER_START` (exit 1). */
export async function askHealth({ health }: LoadedHandler, info: LifecycleInfo): Promise<void> {
  const refuse = (state: string, cause?: unknown) => {
    const message = `Cannot start "${info.module}": ${state}`;
    return new StackdError("STACKD_HANDLER_START", message, { exitCode: 1, cause });
  };
  let answer: unknown;
  try {
    answer = await health?.(info);
  } catch (cause) {
    throw refuse(`its health check threw ${headline(cause)}`, cause);
  }
  if (answer === false) throw refuse("its health check says false");
}

/** Runs `onStop`, for at most `timeout` ms. What goes wrong is logged: nobody waits for a handler that has ended. */
export async function runOnStop({ onStop }: LoadedHandler, info: LifecycleInfo, timeout: number): Promise<void> {
  if (onStop === null) return;
  try {
    const done = await within(Promise.resolve(onStop(info)).then(() => true), timeout);
    if (done !== true) logError(`onStop was not done within ${seconds(timeout)} s`);
  } catch (thrown) {
    logError(`onStop threw ${describeThrown(thrown)}`);
  }
}
