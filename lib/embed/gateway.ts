/**
 * A gateway inside another program: the supervisor runs in it, the workers are processes of their own.
 *
 * @module
 */
import { readGatewayOptions } from "../config/gateway_options.ts";
import type { GatewayOptions as Validated } from "../config/options.ts";
import { frontListens, isDirect } from "../gateway/front_start.ts";
import { Supervisor } from "../gateway/supervisor.ts";
import { setLogLevel } from "../observe/log.ts";
import { watchFor } from "../gateway/watch.ts";
import type { FileWatch } from "../process/file_watch.ts";
import { checkSelf } from "../process/self.ts";
import { ListeningSockets } from "../process/sockets.ts";
import type { WorkerStatus } from "../process/status.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { type ServerAddress, toServerAddress } from "./address.ts";
import { GATEWAY_FIELDS, toRaw } from "./fields.ts";
import type { GatewayOptions } from "./settings.ts";

/** The state of an embedded gateway. */
export interface GatewayStatus {
  /** Whether it serves. */
  readonly state: "starting" | "ready" | "draining";
  /** Since it was started, ms. */
  readonly uptime: number;
  /** How many generations of workers there have been. */
  readonly generation: number;
  /** Requests that a worker has now. */
  readonly inFlight: number;
  /** Each worker. */
  readonly workers: readonly WorkerStatus[];
}

/** A gateway whose workers serve. */
export interface GatewayHandle extends AsyncDisposable {
  /** Where it listens. */
  readonly addresses: readonly ServerAddress[];
  /** How it is. */
  status(): GatewayStatus;
  /**
   * Loads the modules anew: new workers take over when all of them serve, then the old ones finish their requests.
   *
   * @throws {StackdError} When the new ones cannot serve; the old ones go on.
   */
  reload(): Promise<void>;
  /**
   * Refuses new clients, lets the requests in flight end within `gracefulTimeout`, and ends the workers.
   *
   * @param now Whether requests in flight are cut off instead. @default {false}
   */
  stop(now?: boolean): Promise<void>;
}

/**
 * Starts a gateway from this process: what `stackd gateway` does, without its signals, its pid file, its control socket and its
 * banner. Workers and the front are processes of their own, which end with this one. They log to this process's standard error
 * and output.
 *
 * Needs all of Deno's permissions, and stackd's sources or executable: a program that was compiled itself names stackd's
 * executable in the environment variable `STACKD_EXECUTABLE`.
 *
 * @example
 * ```ts ignore
 * import { serveGateway } from "@stackd/stackd";
 *
 * await using gateway = await serveGateway({ module: "app.ts", http: "127.0.0.1:8000", workers: 2 });
 * ```
 *
 * @throws {StackdError} With every mistake in the options, in the sentences of the command line, which names them as its flags
 * (`maxBody` is `--max-body`, and times are in seconds there); or when the module cannot be served. Then nothing is left behind.
 */
export async function serveGateway(options: GatewayOptions): Promise<GatewayHandle> {
  const validated = await readGatewayOptions(toRaw(GATEWAY_FIELDS, { accessLog: "off", ...options }));
  checkSelf();
  if (options.logLevel !== undefined) setLogLevel(validated.logLevel);
  const gateway = new EmbeddedGateway(validated);
  await gateway.start();
  return gateway;
}

class EmbeddedGateway implements GatewayHandle {
  readonly #options: Validated;
  readonly #listening: ListeningSockets;
  readonly #supervisor: Supervisor;
  #watch: FileWatch | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: Validated) {
    this.#options = options;
    this.#listening = new ListeningSockets(frontListens(options), {
      purpose: "front",
      backlog: options.listenBacklog,
      inherited: [],
    });
    this.#supervisor = new Supervisor(options, this.#listening);
  }

  async start(): Promise<void> {
    const { socket } = this.#options;
    try {
      await (isDirect(this.#options) && socket !== null ? claimSocketPath(socket) : this.#listening.claim());
      await this.#supervisor.start(() => Promise.resolve());
      this.#watch = watchFor(this.#options, this.#supervisor, () => this.reload().catch(() => {})); // the log has it
    } catch (thrown) {
      await this.#end();
      throw thrown;
    }
  }

  get addresses(): readonly ServerAddress[] {
    return this.#supervisor.status().listen.map(toServerAddress);
  }

  status(): GatewayStatus {
    const { state, uptime, generation, inFlight, workers } = this.#supervisor.status();
    return { state, uptime, generation, inFlight, workers };
  }

  reload(): Promise<void> {
    return this.#supervisor.reload();
  }

  /** A second call waits for the first, and hurries it up when it says so. */
  async stop(now = false): Promise<void> {
    if (now) await this.#end();
    await (this.#stopped ??= this.#stop(now));
  }

  async #stop(now: boolean): Promise<void> {
    this.#watch?.close();
    await this.#supervisor.stop(now);
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#watch?.close();
    await this.#supervisor.end();
    this.#listening.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
