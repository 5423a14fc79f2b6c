/**
 * The worker's main: serves one handler module until told to stop, and ends.
 *
 * @module
 */
import { DATA_HOME } from "../confine/environment.ts";
import { messageOf } from "../errors.ts";
import { logError, setLogLevel } from "../observe/log.ts";
import { connectToSupervisor, leaveSignalsToSupervisor } from "../process/child.ts";
import { type Confinement, readConfinement } from "../process/confinement.ts";
import { isSupervisorMessage, type SupervisorMessage, type WorkerMessage } from "../process/messages.ts";
import type { Isolate } from "./confined.ts";

/** Deno has looked for it. */
function restoreDataHome({ dataHome }: Confinement): void {
  if (dataHome === null) Deno.env.delete(DATA_HOME);
  else Deno.env.set(DATA_HOME, dataHome);
}

/**
 * Runs a worker.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runWorker(args: readonly string[]): Promise<number> {
  const confinement = readConfinement();
  if (confinement !== null) restoreDataHome(confinement);
  // A confined worker knows what it is to do from its first moment on; what it consists of is loaded while the supervisor is heard.
  const isolate = confinement === null ? null : await openEarly(confinement);
  leaveSignalsToSupervisor();
  const connecting = connectToSupervisor<SupervisorMessage, WorkerMessage>(
    args,
    "a worker",
    "a gateway",
    isSupervisorMessage,
  );
  connecting.catch(() => {}); // thrown below
  // The supervisor still finds out what there is to load.
  if (confinement === null) await warmUp();
  const channel = await connecting;
  const messages = channel.messages();
  const { value: first } = await messages.next();
  if (first?.type !== "start") return 1;
  const { options } = first, { permissions } = options;
  setLogLevel(options.logLevel);
  const say = (message: WorkerMessage) => channel.send(message);
  if (permissions !== null) {
    const { confine, openIsolate } = await import("./confined.ts");
    const opened = isolate ?? openIsolate(options, permissions), { landlock = 0, loader = null } = confinement ?? {};
    const confined = confine({ options, permissions, isolate: opened, landlock, loader, channel: channel.path }, say);
    obey(messages, confined);
    return await confined.ended;
  }
  const { openAccessLog } = await import("../observe/access_log.ts");
  const { Serving } = await import("./serving.ts");
  const { surviveMistakes } = await import("./survive.ts");
  surviveMistakes();
  const serving = new Serving(options, { say, openLog: openAccessLog });
  const drained = Promise.withResolvers<number>();
  obey(messages, {
    drain: (timeout) => drained.resolve(serving.drain(timeout)),
    ping: () => say({ type: "pong", stats: serving.stats() }),
    reopen: () => serving.reopenLogs(),
    break: (text) => serving.break(text),
  });
  return await serving.start() ? await drained.promise : 1;
}

async function openEarly({ options }: Confinement): Promise<Isolate | null> {
  const { openIsolate } = await import("./confined.ts");
  return options.permissions === null ? null : openIsolate(options, options.permissions);
}

/** Loads what serving takes: of the runtime, too, which reads its own parts when they are first named. */
async function warmUp(): Promise<void> {
  const { libc } = await import("../http1/libc.ts");
  await Promise.all([import("./serving.ts"), import("./survive.ts")]);
  libc();
  void Deno.serve;
}

/** What a worker does when it is told to. */
interface Obedience {
  drain(timeout: number): void;
  ping(): void;
  reopen(): void;
  break(text: string): void;
}

/** Does what the supervisor says; ends the process when the supervisor is gone. */
function obey(messages: AsyncIterable<SupervisorMessage>, worker: Obedience): void {
  (async () => {
    try {
      for await (const message of messages) {
        if (message.type === "drain") worker.drain(message.timeout);
        else if (message.type === "ping") worker.ping();
        else if (message.type === "reopen") worker.reopen();
        else if (message.type === "broken") worker.break(message.text);
      }
    } catch (thrown) {
      logError(`Cannot understand the supervisor: ${messageOf(thrown)}`);
    }
    Deno.exit(1);
  })();
}
