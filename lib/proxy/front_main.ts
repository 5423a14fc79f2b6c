/**
 * The main of one front among several of a proxy: it reads the configuration itself, and does what its supervisor says.
 *
 * @module
 */
import { readProxyOptions } from "../config/proxy_options.ts";
import { belongIn } from "../config/working_directory.ts";
import { setLogLevel } from "../observe/log.ts";
import { connectToSupervisor, runFrontProcess } from "../process/child.ts";
import type { CommonMessage } from "../process/front_process.ts";
import { become } from "../process/privileges.ts";
import { isProxyCommand, type ProxyCommand } from "../process/proxy_messages.ts";
import { logRefused } from "./reload.ts";
import { RunningProxy } from "./running.ts";

/**
 * Runs a front.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runProxyFront(args: readonly string[]): Promise<number> {
  const channel = await connectToSupervisor<ProxyCommand, CommonMessage>(args, "a front", "a proxy", isProxyCommand);
  return await runFrontProcess(channel, async ({ raw, cwd, listen }) => {
    belongIn(cwd);
    const read = () => readProxyOptions(raw);
    const options = await read();
    setLogLevel(options.logLevel);
    const proxy = new RunningProxy(options, listen, null);
    become(options.runAs);
    if (options.runAs !== null) proxy.reopenLogs(); // it says so if it could not be later
    channel.send({ type: "ready", addresses: proxy.addresses });
    return {
      async obey(command) {
        switch (command.type) {
          case "reload":
            // The supervisor has read it, and has said what is to be said.
            await read().then((next) => proxy.apply(next)).catch(logRefused);
            channel.send({ type: "done" });
            break;
          case "reopen":
            proxy.reopenLogs();
            break;
          case "drain":
            await proxy.drain(command.timeout);
            await proxy.end();
            return true;
        }
        return false;
      },
    };
  });
}
