/**
 * The runtime's own epoll, as /proc shows it (proc_pid_fdinfo(5)).
 *
 * @module
 */
import { EPOLL_CTL_DEL, libc } from "./libc.ts";

/** A descriptor that a poller of this process watches. */
export interface PolledDescriptor {
  /** The poller's own descriptor. */
  readonly epoll: number;
  readonly fd: number;
  readonly events: number;
  /** What the poller is to find again when something happens. */
  readonly data: bigint;
}

/** Everything that is watched by the pollers of this process; nothing where there is no /proc. */
export function polledDescriptors(): PolledDescriptor[] {
  const found: PolledDescriptor[] = [];
  for (const name of ownDescriptors()) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) !== "anon_inode:[eventpoll]") continue;
      const info = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
      for (const [, fd, events, data] of info.matchAll(/^tfd:\s+(\d+) events:\s+([0-9a-f]+) data:\s+([0-9a-f]+)/gm)) {
        found.push({ epoll: Number(name), fd: Number(fd), events: parseInt(events, 16), data: BigInt(`0x${data}`) });
      }
    } catch { /* it was closed meanwhile */ }
  }
  return found;
}

function ownDescriptors(): string[] {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Lets no poller of this process watch `fd` any more: what watches it otherwise would wake the runtime for nothing. */
export function unpoll(fd: number): void {
  for (const { epoll, fd: watched } of polledDescriptors()) {
    if (watched === fd) libc()?.epoll_ctl(epoll, EPOLL_CTL_DEL, fd, new Uint8Array(16));
  }
}

/** The poller of the runtime that runs this code: the one that watches what is opened here. Null when it cannot be told. */
export function runtimePoller(): number | null {
  const before = new Set(polledDescriptors().map(({ epoll, fd }) => `${epoll} ${fd}`));
  // An abstract name: there is no file.
  const placeholder = Deno.listen({ transport: "unix", path: `\0stackd-${crypto.randomUUID()}` });
  try {
    return polledDescriptors().find(({ epoll, fd }) => !before.has(`${epoll} ${fd}`))?.epoll ?? null;
  } finally {
    placeholder.close();
  }
}
