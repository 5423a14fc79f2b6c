/**
 * What a supervisor and a front of a gateway say to each other.
 *
 * @module
 */
import type {
  AccessLogTarget,
  Limits,
  ListenAddress,
  LogLevel,
  RunAs,
  TrustedProxies,
  UpstreamLimits,
} from "../config/options.ts";
import type { Guard } from "./channel.ts";
import type { CommonCommand, CommonMessage, FrontCounts } from "./front_process.ts";
import { either, list, literal, number, object, record, text } from "./guards.ts";
import { ERROR_CODE } from "./messages.ts";

/** What answers below a prefix of a gateway's front. */
export type FrontRoute =
  /** The workers of the app with this prefix, which get paths without it. */
  | { readonly kind: "app"; readonly prefix: string }
  /** The files of a directory, named by its absolute path. */
  | { readonly kind: "static"; readonly prefix: string; readonly root: string };

/** Where the requests for an app go. */
export interface AppWorkers {
  /** The app's prefix, which names it. */
  readonly prefix: string;
  /** The private sockets of its workers that serve. */
  readonly sockets: readonly string[];
}

/** What a front needs to know. */
export interface FrontStart {
  readonly listen: readonly ListenAddress[];
  readonly routes: readonly FrontRoute[];
  readonly limits: Limits;
  /** How workers are spoken to; the read timeout is the request timeout. */
  readonly upstream: UpstreamLimits;
  readonly trustedProxies: TrustedProxies;
  readonly accessLog: AccessLogTarget;
  readonly logLevel: LogLevel;
  /** Whom it becomes when it listens; null: it stays what it is. */
  readonly runAs: RunAs | null;
  /** Requests in flight that a worker is given at once. */
  readonly workerRequests: number;
  /** Requests that wait while all workers have as many, or there is none; and how long, ms. */
  readonly queue: number;
  readonly queueTimeout: number;
}

/** From the supervisor to a front. */
export type FrontCommand =
  | { readonly type: "start"; readonly start: FrontStart }
  /** Send each app's requests to these workers, and to no others, from one moment on for all of them. */
  | { readonly type: "serve"; readonly apps: readonly AppWorkers[] }
  /** The workers on these sockets do not answer at present: send requests to others while there are any. */
  | { readonly type: "avoid"; readonly sockets: readonly string[] }
  /** Say what it does at present. */
  | { readonly type: "count" }
  /** Log which requests the worker on this socket has; it is called `name`. */
  | { readonly type: "inside"; readonly socket: string; readonly name: string }
  | CommonCommand;

/** Whether a supervisor can take `value` for a message of a front. */
export const isFrontMessage: Guard<CommonMessage> = either(
  either(
    record({ type: literal("ready"), addresses: list(object<ListenAddress>()) }),
    either(
      record({ type: literal("done") }),
      record({
        type: literal("counts"),
        counts: record<FrontCounts>({ connections: number, inFlight: number, queued: number }),
      }),
    ),
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
    either(
      record({ type: literal("serve"), apps: list(record<AppWorkers>({ prefix: text, sockets: list(text) })) }),
      either(record({ type: literal("avoid"), sockets: list(text) }), record({ type: literal("count") })),
    ),
  ),
  either(isCommonCommand, record({ type: literal("inside"), socket: text, name: text })),
);
