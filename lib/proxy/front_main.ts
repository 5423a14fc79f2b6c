/**
 * The main of one front among several of a proxy: it reads the configuration itself, and does what its supervisor says.
 *
 * @module
 */
import { readProxyOptions } from "../config/proxy_options.ts";
import { messageOf, StackdError } from "../errors.ts";
import { logError } from "../observe/log.ts";
import { Channel } from "../process/channel.ts";
import { tieToParent } from "../process/parent.ts";
import { isProxyCommand, type ProxyCommand, type ProxyMessage } from "../process/proxy_messages.ts";
import { logRefused } from "./reload.ts";
import { RunningProxy } from "./running.ts";

/**
 * Runs a front.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runProxyFront(args: readonly string[]): Promise<number> {
  const [path] = args;
  if (path === undefined || args.length !== 1) {
    throw new StackdError("STACKD_USAGE", "Cannot run a front: only a proxy starts one");
  }
  tieToParent(() => Deno.exit(1));
  // What signals to the whole group mean is the supervisor's to say.
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"] as const) {
    Deno.addSignalListener(signal, () => {});
  }
  const conn = await Deno.connect({ transport: "unix", path });
  const channel = new Channel<ProxyCommand, ProxyMessage>(conn, isProxyCommand);
  const commands = channel.messages();
  const { value: first } = await commands.next();
  if (first?.type !== "start") return 1;
  try {
    return await serve(first, channel, commands);
  } catch (thrown) {
    const code = thrown instanceof StackdError ? thrown.code : "STACKD_LISTEN";
    await channel.send({ type: "failed", code, message: messageOf(thrown) });
    return 1;
  }
}

async function serve(
  { raw, listen }: Extract<ProxyCommand, { type: "start" }>,
  channel: Channel<ProxyCommand, ProxyMessage>,
  commands: AsyncIterable<ProxyCommand>,
): Promise<number> {
  const read = async () => ({ ...await readProxyOptions(raw), listen });
  const proxy = new RunningProxy(await read(), null);
  channel.send({ type: "ready", addresses: proxy.addresses });
  try {
    for await (const command of commands) {
      switch (command.type) {
        case "reload":
          // The supervisor has read it, and has said what is to be said.
          await read().then((next) => proxy.apply(next)).catch(logRefused);
          channel.send({ type: "reloaded" });
          break;
        case "reopen":
          proxy.reopenLogs();
          break;
        case "drain":
          await proxy.drain(command.timeout);
          await proxy.end();
          return 0;
      }
    }
  } catch (thrown) {
    logError(`Cannot understand the supervisor: ${messageOf(thrown)}`);
  }
  return 1; // the supervisor is gone
}
