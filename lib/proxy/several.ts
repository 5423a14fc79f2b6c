/**
 * A proxy of several processes that share its ports: the supervisor's side. It never touches a client's byte.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { ListenAddress, ProxyOptions } from "../config/options.ts";
import { readProxyOptions } from "../config/proxy_options.ts";
import { logInfo, setLogLevel } from "../observe/log.ts";
import { FrontSlot } from "../process/front_slot.ts";
import { makePrivateDirectory, type PrivateDirectory } from "../process/private_dir.ts";
import { ProxyFrontHandle } from "../process/proxy_front_handle.ts";
import { prepareLog } from "../process/privileges.ts";
import type { ListeningSockets } from "../process/sockets.ts";
import { claimSocketPath, removeDeadSocket } from "../process/unix_path.ts";
import { type Configured, rereadSafely } from "./reload.ts";

/** Fronts that serve the same configuration. */
export class SeveralFronts implements Configured {
  readonly #directory: PrivateDirectory;
  readonly #slots: FrontSlot<ProxyFrontHandle>[] = [];
  readonly #raw: RawOptions;
  readonly #sockets: ListeningSockets;
  #options: ProxyOptions;

  /** `sockets`: what they listen on, open already. */
  constructor(options: ProxyOptions, raw: RawOptions, sockets: ListeningSockets) {
    this.#options = options;
    this.#raw = raw;
    this.#sockets = sockets;
    this.#directory = makePrivateDirectory(options.runAs);
    prepareLog(options.accessLog, options.runAs);
  }

  /** Where they listen. */
  get addresses(): readonly ListenAddress[] {
    return this.#slots[0]?.addresses ?? [];
  }

  get gracefulTimeout(): number {
    return this.#options.gracefulTimeout;
  }

  /** Starts the first front, then the others on its ports. Throws `StackdError` when one cannot listen. */
  async start(): Promise<void> {
    await this.#startFront(1, this.#sockets.of(0));
    const others = Array.from({ length: this.#options.workers - 1 }, (_, index) => {
      return this.#startFront(index + 2, this.#sockets.of(index + 1, this.addresses));
    });
    await Promise.all(others);
  }

  async #startFront(id: number, listen: readonly ListenAddress[]): Promise<void> {
    const name = `Front ${id}`;
    const slot = new FrontSlot(name, async (again) => {
      const addresses = again ?? listen;
      for (const address of addresses) {
        if (address.transport === "unix" && address.descriptor === undefined) await claimSocketPath(address.path);
      }
      return new ProxyFrontHandle(name, this.#raw, addresses, this.#directory);
    });
    this.#slots.push(slot);
    await slot.start();
  }

  async reload(): Promise<void> {
    const next = await rereadSafely(
      this.#options,
      this.#raw.config === undefined ? null : () => readProxyOptions(this.#raw),
    );
    if (next === null) return;
    await Promise.all(this.#slots.map((slot) => slot.current?.reload()));
    this.#options = next;
    setLogLevel(next.logLevel);
    logInfo(
      `Reloaded: ${next.routes.length} route${next.routes.length === 1 ? "" : "s"} in ${this.#slots.length} processes`,
    );
  }

  reopenLogs(): void {
    prepareLog(this.#options.accessLog, this.#options.runAs);
    for (const slot of this.#slots) slot.reopen();
  }

  async drain(timeout: number): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop(timeout)));
  }

  async end(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.end()));
    for (const address of this.addresses) {
      if (address.transport === "unix" && address.descriptor === undefined) await removeDeadSocket(address.path);
    }
    this.#directory.remove();
  }
}
