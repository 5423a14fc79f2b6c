/**
 * The upstream groups of a configuration. A changed one takes over what has not changed: whole groups, or the servers of a
 * group with what is known of their health and with their connections.
 *
 * @module
 */
import type { GroupOptions, ServerOptions } from "../config/group_options.ts";
import type { Deadlines } from "../http1/deadlines.ts";
import { UpstreamGroup } from "../upstream/group.ts";
import type { UpstreamServer } from "../upstream/server.ts";

/** The running groups of one configuration. */
export class Groups {
  /** By all that is said of them: routes that say the same share one. */
  readonly #groups = new Map<string, UpstreamGroup>();
  readonly #fresh: UpstreamGroup[] = [];

  /** Makes the groups of `options`, from those of `previous` as far as they are the same. Nothing of `previous` changes. */
  constructor(options: readonly GroupOptions[], deadlines: Deadlines, previous: Groups | null) {
    for (const group of options) {
      const key = keyOf(group);
      if (this.#groups.has(key)) continue;
      const same = previous === null ? undefined : previous.#groups.get(key);
      if (same !== undefined) this.#groups.set(key, same);
      else {
        const fresh = new UpstreamGroup(group, deadlines, previous === null ? [] : previous.#serversFor(group));
        this.#groups.set(key, fresh);
        this.#fresh.push(fresh);
      }
    }
  }

  /** The group that was made from `options`. */
  get(options: GroupOptions): UpstreamGroup {
    const group = this.#groups.get(keyOf(options));
    if (group === undefined) throw new TypeError(`the group "${options.name}" is not of this configuration`);
    return group;
  }

  /** Gives the groups of a name other servers. */
  setServers(name: string, servers: readonly ServerOptions[]): void {
    for (const group of this.#groups.values()) if (group.options.name === name) group.setServers(servers);
  }

  /** How many requests wait for a server, in all groups. */
  get waiting(): number {
    let waiting = 0;
    for (const group of this.#groups.values()) waiting += group.waiting;
    return waiting;
  }

  /** The servers of the group of the same name, when connections to them are made in the same way. */
  #serversFor({ name, limits }: GroupOptions): readonly UpstreamServer[] {
    for (const group of this.#groups.values()) {
      const { options } = group;
      if (options.name === name && JSON.stringify(options.limits) === JSON.stringify(limits)) return group.servers;
    }
    return [];
  }

  /** Starts what goes on by itself in those that are new. */
  start(): void {
    for (const group of this.#fresh.splice(0)) group.start();
  }

  /** Ends those that `next` has not taken over; requests in flight go on. */
  close(next: Groups | null = null): void {
    if (next === null) {
      for (const group of this.#groups.values()) group.close();
      return;
    }
    const kept = new Set(next.#groups.values());
    const servers = new Set([...kept].flatMap((group) => group.servers));
    for (const group of this.#groups.values()) if (!kept.has(group)) group.retire(servers);
  }
}

function keyOf(options: GroupOptions): string {
  return JSON.stringify(options);
}
