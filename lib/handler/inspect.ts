/**
 * The main of the process in which `stackd check` loads a module.
 *
 * @module
 */
import { connectToSupervisor } from "../process/child.ts";
import { type InspectorCommand, type InspectorMessage, isInspectorCommand } from "../process/inspector_handle.ts";
import { failureOf } from "./failure.ts";
import { describeHandler, loadHandler } from "./loader.ts";

/**
 * Loads the module, tells what is in it, and waits for its end.
 *
 * @param args The path of the socket on which `stackd check` waits.
 * @returns The exit code.
 */
export async function runInspector(args: readonly string[]): Promise<number> {
  const channel = await connectToSupervisor<InspectorCommand, InspectorMessage>(
    args,
    "an inspector",
    "stackd check",
    isInspectorCommand,
  );
  const messages = channel.messages();
  const { value: first } = await messages.next();
  if (first?.type !== "start") return 1;
  try {
    const handler = await loadHandler(first.module, first.exportName, first.code);
    await channel.send({ type: "ready", handler: describeHandler(handler), exports: handler.exports });
  } catch (thrown) {
    const otherwise = { code: "STACKD_HANDLER_LOAD", message: `Cannot load "${first.module}"` } as const;
    const { code, message, detail } = failureOf(thrown, otherwise);
    await channel.send({ type: "failed", code, message, detail });
  }
  await messages.next();
  return 0;
}
