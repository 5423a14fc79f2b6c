/**
 * The main of the process in which `stackd check` loads a module.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import { connectToSupervisor } from "../process/child.ts";
import { type InspectorCommand, type InspectorMessage, isInspectorCommand } from "../process/inspector_handle.ts";
import { describeHandler, loadHandler } from "./loader.ts";
import { describeThrown } from "./stack.ts";

/** Longest error detail that is told, characters. */
const MAX_DETAIL = 32_768;

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
    const handler = await loadHandler(first.module, first.exportName);
    await channel.send({ type: "ready", handler: describeHandler(handler), exports: handler.exports });
  } catch (thrown) {
    await channel.send(failure(first.module, thrown));
  }
  await messages.next();
  return 0;
}

function failure(module: string, thrown: unknown): InspectorMessage {
  if (thrown instanceof StackdError) {
    const { code, message, detail } = thrown;
    return { type: "failed", code, message, detail: detail?.slice(0, MAX_DETAIL) ?? null };
  }
  // Nothing but a mistake of ours comes here.
  const detail = describeThrown(thrown).slice(0, MAX_DETAIL);
  return { type: "failed", code: "STACKD_HANDLER_LOAD", message: `Cannot load "${module}"`, detail };
}
