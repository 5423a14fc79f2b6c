/**
 * The side of a supervised process: it belongs to its supervisor, does what it says, and ends with it.
 *
 * @module
 */
import { CONFINED } from "../confine/environment.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { Channel, type Guard } from "./channel.ts";
import { PATH_FOLLOWS } from "./early.ts";
import { dieWithParent, tieToParent } from "./parent.ts";

/**
 * Ties this process to its supervisor and opens the channel to it.
 *
 * @param args What follows the hidden command: the path of the socket on which the supervisor waits.
 * @param what The process, as in "a worker"; `starter`: who starts one.
 * @throws {StackdError} `STACKD_USAGE` when a person has tried to run it.
 */
export async function connectToSupervisor<Command, Message>(
  args: readonly string[],
  what: string,
  starter: string,
  isCommand: Guard<Command>,
): Promise<Channel<Command, Message>> {
  const [given] = args;
  if (given === undefined || args.length !== 1) {
    throw new StackdError("STACKD_USAGE", `Cannot run ${what}: only ${starter} starts one`);
  }
  // A confined process has no standard input; the kernel, which confines it, ends it with its parent.
  dieWithParent();
  const path = given === PATH_FOLLOWS ? await readLine() : given;
  if (Deno.env.get(CONFINED) === undefined) tieToParent(() => Deno.exit(1));
  Deno.env.delete(CONFINED);
  return new Channel<Command, Message>(await Deno.connect({ transport: "unix", path }), isCommand);
}

/** The one line that standard input begins with, and nothing behind it; the process ends when its parent does before. */
async function readLine(): Promise<string> {
  const chunk = new Uint8Array(4_096), decoder = new TextDecoder();
  for (let line = "";;) {
    const count = await Deno.stdin.read(chunk);
    if (count === null) Deno.exit(1);
    line += decoder.decode(chunk.subarray(0, count), { stream: true });
    if (line.endsWith("\n")) return line.slice(0, -1);
  }
}

/**
 * Takes the signals that a terminal, a shell's `kill %1` and systemd send to the whole group, and does nothing about them: what
 * they mean is the supervisor's to say, which lets requests end before processes do.
 */
export function leaveSignalsToSupervisor(): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
}

/** What a front that cannot be started says to its supervisor. */
interface Failure {
  readonly type: "failed";
  readonly code: StackdError["code"];
  readonly message: string;
}

/** Runs a front by its commands, the first of which starts it; what it throws before it is ready is told. Gives the exit code. */
export async function runFrontProcess<Command extends { readonly type: string }, Message>(
  channel: Channel<Command, Message | Failure>,
  start: (command: Extract<Command, { type: "start" }>) => Promise<FrontProcess<Command>>,
): Promise<number> {
  leaveSignalsToSupervisor();
  const commands = channel.messages();
  const { value: first } = await commands.next();
  if (first?.type !== "start") return 1;
  let front: FrontProcess<Command>;
  try {
    front = await start(first as Extract<Command, { type: "start" }>);
  } catch (thrown) {
    const code = thrown instanceof StackdError ? thrown.code : "STACKD_LISTEN";
    await channel.send({ type: "failed", code, message: messageOf(thrown) });
    return 1;
  }
  const ended = Promise.withResolvers<number>();
  obeyAll(commands, front, () => ended.resolve(0)).then(() => ended.resolve(1)); // the supervisor is gone
  return await ended.promise;
}

async function obeyAll<Command extends { readonly type: string }>(
  commands: AsyncIterable<Command>,
  front: FrontProcess<Command>,
  ended: () => void,
): Promise<void> {
  const obey = async (command: Command) => {
    if (await front.obey(command)) ended();
  };
  try {
    for await (const command of commands) {
      const obeyed = obey(command);
      // Another command to drain cuts short what the first one waits for.
      if (command.type !== "drain") await obeyed;
    }
  } catch (thrown) {
    logError(`Cannot understand the supervisor: ${messageOf(thrown)}`);
  }
}

/** A front that runs in this process. */
export interface FrontProcess<Command> {
  /** Does what it is told; true when that was to end, and it has. */
  obey(command: Command): Promise<boolean>;
}
