/**
 * The worker's main: loads one handler module, serves it until told to stop, and ends.
 *
 * @module
 */
import { messageOf, StackdError } from "../errors.ts";
import { type AccessLog, openAccessLog } from "../observe/access_log.ts";
import { logError } from "../observe/log.ts";
import { randomPrefix, requestIds } from "../observe/request_id.ts";
import type { Channel } from "../process/channel.ts";
import { connectToSupervisor, leaveSignalsToSupervisor } from "../process/child.ts";
import { isSupervisorMessage, type SupervisorMessage, type WorkerMessage } from "../process/messages.ts";
import type { WorkerOptions, WorkerStats } from "../process/messages.ts";
import type { FileIdentity } from "../process/unix_path.ts";
import { adapt } from "./adapt.ts";
import { Background } from "./background.ts";
import type { HealthHook, LifecycleHook, LifecycleInfo } from "./contract.ts";
import { describeHandler, type LoadedHandler, loadHandler } from "./loader.ts";
import { installRequestView } from "./request_view.ts";
import { HandlerServer } from "./server.ts";
import { describeThrown, headline, userFrames } from "./stack.ts";
import { within } from "../process/within.ts";

/** `onStop` may take this long, ms, even when the requests in flight have used up the whole drain. */
const STOP_AT_LEAST = 1_000;
/** Longest error detail told to the supervisor, characters. */
const MAX_DETAIL = 32_768;

/**
 * Runs a worker.
 *
 * @param args The path of the socket on which its supervisor waits.
 * @returns The exit code.
 */
export async function runWorker(args: readonly string[]): Promise<number> {
  const channel = await connectToSupervisor<SupervisorMessage, WorkerMessage>(
    args,
    "a worker",
    "a gateway",
    isSupervisorMessage,
  );
  const messages = channel.messages();
  const { value: first } = await messages.next();
  if (first?.type !== "start") return 1;
  surviveMistakes();
  const worker = new Worker(first.options);
  const drained = Promise.withResolvers<number>();
  listen(messages, {
    drain: (timeout) => drained.resolve(worker.drain(timeout)),
    ping: () => channel.send({ type: "pong", stats: worker.stats() }),
    reopen: () => worker.reopenLogs(),
  });
  try {
    await worker.start(channel);
  } catch (thrown) {
    await channel.send(failureMessage(thrown));
    return 1;
  }
  return await drained.promise;
}

/** What a worker does when it is told to. */
interface Obedience {
  drain(timeout: number): void;
  ping(): void;
  reopen(): void;
}

/** Does what the supervisor says; ends the process when the supervisor is gone. */
function listen(messages: AsyncIterable<SupervisorMessage>, { drain, ping, reopen }: Obedience): void {
  leaveSignalsToSupervisor();
  (async () => {
    try {
      for await (const message of messages) {
        if (message.type === "drain") drain(message.timeout);
        else if (message.type === "ping") ping();
        else if (message.type === "reopen") reopen();
      }
    } catch (thrown) {
      logError(`Cannot understand the supervisor: ${messageOf(thrown)}`);
    }
    Deno.exit(1);
  })();
}

/** As in uWSGI, one request's mistake is not the end of the others. */
function surviveMistakes(): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logError(`A promise of the handler was rejected, and nothing handled it: ${describeThrown(event.reason)}`);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    logError(`The handler threw outside of a request: ${describeThrown(event.error)}`);
  });
  // Deno advises the users of request.signal, once, to set a flag that a compiled program does not have.
  const { warn } = console;
  console.warn = (...data: unknown[]) => {
    if (!String(data[0]).startsWith("Deno.serve: request.signal aborts on successful")) warn(...data);
  };
}

class Worker {
  readonly #options: WorkerOptions;
  readonly #lifecycle: LifecycleInfo;
  readonly #background = new Background();
  #handler: LoadedHandler | null = null;
  #server: HandlerServer | null = null;
  #accessLog: AccessLog | null = null;
  #drained: Promise<number> | null = null;
  #exceptions = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#lifecycle = { workerId: options.workerId, module: options.module };
  }

  /** Loads, runs `onStart`, listens, and says so. */
  async start(channel: Channel<SupervisorMessage, WorkerMessage>): Promise<void> {
    const { module, exportName, socket, accessLog } = this.#options;
    const log = this.#accessLog = openAccessLog(socket === null ? { kind: "off" } : accessLog);
    const handler = await loadHandler(module, exportName);
    // Said before an onStart that never gives way could keep it from being said.
    await channel.send({ type: "loaded" });
    await this.#runOnStart(handler.onStart);
    this.#handler = handler;
    try {
      await this.#askHealth(handler.health);
      channel.send({ type: "ready", handler: describeHandler(handler), socket: this.#listen(handler, log) });
    } catch (thrown) {
      await this.#runOnStop(STOP_AT_LEAST); // it ends what onStart began
      throw thrown;
    }
  }

  /** Serves on the sockets that there are to be; gives the public one's identity. */
  #listen(handler: LoadedHandler, accessLog: AccessLog): FileIdentity | null {
    const { workerId, socket, privateSocket, trustedProxies, requestTimeout } = this.#options;
    const untrusted = socket !== null && !trustedProxies.unix;
    installRequestView(!untrusted ? "all" : privateSocket === null ? "none" : "marked");
    const server = this.#server = new HandlerServer({
      workerId,
      trustedProxies,
      respond: adapt(handler.form, () => this.#exceptions++),
      requestTimeout,
      nextId: requestIds(randomPrefix()),
      background: this.#background,
      accessLog,
    });
    if (privateSocket !== null) server.listenPrivate(privateSocket);
    return socket === null ? null : server.listenPublic(socket);
  }

  async #runOnStart(onStart: LifecycleHook | null): Promise<void> {
    try {
      await onStart?.(this.#lifecycle);
    } catch (cause) {
      const frames = userFrames(cause);
      const message = `Cannot start "${this.#options.module}": onStart threw ${headline(cause)}`;
      const options = { exitCode: 1, cause } as const;
      throw new StackdError("STACKD_HANDLER_START", message, frames === "" ? options : { ...options, detail: frames });
    }
  }

  reopenLogs(): void {
    this.#accessLog?.reopen();
  }

  /** What there is to know from outside. */
  stats(): WorkerStats {
    const { requests = 0, inFlight = 0, runningTime = 0 } = this.#server?.counts ?? {};
    return { requests, exceptions: this.#exceptions, inFlight, rss: Deno.memoryUsage().rss, runningTime };
  }

  /** Nothing is switched to a handler that says that it is not well. */
  async #askHealth(health: HealthHook | null): Promise<void> {
    const refuse = (state: string, cause?: unknown) => {
      const message = `Cannot start "${this.#options.module}": ${state}`;
      return new StackdError("STACKD_HANDLER_START", message, { exitCode: 1, cause });
    };
    let answer: unknown;
    try {
      answer = await health?.(this.#lifecycle);
    } catch (cause) {
      throw refuse(`its health check threw ${headline(cause)}`, cause);
    }
    if (answer === false) throw refuse("its health check says false");
  }

  /** Ends within `timeout` ms, or a bit more for `onStop`; gives the exit code. Asked again, it goes on as it was. */
  drain(timeout: number): Promise<number> {
    return this.#drained ??= this.#drain(timeout);
  }

  async #drain(timeout: number): Promise<number> {
    const deadline = performance.now() + timeout;
    const left = () => Math.max(0, deadline - performance.now());
    const answered = await this.#server?.drain(timeout) ?? true;
    if (!answered && timeout > 0) logError(`Requests were not answered within ${timeout / 1_000} s and are cut off`);
    await within(this.#background.settled(), left());
    if (this.#background.size > 0) logError(`Work after the answer was not done in time (${this.#background.size})`);
    await this.#runOnStop(Math.max(left(), STOP_AT_LEAST));
    await this.#accessLog?.close();
    return 0;
  }

  async #runOnStop(timeout: number): Promise<void> {
    const onStop = this.#handler?.onStop;
    if (onStop === null || onStop === undefined) return;
    try {
      const done = await within(Promise.resolve(onStop(this.#lifecycle)).then(() => true), timeout);
      if (done !== true) logError(`onStop was not done within ${timeout / 1_000} s`);
    } catch (thrown) {
      logError(`onStop threw ${describeThrown(thrown)}`);
    }
  }
}

function failureMessage(thrown: unknown): WorkerMessage {
  if (!(thrown instanceof StackdError)) {
    // Nothing but a mistake of ours comes here.
    const detail = describeThrown(thrown).slice(0, MAX_DETAIL);
    return { type: "failed", code: "STACKD_LISTEN", message: "Cannot start a worker", detail, exitCode: 1 };
  }
  const { code, message, detail, exitCode } = thrown;
  return { type: "failed", code, message, detail: detail?.slice(0, MAX_DETAIL) ?? null, exitCode };
}
