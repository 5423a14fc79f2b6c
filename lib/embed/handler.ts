/**
 * A handler inside another program, such as its own tests.
 *
 * @module
 */
import { DEFAULTS } from "../config/defaults.ts";
import { findModule } from "../config/module.ts";
import { realSystem } from "../config/system.ts";
import { fromFileUrl } from "@std/path";
import { LocalHandler } from "../handler/local.ts";

/** Options of `loadHandler()`; times are in milliseconds. */
export interface HandlerOptions {
  /** For loading the module and running its `onStart`, ms. @default {30000} */
  bootTimeout?: number;
  /** From a request to its response's head, ms. Beyond: 504, and the handler's signal is aborted. @default {60000} */
  requestTimeout?: number;
  /** How long `close()` waits for `waitUntil` work, ms. @default {30000} */
  gracefulTimeout?: number;
}

/** A handler that has started in this process. */
export interface HandlerHandle extends AsyncDisposable {
  /** What is served, for people: "default export, object with fetch". */
  readonly description: string;
  /**
   * Asks the handler, as a worker would. Never throws: what the handler throws is logged on standard error and answered with 500.
   *
   * @param input A path, as `/items?page=2`, which is one of `http://localhost`; or a whole URL, or a request.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Waits for `waitUntil` work, and runs `onStop`. */
  close(): Promise<void>;
}

/**
 * Loads a handler module into this process and starts it: its `onStart` and `health` run. There is no server: this is for tests,
 * and for programs that serve it themselves.
 *
 * @example
 * ```ts ignore
 * import { assertEquals } from "@std/assert";
 * import { loadHandler } from "@stackd/stackd";
 *
 * Deno.test("the greeting greets", async () => {
 *   await using app = await loadHandler("app.ts");
 *   assertEquals(await (await app.fetch("/hello/say/")).json(), { res: "Hello" });
 * });
 * ```
 *
 * @param module `PATH[:EXPORT]`, a directory with a package, or a `file:` URL.
 * @throws {StackdError} When it cannot be served, in the sentences of the command line.
 */
export async function loadHandler(module: string | URL, options: HandlerOptions = {}): Promise<HandlerHandle> {
  const { bootTimeout, requestTimeout, gracefulTimeout } = { ...DEFAULTS, ...options };
  const { path, exportName } = findModule(module instanceof URL ? fromFileUrl(module) : module, realSystem());
  const handler = await LocalHandler.start(path, exportName, bootTimeout);
  const close = () => handler.close(gracefulTimeout);
  return {
    description: handler.description,
    fetch(input, init) {
      const whole = typeof input === "string" && input.startsWith("/") ? `http://localhost${input}` : input;
      return handler.respond(new Request(whole, init), requestTimeout);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
