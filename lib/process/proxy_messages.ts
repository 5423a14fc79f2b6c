/**
 * What the supervisor of a proxy and its fronts say to each other. Each front reads the configuration itself: what is in it does
 * not have to be sent.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { ListenAddress } from "../config/options.ts";
import type { ErrorCode } from "../errors.ts";
import type { Guard } from "./channel.ts";
import { either, list, literal, number, record, text } from "./guards.ts";
import { ERROR_CODE } from "./messages.ts";

/** From the supervisor to a front. */
export type ProxyCommand =
  /** Serve by these options of the command line, but on these addresses. */
  | { readonly type: "start"; readonly raw: RawOptions; readonly listen: readonly ListenAddress[] }
  /** Read the file again, and serve by it. */
  | { readonly type: "reload" }
  /** Open log files anew. */
  | { readonly type: "reopen" }
  /** Refuse new clients, finish the requests in flight within `timeout` ms, then end. */
  | { readonly type: "drain"; readonly timeout: number };

/** From a front to its supervisor. */
export type ProxyMessage =
  | { readonly type: "ready"; readonly addresses: readonly ListenAddress[] }
  /** The reload is over, well or not. */
  | { readonly type: "reloaded" }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string };

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Whether a front can take `value` for a command. */
export const isProxyCommand: Guard<ProxyCommand> = either(
  either(
    record({
      type: literal("start"),
      raw: isObject as Guard<RawOptions>,
      listen: list(isObject as Guard<ListenAddress>),
    }),
    record({ type: literal("drain"), timeout: number }),
  ),
  record({ type: literal("reload", "reopen") }) as Guard<ProxyCommand>,
);

/** Whether a supervisor can take `value` for a message of a front. */
export const isProxyMessage: Guard<ProxyMessage> = either(
  either(
    record({ type: literal("ready"), addresses: list(isObject as Guard<ListenAddress>) }),
    record({ type: literal("reloaded") }),
  ),
  record({ type: literal("failed"), code: ERROR_CODE, message: text }),
);
