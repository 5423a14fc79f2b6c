/**
 * A proxy of several processes that share its ports: the supervisor's side. It never touches a client's byte.
 *
 * @module
 */
import type { RawOptions } from "../config/flags.ts";
import type { ListenAddress, ProxyOptions } from "../config/options.ts";
import { readProxyOptions } from "../config/proxy_options.ts";
import { logInfo } from "../observe/log.ts";
import { FrontSlot } from "../process/front_slot.ts";
import { makePrivateDirectory, type PrivateDirectory } from "../process/private_dir.ts";
import { ProxyFrontHandle } from "../process/proxy_front_handle.ts";
import { claimSocketPath } from "../process/unix_path.ts";
import { type Configured, rereadSafely } from "./reload.ts";

/** Fronts that serve the same configuration. */
export class SeveralFronts implements Configured {
  readonly #directory: PrivateDirectory = makePrivateDirectory();
  readonly #slots: FrontSlot<ProxyFrontHandle>[] = [];
  readonly #raw: RawOptions;
  #options: ProxyOptions;

  constructor(options: ProxyOptions, raw: RawOptions) {
    this.#options = options;
    this.#raw = raw;
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
    const shared = this.#options.listen.map((address): ListenAddress => ({ ...address, reusePort: true }));
    await this.#startFront(1, shared);
    // A unix socket has one owner: the first.
    const ports = this.addresses.filter(({ transport }) => transport === "tcp");
    const others = Array.from({ length: this.#options.workers - 1 }, (_, index) => this.#startFront(index + 2, ports));
    await Promise.all(others);
  }

  async #startFront(id: number, listen: readonly ListenAddress[]): Promise<void> {
    const name = `Front ${id}`;
    const slot = new FrontSlot(name, async (again) => {
      const addresses = again ?? listen;
      for (const address of addresses) if (address.transport === "unix") await claimSocketPath(address.path);
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
    logInfo(
      `Reloaded: ${next.routes.length} route${next.routes.length === 1 ? "" : "s"} in ${this.#slots.length} processes`,
    );
  }

  reopenLogs(): void {
    for (const slot of this.#slots) slot.reopen();
  }

  async drain(timeout: number): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop(timeout)));
  }

  async end(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.kill()));
    this.#directory.remove();
  }
}
