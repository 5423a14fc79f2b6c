/**
 * Host names of servers, looked up again while the proxy runs: each address is a server. nginx asks for `resolve` and a
 * resolver; here the system's own way is used.
 *
 * @module
 */
import type { GroupOptions, ServerOptions } from "../config/group_options.ts";
import { isIpv4, isIpv6 } from "../config/network.ts";
import { messageOf } from "../errors.ts";
import { logWarn } from "../observe/log.ts";

/** Gives the addresses of a name; rejects when there are none. */
export type LookUp = (name: string) => Promise<string[]>;

/** The system's way: /etc/hosts, then DNS. */
const systemLookUp: LookUp = async (name) => {
  // Loaded when a name is first looked up: it brings node's half of the runtime with it.
  const { lookup } = await import("node:dns/promises");
  return (await lookup(name, { all: true })).map(({ address }) => address);
};

/** Whether a server's host is a name that can mean other addresses tomorrow. */
export function isName({ target }: ServerOptions): boolean {
  return target.transport === "tcp" && !isIpv4(target.hostname) && !isIpv6(target.hostname) &&
    target.hostname !== "localhost";
}

/** Keeps the servers of a group up to date with what their names mean. */
export class NameWatch {
  readonly #options: GroupOptions;
  readonly #onChange: (servers: readonly ServerOptions[]) => void;
  readonly #lookUp: LookUp;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = "";
  #closed = false;

  /** `onChange` gets all servers, names replaced by their addresses, when any has others than before. */
  constructor(options: GroupOptions, onChange: (servers: readonly ServerOptions[]) => void, lookUp = systemLookUp) {
    this.#options = options;
    this.#onChange = onChange;
    this.#lookUp = lookUp;
  }

  /** Looks names up now, and every `resolveInterval` ms. Until the first answer, and without one, names are connected to. */
  start(): void {
    if (this.#options.resolveInterval > 0 && this.#options.servers.some(isName)) this.#run();
  }

  async #run(): Promise<void> {
    try {
      const servers = (await Promise.all(this.#options.servers.map((server) => this.#addressesOf(server)))).flat();
      const state = JSON.stringify(servers);
      if (!this.#closed && state !== this.#last) {
        this.#last = state;
        this.#onChange(servers);
      }
    } catch (thrown) {
      // What was known is still the best guess.
      if (!this.#closed) logWarn(`Cannot look up the servers of ${this.#options.name}: ${messageOf(thrown)}`);
    }
    if (!this.#closed) this.#timer = setTimeout(() => this.#run(), this.#options.resolveInterval);
  }

  async #addressesOf(server: ServerOptions): Promise<ServerOptions[]> {
    const { target } = server;
    if (!isName(server) || target.transport !== "tcp") return [server];
    const addresses = [...new Set(await this.#lookUp(target.hostname))].sort();
    return addresses.map((hostname) => ({ ...server, target: { ...target, hostname } }));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
