/**
 * A handler in this process, with no server before it: what `stackd fetch` and `loadHandler()` call.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import { compileTrust } from "../http1/trust.ts";
import { logError } from "../observe/log.ts";
import { randomPrefix, requestIds } from "../observe/request_id.ts";
import { within } from "../process/within.ts";
import { adapt, nameOf, type Respond, toResponse } from "./adapt.ts";
import { Background } from "./background.ts";
import type { LifecycleInfo } from "./contract.ts";
import { RequestInfo, type Site } from "./info.ts";
import { askHealth, runOnStart, runOnStop, STOP_AT_LEAST } from "./lifecycle.ts";
import { describeHandler, type LoadedHandler, loadHandler } from "./loader.ts";

/** A handler that has started. */
export class LocalHandler {
  /** What is served, for people: "default export, object with fetch". */
  readonly description: string;
  /** Requests whose handler threw, or returned no Response that can be sent. */
  failed = 0;
  readonly #handler: LoadedHandler;
  readonly #lifecycle: LifecycleInfo;
  readonly #background = new Background();
  readonly #respond: Respond;
  readonly #site: Site;
  #closed: Promise<void> | null = null;

  private constructor(handler: LoadedHandler, lifecycle: LifecycleInfo) {
    this.description = describeHandler(handler);
    this.#handler = handler;
    this.#lifecycle = lifecycle;
    this.#respond = adapt(handler.form, () => this.failed++);
    this.#site = {
      workerId: lifecycle.workerId,
      prefix: "",
      isPrivate: false,
      // Who calls says who the client is, as a proxy would.
      trust: compileTrust({ unix: true, networks: [] }),
      nextId: requestIds(randomPrefix()),
      background: this.#background,
    };
  }

  /**
   * Loads a module, and runs its `onStart` and `health`, as a worker does.
   *
   * @param module Absolute.
   * @param exportName The export to serve, or null for the usual ones.
   * @param bootTimeout How long that may take, ms. A module that never gives way cannot be ended from inside its process.
   * @param code The directory that holds its code; null: the files are read as they are.
   * @throws {StackdError} When it cannot be served.
   */
  static async start(
    module: string,
    exportName: string | null,
    bootTimeout: number,
    code: string | null = null,
  ): Promise<LocalHandler> {
    const deadline = performance.now() + bootTimeout;
    const inTime = async <Value>(work: Promise<Value>, late: string): Promise<Value> => {
      const done = await within(work.then((value) => ({ value })), Math.max(0, deadline - performance.now()));
      if (done !== undefined) return done.value;
      work.catch(() => {}); // nobody waits for it any more
      const message = late.replace("TIME", `it took longer than ${bootTimeout / 1_000} s`);
      throw new StackdError("STACKD_BOOT_TIMEOUT", message, { exitCode: 1 });
    };
    const lifecycle: LifecycleInfo = { workerId: 1, module };
    const handler = await inTime(loadHandler(module, exportName, code), `Cannot load "${module}": TIME`);
    await inTime(runOnStart(handler, lifecycle), `Cannot start "${module}": TIME in onStart`);
    try {
      await inTime(askHealth(handler, lifecycle), `Cannot start "${module}": TIME in its health check`);
    } catch (thrown) {
      await runOnStop(handler, lifecycle, STOP_AT_LEAST); // it ends what onStart began
      throw thrown;
    }
    return new LocalHandler(handler, lifecycle);
  }

  /**
   * What the handler answers. Never throws: what it throws is logged, and answered with 500, as a worker does.
   *
   * @param timeout How long the response's head may take, ms. Beyond: 504, and the handler's signal is aborted.
   */
  async respond(request: Request, timeout: number): Promise<Response> {
    const info = new RequestInfo(request, this.#site);
    const response = await within(Promise.resolve(this.#respond(request, info)), timeout);
    if (response !== undefined) return response;
    info.expire();
    logError(`A request took longer than ${timeout / 1_000} s: ${nameOf(request, info)}`);
    return toResponse(504, request.headers.get("accept"), info.requestId);
  }

  /** Waits for work after the answers, for at most `timeout` ms, and runs `onStop`. Asked again, it goes on as it was. */
  close(timeout: number): Promise<void> {
    return this.#closed ??= this.#close(timeout);
  }

  async #close(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    await this.#background.end(timeout);
    await runOnStop(this.#handler, this.#lifecycle, Math.max(deadline - performance.now(), STOP_AT_LEAST));
  }
}
