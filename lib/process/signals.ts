/**
 * Signals as a queue of intents: a listener only notes what is wanted, a role's own loop acts on it.
 *
 * @module
 */

/**
 * What a signal asks for: end when the requests in flight are answered, end at once, take a changed configuration, open log
 * files anew.
 */
export type Intent = "stop" | "stop-now" | "reload" | "reopen";

/** The intents that came in, in their order. */
export interface SignalQueue {
  /** The next intent, as soon as there is one. */
  next(): Promise<Intent>;
  /** The next one that ends the process; the others go to {@linkcode onOther}. */
  nextStop(): Promise<"stop" | "stop-now">;
  /** What is done for the others while {@linkcode nextStop} waits; nothing by default. */
  onOther(act: (intent: "reload" | "reopen") => void): void;
  /** Gives the signals back to the system; a `next()` that waits never resolves. */
  close(): void;
}

/** Signals that must not end the process and mean nothing. */
const IGNORED: readonly Deno.Signal[] = ["SIGUSR2", "SIGPIPE"];

/**
 * Listens for TERM (stop; from the second time on: stop now), INT and QUIT (stop now), HUP (reload) and USR1 (reopen logs). USR2
 * and PIPE are taken and have no effect. As gunicorn; nginx gives TERM and QUIT the opposite meaning.
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
    ["SIGHUP", () => put("reload")],
    ["SIGUSR1", () => put("reopen")],
    ...IGNORED.map((signal): [Deno.Signal, () => void] => [signal, ignore]),
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  const next = (): Promise<Intent> => {
    const intent = waiting.shift();
    if (intent !== undefined) return Promise.resolve(intent);
    return new Promise((resolve) => wake = resolve);
  };
  let other: (intent: "reload" | "reopen") => void = () => {};
  return {
    next,
    onOther(act) {
      other = act;
    },
    async nextStop() {
      for (;;) {
        const intent = await next();
        if (intent === "stop" || intent === "stop-now") return intent;
        other(intent);
      }
    },
    close() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
