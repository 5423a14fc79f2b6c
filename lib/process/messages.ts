/**
 * What a supervisor and its workers say to each other, and how to tell that something received is that.
 *
 * @module
 */
import type { AccessLogTarget, TrustedProxies } from "../config/options.ts";
import type { ErrorCode } from "../errors.ts";
import type { Guard } from "./channel.ts";
import { either, flag, list, literal, number, orNull, record, text } from "./guards.ts";
import type { FileIdentity, SocketFile } from "./unix_path.ts";

/** What a worker needs to know. */
export interface WorkerOptions {
  /** 1 for the first worker, and so on; stays the same when a worker is replaced. */
  readonly workerId: number;
  /** The handler module's absolute path. */
  readonly module: string;
  readonly exportName: string | null;
  /** The public socket that this worker serves itself, or null. */
  readonly socket: SocketFile | null;
  /** The path of its socket for our own front, or null. */
  readonly privateSocket: string | null;
  /** Whose forwarding fields are believed on the public socket; the front has checked what comes over the private one. */
  readonly trustedProxies: TrustedProxies;
  /** Where requests on the public socket are logged. */
  readonly accessLog: AccessLogTarget;
  /** From a request on the public socket to its response's head, ms; over the private one the front keeps the time. */
  readonly requestTimeout: number;
}

/** What a worker says of itself; counted since it was started. */
export interface WorkerStats {
  readonly requests: number;
  /** Requests whose handler threw, or returned no Response. */
  readonly exceptions: number;
  readonly inFlight: number;
  /** Resident memory, bytes. */
  readonly rss: number;
  /** Time spent in all requests together, from dispatch to the response's head, ms. */
  readonly runningTime: number;
}

/** From the supervisor to a worker. */
export type SupervisorMessage =
  | { readonly type: "start"; readonly options: WorkerOptions }
  /** Finish the requests in flight within `timeout` ms, then end. */
  | { readonly type: "drain"; readonly timeout: number }
  /** Answer, if the event loop still turns. */
  | { readonly type: "ping" }
  /** Open log files anew. */
  | { readonly type: "reopen" };

/** A handler cannot be served, as a `StackdError` says it. */
export interface WorkerFailure {
  readonly type: "failed";
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: string | null;
  readonly exitCode: 1 | 2;
}

/** A worker serves. */
export interface WorkerReady {
  readonly type: "ready";
  /** What was found in the module, for people: "default export, object with fetch". */
  readonly handler: string;
  /** The file behind its public socket. */
  readonly socket: FileIdentity | null;
}

/** From a worker to its supervisor. */
export type WorkerMessage =
  /** The module is loaded; now `onStart` runs. */
  | { readonly type: "loaded" }
  | WorkerReady
  | WorkerFailure
  | { readonly type: "pong"; readonly stats: WorkerStats };

export const isAccessLog: Guard<AccessLogTarget> = either(
  record({ kind: literal("file"), path: text }),
  record({ kind: literal("stdout", "off") }),
);
const isWorkerOptions = record<WorkerOptions>({
  workerId: number,
  module: text,
  exportName: orNull(text),
  socket: orNull(record<SocketFile>({ path: text, mode: number, owner: orNull(record({ uid: number, gid: number })) })),
  privateSocket: orNull(text),
  trustedProxies: record<TrustedProxies>({ unix: flag, networks: list(text) }),
  accessLog: isAccessLog,
  requestTimeout: number,
});

export const ERROR_CODE: Guard<ErrorCode> = (value): value is ErrorCode =>
  text(value) && /^STACKD_[A-Z_]+$/.test(value);

/** Whether a worker can take `value` for a message of its supervisor. */
export const isSupervisorMessage: Guard<SupervisorMessage> = either(
  record({ type: literal("start"), options: isWorkerOptions }),
  either(
    record({ type: literal("drain"), timeout: number }),
    record({ type: literal("ping", "reopen") }) as Guard<SupervisorMessage>,
  ),
);

/** Whether a supervisor can take `value` for a message of a worker. */
export const isWorkerMessage: Guard<WorkerMessage> = either(
  either(
    either(
      record({ type: literal("loaded") }),
      record({
        type: literal("pong"),
        stats: record<WorkerStats>({
          requests: number,
          exceptions: number,
          inFlight: number,
          rss: number,
          runningTime: number,
        }),
      }),
    ),
    record<WorkerReady>({
      type: literal("ready"),
      handler: text,
      socket: orNull(record<FileIdentity>({ device: number, inode: number })),
    }),
  ),
  record<WorkerFailure>({
    type: literal("failed"),
    code: ERROR_CODE,
    message: text,
    detail: orNull(text),
    exitCode: literal(1, 2),
  }),
);
