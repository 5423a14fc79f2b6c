/**
 * Signals as a queue of intents: a listener only notes what is wanted, a role's own loop acts on it.
 *
 * @module
 */

/**
 * What a signal asks for: end when the requests in flight are answered, end at once, take a changed configuration, open log
 * files anew, make way for the program that is on disk now.
 */
export type Intent = "stop" | "stop-now" | OtherIntent;
/** What does not end the process, or not before somebody else has taken its place. */
export type OtherIntent = "reload" | "reopen" | "upgrade";

/** The intents that came in, in their order. */
export interface SignalQueue {
  /** The next intent, as soon as there is one. */
  next(): Promise<Intent>;
  /** The next one that ends the process; the others go to {@linkcode onOther}. */
  nextStop(): Promise<"stop" | "stop-now">;
  /** What is done for the others while {@linkcode nextStop} waits; at once for each that came before, however often. */
  onOther(act: (intent: OtherIntent) => void): void;
  /** Gives the signals back to the system; a `next()` that waits never resolves. */
  close(): void;
}

/**
 * Listens for TERM (stop; from the second time on: stop now), INT and QUIT (stop now), HUP (reload), USR1 (reopen logs) and USR2
 * (upgrade). PIPE is taken and has no effect. As gunicorn; nginx gives TERM and QUIT the opposite meaning.
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
  const listeners: [Deno.Signal, () => void][] = [
    ["SIGTERM", stop],
    ["SIGINT", stopNow],
    ["SIGQUIT", stopNow],
    ["SIGHUP", () => put("reload")],
    ["SIGUSR1", () => put("reopen")],
    ["SIGUSR2", () => put("upgrade")],
    ["SIGPIPE", () => {}], // it must not end the process
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  const next = (): Promise<Intent> => {
    const intent = waiting.shift();
    if (intent !== undefined) return Promise.resolve(intent);
    return new Promise((resolve) => wake = resolve);
  };
  /** What nobody is there for yet: it is meant for who starts just now. */
  const early = new Set<OtherIntent>();
  let other: (intent: OtherIntent) => void = (intent) => early.add(intent);
  return {
    next,
    onOther(act) {
      other = act;
      for (const intent of early) act(intent);
      early.clear();
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
