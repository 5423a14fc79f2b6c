/**
 * The front's main: listens for clients and sends their requests to workers, until told to stop. It outlives workers and
 * generations of them; its supervisor says who serves.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";
import { openAccessLog } from "../observe/access_log.ts";
import { logError } from "../observe/log.ts";
import { Channel } from "../process/channel.ts";
import { type FrontCommand, type FrontMessage, isFrontCommand } from "../process/front_messages.ts";
import { tieToParent } from "../process/parent.ts";
import { startGatewayFront } from "./front.ts";

/**
 * Runs a front.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runFront(args: readonly string[]): Promise<number> {
  const [path] = args;
  if (path === undefined || args.length !== 1) {
    throw new StackdError("STACKD_USAGE", "Cannot run a front: only a gateway starts one");
  }
  tieToParent(() => Deno.exit(1));
  // What signals to the whole group mean is the supervisor's to say.
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  const channel = new Channel<FrontCommand, FrontMessage>(
    await Deno.connect({ transport: "unix", path }),
    isFrontCommand,
  );
  const commands = channel.messages();
  const { value: first } = await commands.next();
  if (first?.type !== "start") return 1;
  try {
    return await serve(first.start, channel, commands);
  } catch (thrown) {
    const code = thrown instanceof StackdError ? thrown.code : "STACKD_LISTEN";
    await channel.send({ type: "failed", code, message: messageOf(thrown) });
    return 1;
  }
}

async function serve(
  start: Extract<FrontCommand, { type: "start" }>["start"],
  channel: Channel<FrontCommand, FrontMessage>,
  commands: AsyncIterable<FrontCommand>,
): Promise<number> {
  const accessLog = openAccessLog(start.accessLog);
  const { front, serve } = startGatewayFront(start, accessLog);
  channel.send({ type: "ready", addresses: front.addresses });
  try {
    for await (const command of commands) {
      switch (command.type) {
        case "serve":
          serve(command.sockets);
          channel.send({ type: "serves" });
          break;
        case "inside":
          for (const request of front.inside(`unix:${command.socket}`)) logError(`${command.name} has ${request}`);
          break;
        case "reopen":
          accessLog.reopen();
          break;
        case "drain":
          await front.drain(command.timeout);
          await accessLog.close();
          return 0;
      }
    }
  } catch (thrown) {
    logError(`Cannot understand the supervisor: ${messageOf(thrown)}`);
  }
  return 1; // the supervisor is gone
}
