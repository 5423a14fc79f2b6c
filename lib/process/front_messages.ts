/**
 * What a supervisor and a front of a gateway say to each other.
 *
 * @module
 */
import type { AccessLogTarget, Limits, ListenAddress, TrustedProxies, UpstreamLimits } from "../config/options.ts";
import type { Guard } from "./channel.ts";
import type { CommonCommand, CommonMessage } from "./front_process.ts";
import { either, list, literal, number, object, record, text } from "./guards.ts";
import { ERROR_CODE } from "./messages.ts";

/** What a front needs to know. */
export interface FrontStart {
  readonly listen: readonly ListenAddress[];
  readonly limits: Limits;
  /** How workers are spoken to; the read timeout is the request timeout. */
  readonly upstream: UpstreamLimits;
  readonly trustedProxies: TrustedProxies;
  readonly accessLog: AccessLogTarget;
  /** Requests in flight that a worker is given at once. */
  readonly workerRequests: number;
  /** Requests that wait while all workers have as many, or there is none; and how long, ms. */
  readonly queue: number;
  readonly queueTimeout: number;
}

/** From the supervisor to a front. */
export type FrontCommand =
  | { readonly type: "start"; readonly start: FrontStart }
  /** Send requests to the workers on these sockets, and to no others. */
  | { readonly type: "serve"; readonly sockets: readonly string[] }
  /** Log which requests the worker on this socket has; it is called `name`. */
  | { readonly type: "inside"; readonly socket: string; readonly name: string }
  | CommonCommand;

/** Whether a supervisor can take `value` for a message of a front. */
export const isFrontMessage: Guard<CommonMessage> = either(
  either(
    record({ type: literal("ready"), addresses: list(object<ListenAddress>()) }),
    record({ type: literal("done") }),
  ),
  record({ type: literal("failed"), code: ERROR_CODE, message: text }),
);

/** Whether a front can take `value` for what all of them are told. */
export const isCommonCommand: Guard<CommonCommand> = either(
  record({ type: literal("drain"), timeout: number }),
  record({ type: literal("reopen") }),
);

/**
 * Whether a front can take `value` for a command. The start is only looked at from outside: the supervisor is the same program,
 * and has validated what is in it.
 */
export const isFrontCommand: Guard<FrontCommand> = either(
  either(
    record({ type: literal("start"), start: object<FrontStart>() }),
    record({ type: literal("serve"), sockets: list(text) }),
  ),
  either(isCommonCommand, record({ type: literal("inside"), socket: text, name: text })),
);
