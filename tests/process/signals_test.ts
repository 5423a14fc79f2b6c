/** Signals as intents. They are real ones, which this process sends itself. */
import { assertEquals } from "@std/assert";
import { type Intent, listenForSignals } from "../../lib/process/signals.ts";
import { until } from "../support/until.ts";

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

const IGNORED: readonly Deno.Signal[] = ["SIGPIPE"];

Deno.test("TERM asks to stop, and from the second time on to stop now", async () => {
  assertEquals(await intentsOf(["SIGTERM", "SIGTERM", "SIGTERM"]), ["stop", "stop-now", "stop-now"]);
});

// INT is the same, but would end the test run too: tests/gateway has it.
Deno.test("QUIT asks to stop now", async () => {
  assertEquals(await intentsOf(["SIGQUIT", "SIGTERM", "SIGQUIT"]), ["stop-now", "stop", "stop-now"]);
});

Deno.test("PIPE ends nothing and asks for nothing", async () => {
  assertEquals(await intentsOf([...IGNORED, "SIGTERM"]), ["stop"]);
});

Deno.test("HUP asks for a reload, USR1 for log files to be opened anew, USR2 for an upgrade", async () => {
  const signals = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGHUP"] as const;
  assertEquals(await intentsOf(signals), ["reload", "reopen", "upgrade", "reload"]);
});

Deno.test("nextStop() passes over what does not end the process", async () => {
  const queue = listenForSignals();
  for (const signal of ["SIGHUP", "SIGUSR1", "SIGTERM"] as const) Deno.kill(Deno.pid, signal);
  const alive = setTimeout(() => {}, 60_000);
  assertEquals(await queue.nextStop(), "stop");
  clearTimeout(alive);
  queue.close();
});

Deno.test("onOther() hears once of what came before it", async () => {
  const queue = listenForSignals();
  let came = 0;
  const count = () => void came++;
  for (const signal of ["SIGHUP", "SIGUSR1"] as const) Deno.addSignalListener(signal, count);
  const alive = setTimeout(() => {}, 60_000);
  const stop = queue.nextStop();
  const send = async (signal: Deno.Signal) => {
    const before = came;
    Deno.kill(Deno.pid, signal);
    await until("it has come", () => came > before);
  };
  const heard: string[] = [];
  try {
    for (const signal of ["SIGHUP", "SIGUSR1", "SIGHUP"] as const) await send(signal);
    queue.onOther((intent) => heard.push(intent));
    assertEquals(heard, ["reload", "reopen"]);
    await send("SIGHUP");
    await until("it is heard", () => heard.length > 2);
    Deno.kill(Deno.pid, "SIGTERM");
    assertEquals(await stop, "stop");
  } finally {
    clearTimeout(alive);
    for (const signal of ["SIGHUP", "SIGUSR1"] as const) Deno.removeSignalListener(signal, count);
    queue.close();
  }
  assertEquals(heard, ["reload", "reopen", "reload"]);
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
