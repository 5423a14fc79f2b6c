/**
 * What a supervisor and its workers say to each other, and how to tell that something received is that.
 *
 * @module
 */
import type { AccessLogTarget, TrustedProxies } from "../config/options.ts";
import type { ErrorCode } from "../errors.ts";
import type { Guard } from "./channel.ts";
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
}

/** From the supervisor to a worker. */
export type SupervisorMessage =
  | { readonly type: "start"; readonly options: WorkerOptions }
  /** Finish the requests in flight within `timeout` ms, then end. */
  | { readonly type: "drain"; readonly timeout: number };

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
  | WorkerFailure;

const text: Guard<string> = (value): value is string => typeof value === "string";
const flag: Guard<boolean> = (value): value is boolean => typeof value === "boolean";
const number: Guard<number> = (value): value is number => typeof value === "number";

function literal<const Value>(...values: Value[]): Guard<Value> {
  return (value): value is Value => values.some((allowed) => allowed === value);
}

function orNull<Value>(guard: Guard<Value>): Guard<Value | null> {
  return (value): value is Value | null => value === null || guard(value);
}

function list<Value>(guard: Guard<Value>): Guard<Value[]> {
  return (value): value is Value[] => Array.isArray(value) && value.every(guard);
}

function record<Shape extends object>(fields: { readonly [Key in keyof Shape]-?: Guard<Shape[Key]> }): Guard<Shape> {
  return (value): value is Shape =>
    typeof value === "object" && value !== null &&
    Object.entries<Guard<unknown>>(fields).every(([name, guard]) => guard(Reflect.get(value, name)));
}

function either<First, Second>(first: Guard<First>, second: Guard<Second>): Guard<First | Second> {
  return (value): value is First | Second => first(value) || second(value);
}

const isAccessLog: Guard<AccessLogTarget> = either(
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
});

const ERROR_CODE: Guard<ErrorCode> = (value): value is ErrorCode => text(value) && /^STACKD_[A-Z_]+$/.test(value);

/** Whether a worker can take `value` for a message of its supervisor. */
export const isSupervisorMessage: Guard<SupervisorMessage> = either(
  record({ type: literal("start"), options: isWorkerOptions }),
  record({ type: literal("drain"), timeout: number }),
);

/** Whether a supervisor can take `value` for a message of a worker. */
export const isWorkerMessage: Guard<WorkerMessage> = either(
  either(
    record({ type: literal("loaded") }),
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
