/**
 * The worker's main: serves one handler module until told to stop, and ends.
 *
 * @module
 */
import { CONFINED } from "../confine/environment.ts";
import { messageOf } from "../errors.ts";
import { openAccessLog } from "../observe/access_log.ts";
import { logError, setLogLevel } from "../observe/log.ts";
import { connectToSupervisor, leaveSignalsToSupervisor } from "../process/child.ts";
import { isSupervisorMessage, type SupervisorMessage, type WorkerMessage } from "../process/messages.ts";

/**
 * Runs a worker.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runWorker(args: readonly string[]): Promise<number> {
  const isolated = Deno.env.has(CONFINED);
  const channel = await connectToSupervisor<SupervisorMessage, WorkerMessage>(
    args,
    "a worker",
    "a gateway",
    isSupervisorMessage,
  );
  leaveSignalsToSupervisor();
  const messages = channel.messages();
  const start = messages.next();
  // The supervisor still finds out what there is to load.
  if (!isolated) await warmUp();
  const { value: first } = await start;
  if (first?.type !== "start") return 1;
  const { options } = first;
  setLogLevel(options.logLevel);
  const say = (message: WorkerMessage) => channel.send(message);
  if (options.permissions !== null) {
    const { confine } = await import("./confined.ts");
    const confined = confine(options, options.permissions, args[0] ?? "", say);
    obey(messages, confined);
    return await confined.ended;
  }
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
