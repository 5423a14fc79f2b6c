/**
 * Signals as a queue of intents: a listener only notes what is wanted, a role's own loop acts on it.
 *
 * @module
 */

/** What a signal asks for: end when the requests in flight are answered, or end at once. */
export type Intent = "stop" | "stop-now";

/** The intents that came in, in their order. */
export interface SignalQueue {
  /** The next intent, as soon as there is one. */
  next(): Promise<Intent>;
  /** Gives the signals back to the system; a `next()` that waits never resolves. */
  close(): void;
}

/** Signals that must not end the process and mean nothing yet. */
const IGNORED: readonly Deno.Signal[] = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPIPE"];

/**
 * Listens for TERM (stop; from the second time on: stop now), INT and QUIT (stop now). HUP, USR1, USR2 and PIPE are taken and
 * have no effect. As gunicorn; nginx gives TERM and QUIT the opposite meaning.
 */
export function listenForSignals(): SignalQueue {
  const waiting: Intent[] = [];
  let wake: ((intent: Intent) => void) | null = null;
  let asked = false;
  const put = (intent: Intent) => {
    if (wake === null) waiting.push(intent);
    else wake(intent);
    wake = null;
  };
  const stop = () => {
    put(asked ? "stop-now" : "stop");
    asked = true;
  };
  const stopNow = () => put("stop-now");
  const ignore = () => {};
  const listeners: [Deno.Signal, () => void][] = [
    ["SIGTERM", stop],
    ["SIGINT", stopNow],
    ["SIGQUIT", stopNow],
    ...IGNORED.map((signal): [Deno.Signal, () => void] => [signal, ignore]),
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    next() {
      const intent = waiting.shift();
      if (intent !== undefined) return Promise.resolve(intent);
      return new Promise((resolve) => wake = resolve);
    },
    close() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
