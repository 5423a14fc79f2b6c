/**
 * What a supervisor and a front of a gateway say to each other.
 *
 * @module
 */
import type { AccessLogTarget, Limits, ListenAddress, TrustedProxies, UpstreamLimits } from "../config/options.ts";
import type { ErrorCode } from "../errors.ts";
import type { Guard } from "./channel.ts";
import { either, list, literal, number, record, text } from "./guards.ts";
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
  /** Open log files anew. */
  | { readonly type: "reopen" }
  /** Refuse new clients, finish the requests in flight within `timeout` ms, then end. */
  | { readonly type: "drain"; readonly timeout: number };

/** From a front to its supervisor. */
export type FrontMessage =
  | { readonly type: "ready"; readonly addresses: readonly ListenAddress[] }
  /** The last "serve" holds. */
  | { readonly type: "serves" }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string };

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/**
 * Whether a front can take `value` for a command. The start is only looked at from outside: the supervisor is the same program,
 * and has validated what is in it.
 */
export const isFrontCommand: Guard<FrontCommand> = either(
  either(
    record({ type: literal("start"), start: isObject as Guard<FrontStart> }),
    record({ type: literal("serve"), sockets: list(text) }),
  ),
  either(
    either(record({ type: literal("drain"), timeout: number }), record({ type: literal("reopen") })),
    record({ type: literal("inside"), socket: text, name: text }),
  ),
);

/** Whether a supervisor can take `value` for a message of a front. */
export const isFrontMessage: Guard<FrontMessage> = either(
  either(
    record({ type: literal("ready"), addresses: list(isObject as Guard<ListenAddress>) }),
    record({ type: literal("serves") }),
  ),
  record({ type: literal("failed"), code: ERROR_CODE, message: text }),
);
