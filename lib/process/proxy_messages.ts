/**
 * What the supervisor of a proxy and its fronts say to each other. Each front reads the configuration itself: what is in it does
 * not have to be sent.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { ListenAddress } from "../config/options.ts";
import type { Guard } from "./channel.ts";
import { isCommonCommand, isFrontMessage } from "./front_messages.ts";
import type { CommonCommand } from "./front_process.ts";
import { either, list, literal, object, record, text } from "./guards.ts";

/** From the supervisor to a front. */
export type ProxyCommand =
  /** Serve by these options of the command line, whose relative paths begin in `cwd`, but on these addresses. */
  | {
    readonly type: "start";
    readonly raw: RawOptions;
    readonly cwd: string;
    readonly listen: readonly ListenAddress[];
  }
  /** Read the file again, and serve by it; done when that is over, well or not. */
  | { readonly type: "reload" }
  | CommonCommand;

/** Whether a front can take `value` for a command. */
export const isProxyCommand: Guard<ProxyCommand> = either(
  either(
    record({ type: literal("start"), raw: object<RawOptions>(), cwd: text, listen: list(object<ListenAddress>()) }),
    record({ type: literal("reload") }),
  ),
  isCommonCommand,
);

/** Whether a supervisor can take `value` for a message of a front. */
export const isProxyMessage = isFrontMessage;
