/**
 * What a supervisor and its workers say to each other, and how to tell that something received is that.
 *
 * @module
 */
import type { LogFormat } from "../config/log_format.ts";
import type { AccessLogTarget, LogLevel, TrustedProxies } from "../config/options.ts";
import { type Grant, PERMISSION_KINDS, type PermissionKind, type Permissions } from "../config/permissions.ts";
import type { ErrorCode } from "../errors.ts";
import type { Guard } from "./channel.ts";
import { either, flag, list, literal, number, object, orNull, record, text } from "./guards.ts";
import type { FileIdentity, SocketFile } from "./unix_path.ts";

/** What a worker needs to know. */
export interface WorkerOptions {
  /** 1 for the first worker, and so on; stays the same when a worker is replaced. */
  readonly workerId: number;
  /** The handler module's absolute path. */
  readonly module: string;
  /** The directory with the snapshot of its code that all workers of the generation load; null: the files are loaded as they are. */
  readonly code: string | null;
  readonly exportName: string | null;
  /** The mount prefix that the front takes off its requests' paths; empty without one. */
  readonly prefix: string;
  /** The public socket that this worker serves itself, or null. */
  readonly socket: SocketFile | null;
  /** Connections that the kernel queues on it. */
  readonly backlog: number;
  /** The path of its socket for our own front, or null. */
  readonly privateSocket: string | null;
  /** Whose forwarding fields are believed on the public socket; the front has checked what comes over the private one. */
  readonly trustedProxies: TrustedProxies;
  /** Where requests on the public socket are logged. */
  readonly accessLog: AccessLogTarget;
  readonly logLevel: LogLevel;
  /** From a request on the public socket to its response's head, ms; over the private one the front keeps the time. */
  readonly requestTimeout: number;
  /** Under `--watch`, the number of its generation, which pages in browsers compare; else null. */
  readonly watch: number | null;
  /** What the handler may touch; null: everything. */
  readonly permissions: Permissions | null;
  /** Whether it runs unconfined, and tells what it touches. */
  readonly learn: boolean;
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
  | { readonly type: "reopen" }
  /** Under `--watch`: the handler could not be loaded anew, and why. */
  | { readonly type: "broken"; readonly text: string };

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

/** Its handler has touched something, as `--learn` wants to know. */
export interface WorkerTouched {
  readonly type: "touched";
  readonly kind: PermissionKind;
  /** Empty for all of the kind. */
  readonly value: string;
}

/** From a worker to its supervisor. */
export type WorkerMessage =
  /** The module is loaded; now `onStart` runs. */
  | { readonly type: "loaded" }
  /** `onStart` is done; now it is asked for its health. */
  | { readonly type: "started" }
  | WorkerReady
  | WorkerFailure
  | WorkerTouched
  | { readonly type: "pong"; readonly stats: WorkerStats };

/** The supervisor is the same program, and has validated what is in it. */
const isFormat: Guard<LogFormat | undefined> = (value): value is LogFormat | undefined =>
  value === undefined || object<LogFormat>()(value);
export const isAccessLog: Guard<AccessLogTarget> = either(
  record({ kind: literal("file"), path: text, format: isFormat }),
  record({ kind: literal("stdout", "off"), format: isFormat }),
) as Guard<AccessLogTarget>;
const isGrant: Guard<Grant> = either(literal("all"), list(text));
const isPermissions: Guard<Permissions> = (value): value is Permissions =>
  typeof value === "object" && value !== null && PERMISSION_KINDS.every((kind) => isGrant(Reflect.get(value, kind)));
/** Whether a worker can take `value` for what it is to do. */
export const isWorkerOptions: Guard<WorkerOptions> = record<WorkerOptions>({
  workerId: number,
  module: text,
  code: orNull(text),
  exportName: orNull(text),
  prefix: text,
  socket: orNull(
    record<Omit<SocketFile, "backlog">>({
      path: text,
      mode: number,
      owner: orNull(record({ uid: number, gid: number })),
    }),
  ),
  backlog: number,
  privateSocket: orNull(text),
  trustedProxies: record<TrustedProxies>({ unix: flag, networks: list(text) }),
  accessLog: isAccessLog,
  logLevel: literal("error", "warn", "info"),
  requestTimeout: number,
  watch: orNull(number),
  permissions: orNull(isPermissions),
  learn: flag,
});

export const ERROR_CODE: Guard<ErrorCode> = (value): value is ErrorCode =>
  text(value) && /^STACKD_[A-Z_]+$/.test(value);

/** Whether a worker can take `value` for a message of its supervisor. */
export const isSupervisorMessage: Guard<SupervisorMessage> = either(
  record({ type: literal("start"), options: isWorkerOptions }),
  either(
    record({ type: literal("drain"), timeout: number }),
    either(
      record({ type: literal("broken"), text }),
      record({ type: literal("ping", "reopen") }) as Guard<SupervisorMessage>,
    ),
  ),
);

/** Whether a supervisor can take `value` for a message of a worker. */
export const isWorkerMessage: Guard<WorkerMessage> = either(
  either(
    either(
      either(
        record({ type: literal("loaded", "started") }) as Guard<WorkerMessage>,
        record<WorkerTouched>({ type: literal("touched"), kind: literal(...PERMISSION_KINDS), value: text }),
      ),
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
