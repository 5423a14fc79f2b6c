/**
 * The side of a process that was started to follow another one: it says how its start went, and waits until the other one has
 * given way.
 *
 * @module
 */
import { messageOf, type StackdError } from "../errors.ts";
import { logWarn } from "../observe/log.ts";
import { Channel, type Guard } from "./channel.ts";
import { either, list, literal, number, orNull, record, text } from "./guards.ts";
import { inheritance } from "./inheritance.ts";
import type { ListeningSockets } from "./sockets.ts";

/** From the successor to its predecessor. */
export type SuccessorMessage =
  /** It serves, on these of the descriptors that it was given. */
  | { readonly type: "ready"; readonly used: readonly number[] }
  /** It never will. */
  | { readonly type: "failed"; readonly message: string; readonly detail: string | null };

/** From the predecessor: it has given way. */
export interface PredecessorMessage {
  readonly type: "yours";
}

/** Whether a predecessor can take `value` for a message of its successor. */
export const isSuccessorMessage: Guard<SuccessorMessage> = either(
  record({ type: literal("ready"), used: list(number) }),
  record({ type: literal("failed"), message: text, detail: orNull(text) }),
);
const isPredecessorMessage: Guard<PredecessorMessage> = record({ type: literal("yours") });

/**
 * Says that this process serves, on `sockets`, and waits until it is the one, and they are its own; at once where it follows
 * nobody. `publish` tells the world of it, before anybody hears that it is done.
 */
export async function takeOver(sockets: readonly ListeningSockets[], publish: () => void): Promise<void> {
  // The other one's end means the same as its word: there is nobody else to serve then.
  const channel = await connect().catch(() => null);
  channel?.send({ type: "ready", used: sockets.flatMap(({ inherited }) => inherited) });
  await channel?.messages().next().catch(() => {});
  for (const each of sockets) each.own();
  try {
    publish();
  } catch (thrown) {
    logWarn(messageOf(thrown)); // it is too late to go back
  }
  channel?.close();
}

/** Tells a predecessor, if there is one, why this process does not start; whether it could, so that nobody else has to be told. */
export async function tellPredecessor(thrown: StackdError): Promise<boolean> {
  const channel = await connect().catch(() => null);
  if (channel === null) return false;
  const { message, detail = null } = thrown;
  await channel.send({ type: "failed", message, detail });
  channel.close();
  return true;
}

async function connect(): Promise<Channel<PredecessorMessage, SuccessorMessage> | null> {
  const { predecessor } = inheritance();
  if (predecessor === null) return null;
  const conn = await Deno.connect({ transport: "unix", path: predecessor.channel });
  return new Channel<PredecessorMessage, SuccessorMessage>(conn, isPredecessorMessage);
}
