/** Signals as intents. They are real ones, which this process sends itself. */
import { assertEquals } from "@std/assert";
import { type Intent, listenForSignals } from "../../lib/process/signals.ts";

/** The intents that come of `signals`, each sent when the one before has been understood. */
async function intentsOf(signals: readonly Deno.Signal[]): Promise<Intent[]> {
  const queue = listenForSignals();
  const alive = setTimeout(() => {}, 60_000); // waiting for a signal alone keeps no process running
  try {
    const intents: Intent[] = [];
    for (const signal of signals) {
      Deno.kill(Deno.pid, signal);
      if (!IGNORED.includes(signal)) intents.push(await queue.next());
    }
    return intents;
  } finally {
    clearTimeout(alive);
    queue.close();
  }
}

const IGNORED: readonly Deno.Signal[] = ["SIGUSR2", "SIGPIPE"];

Deno.test("TERM asks to stop, and from the second time on to stop now", async () => {
  assertEquals(await intentsOf(["SIGTERM", "SIGTERM", "SIGTERM"]), ["stop", "stop-now", "stop-now"]);
});

// INT is the same, but would end the test run too: tests/gateway has it.
Deno.test("QUIT asks to stop now", async () => {
  assertEquals(await intentsOf(["SIGQUIT", "SIGTERM", "SIGQUIT"]), ["stop-now", "stop", "stop-now"]);
});

Deno.test("USR2 and PIPE end nothing and ask for nothing", async () => {
  assertEquals(await intentsOf([...IGNORED, "SIGTERM"]), ["stop"]);
});

Deno.test("HUP asks for a reload, USR1 for log files to be opened anew", async () => {
  assertEquals(await intentsOf(["SIGHUP", "SIGUSR1", "SIGHUP"]), ["reload", "reopen", "reload"]);
});

Deno.test("nextStop() passes over what does not end the process", async () => {
  const queue = listenForSignals();
  for (const signal of ["SIGHUP", "SIGUSR1", "SIGTERM"] as const) Deno.kill(Deno.pid, signal);
  const alive = setTimeout(() => {}, 60_000);
  assertEquals(await queue.nextStop(), "stop");
  clearTimeout(alive);
  queue.close();
});

Deno.test("intents that nobody waits for are kept", async () => {
  const queue = listenForSignals();
  Deno.kill(Deno.pid, "SIGTERM");
  Deno.kill(Deno.pid, "SIGQUIT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals([await queue.next(), await queue.next()].sort(), ["stop", "stop-now"]);
  queue.close();
});

Deno.test("an intent goes to the call that waits last, when several wait", async () => {
  const queue = listenForSignals();
  const alive = setTimeout(() => {}, 60_000); // waiting for a signal alone keeps no process running
  let first: Intent | null = null;
  queue.next().then((intent) => first = intent);
  const second = queue.next();
  Deno.kill(Deno.pid, "SIGQUIT");
  assertEquals([await second, first], ["stop-now", null]);
  clearTimeout(alive);
  queue.close();
});
