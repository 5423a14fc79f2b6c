/**
 * A handler module at work, from its loading to its end: what a worker does, wherever it is told to and whoever hears what it
 * says of itself.
 *
 * @module
 */
import type { AccessLogTarget } from "../config/options.ts";
import type { AccessLog } from "../observe/access_log.ts";
import { logError } from "../observe/log.ts";
import { randomPrefix, requestIds } from "../observe/request_id.ts";
import type { WorkerMessage, WorkerOptions, WorkerStats } from "../process/messages.ts";
import type { FileIdentity } from "../process/unix_path.ts";
import { adapt, type Respond, toResponse } from "./adapt.ts";
import { Background } from "./background.ts";
import type { LifecycleInfo } from "./contract.ts";
import { failureOf } from "./failure.ts";
import { askHealth, runOnStart, runOnStop, seconds, STOP_AT_LEAST } from "./lifecycle.ts";
import { describeHandler, type LoadedHandler, loadHandler } from "./loader.ts";
import { installRequestView } from "./request_view.ts";
import { noticeBodies } from "./response_body.ts";
import { type Bind, HandlerServer } from "./server.ts";
import { rememberUpgrades } from "./upgrades.ts";
import { WatchMode } from "./watch_mode.ts";

/** Where a handler is served from. */
export interface ServingHost {
  /** Tells the supervisor. Settles when that is on its way. */
  say(message: WorkerMessage): Promise<void> | void;
  openLog(target: AccessLogTarget): AccessLog;
  /** @default {bindSocket} */
  readonly bind?: Bind;
  /**
   * Where the sockets are opened before the handler is loaded, because afterwards nobody may: called in between. Until the handler
   * is ready, nobody knows the sockets, and whoever finds one is answered with 503. @default none: they are opened at last
   */
  sealed?(): Promise<void>;
}

/** A worker's work. */
export class Serving {
  readonly #options: WorkerOptions;
  readonly #host: ServingHost;
  readonly #lifecycle: LifecycleInfo;
  readonly #background = new Background();
  #handler: LoadedHandler | null = null;
  #server: HandlerServer | null = null;
  #accessLog: AccessLog | null = null;
  #drained: Promise<number> | null = null;
  #exceptions = 0;
  readonly #watch: WatchMode | null;

  constructor(options: WorkerOptions, host: ServingHost) {
    this.#options = options;
    this.#watch = options.watch === null ? null : new WatchMode(options.watch);
    this.#host = host;
    this.#lifecycle = { workerId: options.workerId, module: options.module };
  }

  /** Loads, runs `onStart`, listens, and says so; or says what is wrong. Gives whether it serves. */
  async start(): Promise<boolean> {
    try {
      await this.#start();
      return true;
    } catch (thrown) {
      const otherwise = { code: "STACKD_LISTEN", message: "Cannot start a worker" } as const;
      await this.#host.say({ type: "failed", ...failureOf(thrown, otherwise) });
      return false;
    }
  }

  async #start(): Promise<void> {
    const { module, exportName, socket, accessLog } = this.#options, host = this.#host;
    const log = this.#accessLog = host.openLog(socket === null ? { kind: "off" } : accessLog);
    this.#installViews();
    let respond: Respond | null = null;
    const isEarly = host.sealed !== undefined;
    const early = !isEarly ? null : this.#listen(
      (request, info) => respond === null ? toResponse(503, null, info.requestId) : respond(request, info),
      log,
    );
    await host.sealed?.();
    const handler = await loadHandler(module, exportName, this.#options.code);
    // Said before an onStart that never gives way could keep it from being said.
    await host.say({ type: "loaded" });
    await runOnStart(handler, this.#lifecycle);
    this.#handler = handler;
    try {
      if (handler.health !== null) await host.say({ type: "started" });
      await askHealth(handler, this.#lifecycle);
      respond = this.#respondWith(handler);
      host.say({
        type: "ready",
        handler: describeHandler(handler),
        socket: isEarly ? early : this.#listen(respond, log),
      });
    } catch (thrown) {
      await runOnStop(handler, this.#lifecycle, STOP_AT_LEAST); // it ends what onStart began
      throw thrown;
    }
  }

  #respondWith({ form }: LoadedHandler): Respond {
    const count = () => this.#exceptions++, watch = this.#watch;
    if (watch === null) return adapt(form, count);
    return watch.around(adapt(form, count, (request, thrown) => watch.pageFor(request, thrown)));
  }

  /** What a handler sees of requests and responses; before it is loaded, because it may keep what it finds. */
  #installViews(): void {
    const { socket, privateSocket, trustedProxies } = this.#options;
    const untrusted = socket !== null && !trustedProxies.unix;
    installRequestView(!untrusted ? "all" : privateSocket === null ? "none" : "marked");
    noticeBodies();
    rememberUpgrades();
  }

  /** Under `--watch`: the handler could not be loaded anew, and why. */
  break(text: string): void {
    this.#watch?.break(text);
  }

  /** Serves on the sockets that there are to be; gives the public one's identity. */
  #listen(respond: Respond, accessLog: AccessLog): FileIdentity | null {
    const { workerId, prefix, socket, backlog, privateSocket, trustedProxies, requestTimeout } = this.#options;
    const { bind } = this.#host;
    const server = this.#server = new HandlerServer({
      workerId,
      prefix,
      trustedProxies,
      respond,
      requestTimeout,
      nextId: requestIds(randomPrefix()),
      background: this.#background,
      accessLog,
      onLost,
      ...(bind === undefined ? {} : { bind }),
    });
    if (privateSocket !== null) server.listenPrivate(privateSocket);
    return socket === null ? null : server.listenPublic({ ...socket, backlog });
  }

  reopenLogs(): void {
    this.#accessLog?.reopen();
  }

  /** What there is to know from outside. */
  stats(): WorkerStats {
    const { requests = 0, inFlight = 0, runningTime = 0 } = this.#server?.counts ?? {};
    return { requests, exceptions: this.#exceptions, inFlight, rss: Deno.memoryUsage().rss, runningTime };
  }

  /** Ends within `timeout` ms, or a bit more for `onStop`; gives the exit code. Asked again, it goes on as it was. */
  drain(timeout: number): Promise<number> {
    return this.#drained ??= this.#drain(timeout);
  }

  async #drain(timeout: number): Promise<number> {
    const deadline = performance.now() + timeout;
    const left = () => Math.max(0, deadline - performance.now());
    const answered = await this.#server?.drain(timeout) ?? true;
    if (!answered && timeout > 0) logError(`Requests were not answered within ${seconds(timeout)} s and are cut off`);
    await this.#background.end(left());
    if (this.#handler !== null) await runOnStop(this.#handler, this.#lifecycle, Math.max(left(), STOP_AT_LEAST));
    await this.#accessLog?.close();
    return 0;
  }
}

/** A worker that serves nothing any more but answers pings would never be replaced. */
function onLost(): void {
  logError("The worker cannot serve any more: Deno has ended its server; it is replaced");
  Deno.exit(1);
}
