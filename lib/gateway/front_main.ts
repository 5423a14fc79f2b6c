/**
 * The front's main: listens for clients and sends their requests to workers, until told to stop. It outlives workers and
 * generations of them; its supervisor says who serves.
 *
 * @module
 */
import { openAccessLog } from "../observe/access_log.ts";
import { logError, setLogLevel } from "../observe/log.ts";
import { connectToSupervisor, runFrontProcess } from "../process/child.ts";
import { type FrontCommand, isFrontCommand } from "../process/front_messages.ts";
import type { CommonMessage } from "../process/front_process.ts";
import { become } from "../process/privileges.ts";
import { startGatewayFront } from "./front.ts";

/**
 * Runs a front.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runFront(args: readonly string[]): Promise<number> {
  const channel = await connectToSupervisor<FrontCommand, CommonMessage>(args, "a front", "a gateway", isFrontCommand);
  return await runFrontProcess(channel, ({ start }) => {
    setLogLevel(start.logLevel);
    const accessLog = openAccessLog(start.accessLog);
    const { front, serve, avoid } = startGatewayFront(start, accessLog);
    become(start.runAs);
    if (start.runAs !== null) accessLog.reopen(); // it says so if it could not be later
    channel.send({ type: "ready", addresses: front.addresses });
    return Promise.resolve({
      async obey(command) {
        switch (command.type) {
          case "serve":
            serve(command.apps);
            channel.send({ type: "done" });
            break;
          case "avoid":
            avoid(command.sockets);
            break;
          case "count":
            channel.send({ type: "counts", counts: front.counts() });
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
            return true;
        }
        return false;
      },
    });
  });
}
