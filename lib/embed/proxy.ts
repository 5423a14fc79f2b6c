/**
 * A proxy inside another program.
 *
 * @module
 */
import { readProxyOptions } from "../config/proxy_options.ts";
import { StackdError } from "../errors.ts";
import { setLogLevel } from "../observe/log.ts";
import { RunningProxy } from "../proxy/running.ts";
import { ListeningSockets } from "../process/sockets.ts";
import { type ServerAddress, toServerAddress } from "./address.ts";
import { PROXY_FIELDS, toRaw } from "./fields.ts";
import type { ProxyOptions } from "./settings.ts";

/** A proxy that serves in this process. */
export interface ProxyHandle extends AsyncDisposable {
  /** Where it listens. */
  readonly addresses: readonly ServerAddress[];
  /**
   * Serves by other options from the next request on, or by the same ones with their file read anew. No connection is closed.
   * `listen`, `listenBacklog` and `maxHeaderSize` stay as they were.
   *
   * @throws {StackdError} With every mistake in them, and when it is closed; then nothing has changed.
   */
  reload(options?: ProxyOptions): Promise<void>;
  /**
   * Refuses new clients, lets the requests in flight end, and closes.
   *
   * @param timeout How long they may take, ms; what is left then is cut off. @default the option `gracefulTimeout`
   */
  drain(timeout?: number): Promise<void>;
  /** Closes everything now; once more does nothing. */
  close(): Promise<void>;
}

/**
 * Starts a proxy in this process: what `stackd proxy` does, without its signals, its pid file and its banner.
 *
 * @example
 * ```ts ignore
 * import { createProxy } from "@stackd/stackd";
 *
 * await using proxy = await createProxy({
 *   listen: "127.0.0.1:8080",
 *   upstream: { "/": "unix:/run/app.sock" },
 *   static: { "/static": "./public" },
 * });
 * ```
 *
 * @throws {StackdError} With every mistake in the options, in the sentences of the command line, which names them as its flags
 * (`maxBody` is `--max-body`, and times are in seconds there); or when it cannot listen. Then nothing is left open.
 */
export async function createProxy(options: ProxyOptions): Promise<ProxyHandle> {
  const read = (asked: ProxyOptions) => readProxyOptions(toRaw(PROXY_FIELDS, { accessLog: "off", ...asked }));
  const first = await read(options);
  if (options.logLevel !== undefined) setLogLevel(first.logLevel);
  const sockets = new ListeningSockets(first.listen, {
    purpose: "front",
    backlog: first.listenBacklog,
    inherited: [],
  });
  let proxy: RunningProxy;
  try {
    await sockets.open();
    proxy = new RunningProxy(first, sockets.ofOurs(), null);
  } catch (thrown) {
    sockets.release();
    throw thrown;
  }
  const addresses = proxy.addresses.map(toServerAddress);
  let current = options;
  let ended: Promise<void> | null = null;
  const end = () => {
    sockets.release();
    return ended ??= proxy.end(); // once: its access log's file is gone then
  };
  return {
    addresses,
    async reload(next = current) {
      const asked = await read({ ...next, listen: options.listen ?? [] });
      // It would begin what nobody ends any more: health checks, a log.
      if (ended !== null) {
        throw new StackdError("STACKD_CONTROL", "Cannot reload the proxy: it is closed", { exitCode: 1 });
      }
      await proxy.apply(asked);
      current = next;
    },
    async drain(timeout = proxy.gracefulTimeout) {
      sockets.release();
      if (ended === null) await proxy.drain(timeout);
      await end();
    },
    close: end,
    [Symbol.asyncDispose]: end,
  };
}
