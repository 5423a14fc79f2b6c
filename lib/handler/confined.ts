/**
 * A confined worker's process, around the isolate in which its handler runs: it does what the handler may not, and takes what its
 * supervisor says to the isolate, so that the answer to a ping is the handler's.
 *
 * @module
 */
import { allowsSome } from "../config/grant.ts";
import type { Permissions } from "../config/permissions.ts";
import { addressOf, type Filter, makeFilter } from "../confine/bpf.ts";
import { filterFor } from "../confine/hidden_descriptor.ts";
import { abiOf, makeRuleset } from "../confine/landlock.ts";
import { hostLibraries, loaderIn, loadNothing } from "../confine/no_libraries.ts";
import { programLimits } from "../confine/program_limits.ts";
import { rulesetAfterwards, systemFiles } from "../confine/ruleset.ts";
import { architecture, libcPath } from "../confine/seccomp.ts";
import { isolatePermissions, type StartNeeds } from "../confine/worker_permissions.ts";
import { libc, unixPathOf } from "../http1/libc.ts";
import { messageOf, StackdError } from "../errors.ts";
import { openSink, type Sink } from "../observe/log_sink.ts";
import { logError, logWarn } from "../observe/log.ts";
import { setBacklog } from "../process/descriptors.ts";
import { isWorkerMessage, type WorkerMessage, type WorkerOptions, type WorkerReady } from "../process/messages.ts";
import {
  type FileIdentity,
  PRIVATE_MODE,
  publishSocket,
  type SocketFile,
  temporaryPath,
} from "../process/unix_path.ts";
import { needsGate } from "./gated.ts";
import { needsOf, PLACES } from "./process_needs.ts";
import { readableBy } from "./readable.ts";
import type { IsolateCommand, IsolateMessage } from "./isolate_messages.ts";

/** A handler at work in its isolate. */
export interface Confined {
  drain(timeout: number): void;
  ping(): void;
  /** Opens the access log anew. */
  reopen(): void;
  /** Under `--watch`: the handler could not be loaded anew, and why. */
  break(text: string): void;
  /** Settles with the process's exit code when the isolate has ended. */
  readonly ended: Promise<number>;
}

/** An isolate that comes up, and waits for what it is to do. */
export interface Isolate {
  readonly worker: Worker;
  readonly needs: StartNeeds;
}

/** Opens the isolate for a handler with `permissions`: it loads what it consists of while the supervisor is still to be heard. */
export function openIsolate(options: WorkerOptions, permissions: Permissions): Isolate {
  const sockets = [options.privateSocket, options.socket?.path ?? null].filter((path) => path !== null)
    .map((path) => temporaryPath(path));
  const needs = { readable: readableBy(options), sockets, libc: libcPath() };
  const worker = new Worker(new URL("./isolate.ts", import.meta.url).href, {
    type: "module",
    name: "handler",
    deno: { permissions: isolatePermissions(permissions, needs) },
  });
  return { worker, needs };
}

/** What a handler is confined to, and where. */
export interface Confining {
  readonly options: WorkerOptions;
  readonly permissions: Permissions;
  readonly isolate: Isolate;
  /** The version of Landlock that holds this process; 0 for none. */
  readonly landlock: number;
  /** Where the dynamic loader's code lay before; where it lies again, every program's lies there. */
  readonly loader: number | null;
  /** The path of the socket by which the supervisor is spoken to. */
  readonly channel: string;
}

/** Runs a handler in its isolate; tells the supervisor what that says by `say`. */
export function confine(
  { options, permissions, isolate: { worker: isolate, needs }, landlock, loader, channel }: Confining,
  say: (message: WorkerMessage) => Promise<void>,
): Confined {
  const ended = Promise.withResolvers<number>();
  const end = async (code: number, message: WorkerMessage | null = null) => {
    if (message !== null) await say(message);
    ended.resolve(code);
  };
  let sink: Sink | null;
  try {
    sink = openLog(options);
  } catch (thrown) {
    end(1, failed(thrown));
    return { drain() {}, ping() {}, reopen() {}, break() {}, ended: ended.promise };
  }
  keepOpen(landlock === 0 ? [] : systemFiles(permissions));
  const filters = makeFilters(permissions, channel, loader), ruleset = makeOwnRuleset(options, permissions, landlock);
  // The isolate's sockets are nobody's before they have their mode.
  const umask = Deno.umask(0o777 & ~PRIVATE_MODE);
  const { port1: port, port2 } = new MessageChannel();
  const tell = (command: IsolateCommand, transfer: Transferable[] = []) =>
    command.type === "start" ? isolate.postMessage(command, transfer) : port.postMessage(command);
  const write = async (bytes: Uint8Array) => {
    try {
      for (let sent = 0; sink !== null && sent < bytes.length;) sent += await sink.write(bytes.subarray(sent));
    } catch (thrown) {
      logWarn(`Cannot write the access log: ${messageOf(thrown)}`);
    }
    tell({ type: "logged" });
  };
  port.onmessage = ({ data }: MessageEvent<IsolateMessage>) => {
    if (data.type === "sealed") Deno.umask(umask);
    else if (data.type === "log") write(data.bytes);
    else if (data.type === "exit") end(data.code);
    else if (data.type === "ready") publish(options, data).then(say, (thrown) => end(1, failed(thrown)));
    else if (isWorkerMessage(data)) say(data);
  };
  isolate.onerror = (event) => {
    event.preventDefault();
    logError(`The handler's isolate has ended: ${event.message}`);
    end(1);
  };
  const limits = { ruleset, filters: filters.map(({ header }) => addressOf(header)) };
  tell({ type: "start", options, permissions, needs, limits, gated: needsGate(options, landlock) }, [port2]);
  // They have to stand where they are until they are applied.
  ended.promise.then(() => filters);
  return {
    drain: (timeout) => tell({ type: "drain", timeout }),
    ping: () => tell({ type: "ping" }),
    break: (text) => tell({ type: "broken", text }),
    reopen() {
      try {
        const old = sink;
        sink = openLog(options);
        old?.close();
      } catch (thrown) {
        logWarn(`${messageOf(thrown)}; going on with the file that is open`);
      }
    },
    ended: ended.promise,
  };
}

/** Opens files for good. */
function keepOpen(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      Deno.openSync(path);
    } catch { /* it is not there, and is not told */ }
  }
}

/** What the isolate's thread is not to have of what lets it put its sockets in place; null for nothing. */
function makeOwnRuleset(options: WorkerOptions, permissions: Permissions, landlock: number): number | null {
  const ruleset = landlock === 0 ? null : rulesetAfterwards(permissions, needsOf(options, []), PLACES);
  return ruleset === null ? null : makeRuleset(ruleset, abiOf(landlock)).descriptor;
}

/** What the isolate's thread is not to do: use the channel to the supervisor, and start programs that do what nobody else holds. */
function makeFilters(permissions: Permissions, channel: string, loaderBefore: number | null): Filter[] {
  const machine = architecture();
  if (machine === null) return [];
  const fd = findSocket("getpeername", channel), limits = programLimits(permissions, machine);
  const found = allowsSome(permissions.ffi) ? null : loaderIn(textOf("/proc/self/maps"));
  // Without random addresses, what is refused to our loader is refused to every program's.
  const loader = found?.from === loaderBefore && allowsSome(permissions.run) ? null : found;
  if (loader !== null && allowsSome(permissions.net)) loadHostLibraries();
  return [
    ...limits === null ? [] : [limits],
    ...fd < 0 ? [] : [filterFor(fd, machine)],
    ...loader === null ? [] : [loadNothing(loader, machine)],
  ].map(makeFilter);
}

/** Loads for good what a thread that may load nothing needs. */
function loadHostLibraries(): void {
  for (const library of hostLibraries(textOf("/etc/nsswitch.conf"))) {
    try {
      Deno.dlopen(library, {});
    } catch { /* it is not installed */ }
  }
}

/** A file's text; empty where it cannot be read. */
function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** The access log of the public socket; null when it has none. */
function openLog({ socket, accessLog }: WorkerOptions): Sink | null {
  return socket === null || accessLog.kind === "off" ? null : openSink(accessLog);
}

/** Puts the sockets in their places. Gives the isolate's message with what it could not know; rejects as the system does. */
async function publish({ socket, backlog, privateSocket }: WorkerOptions, ready: WorkerReady): Promise<WorkerReady> {
  if (privateSocket !== null) await put({ path: privateSocket, mode: PRIVATE_MODE, owner: null });
  return { ...ready, socket: socket === null ? null : await put({ ...socket, backlog }) };
}

async function put(file: SocketFile): Promise<FileIdentity> {
  const temporary = temporaryPath(file.path);
  await Deno.chmod(temporary, file.mode);
  const descriptor = file.backlog === undefined ? -1 : findSocket("getsockname", temporary);
  if (file.backlog !== undefined && descriptor >= 0) setBacklog(descriptor, file.backlog);
  return publishSocket(file);
}

/** Descriptors that are looked at; what is opened at the start has low numbers. */
const MOST_DESCRIPTORS = 256;

/** The descriptor of a unix socket by its own path, or its peer's; -1 when there is none. There is no /proc to look into. */
function findSocket(end: "getsockname" | "getpeername", path: string): number {
  const calls = libc();
  for (let fd = 3; calls !== null && fd < MOST_DESCRIPTORS; fd++) if (unixPathOf(calls[end], fd) === path) return fd;
  return -1;
}

function failed(thrown: unknown): WorkerMessage {
  const { code, message } = thrown instanceof StackdError
    ? thrown
    : { code: "STACKD_LISTEN" as const, message: `Cannot listen: ${messageOf(thrown)}` };
  return { type: "failed", code, message, detail: null, exitCode: 1 };
}
