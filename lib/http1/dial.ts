/**
 * Opens connections by libc: a tenth of the cost of the runtime's own way, and their descriptors are known.
 *
 * @module
 */
import type { EventLoop } from "./event_loop.ts";
import { AF_INET, AF_INET6, AF_UNIX, sendAtOnce } from "./libc.ts";
import { Socket } from "./socket.ts";
import { EINPROGRESS, EINTR, systemError } from "./system_error.ts";

const SOCK_STREAM_CLOEXEC_NONBLOCK = 0o2004001;

/** An address in the kernel's form, struct sockaddr. */
export type Sockaddr = Uint8Array<ArrayBuffer>;

/** The address of a unix socket; null for a path that is too long. */
export function unixSockaddr(path: string): Sockaddr | null {
  const name = new TextEncoder().encode(path);
  if (name.length > 107) return null;
  const address = new Uint8Array(2 + name.length + 1);
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

/** The address of a TCP port at an IP address; null for a host name, which has to be looked up. */
export function tcpSockaddr(hostname: string, port: number): Sockaddr | null {
  const ipv4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(hostname)?.slice(1).map(Number);
  if (ipv4 !== undefined && ipv4.every((byte) => byte < 256)) return sockaddr(16, AF_INET, port, 4, ipv4);
  const groups = ipv6Groups(hostname);
  return groups === null ? null : sockaddr(28, AF_INET6, port, 8, groups.flatMap((group) => [group >> 8, group & 255]));
}

function sockaddr(size: number, family: number, port: number, at: number, address: readonly number[]): Sockaddr {
  const view = new DataView(new ArrayBuffer(size));
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  for (const [i, byte] of address.entries()) view.setUint8(at + i, byte);
  return new Uint8Array(view.buffer);
}

/** The eight groups of an IPv6 address without a zone; null for anything else. */
function ipv6Groups(hostname: string): number[] | null {
  const url = hostname.includes(":") ? URL.parse(`http://[${hostname}]`) : null;
  if (url === null) return null;
  const [before, after] = url.hostname.slice(1, -1).split("::").map((part) => part === "" ? [] : part.split(":"));
  const zeros = after === undefined ? [] : Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after ?? []].map((group) => parseInt(group, 16));
}

/** A connection that is there, or will be. */
export interface Dialled {
  readonly socket: Socket;
  /** Rejects when it cannot be; null: it is there already. */
  readonly connecting: Promise<unknown> | null;
}

/** Connects to `address`. Throws what the system says at once. */
export function dial(loop: EventLoop, address: Sockaddr): Dialled {
  const { calls } = loop, family = address[0];
  const fd = calls.socket(family, SOCK_STREAM_CLOEXEC_NONBLOCK, 0);
  if (fd < 0) throw systemError(loop.errno);
  if (family !== AF_UNIX) sendAtOnce(calls, fd);
  const pending = calls.connect(fd, address, address.length) !== 0;
  if (pending && loop.errno !== EINPROGRESS && loop.errno !== EINTR) {
    const { errno } = loop;
    calls.close(fd);
    throw systemError(errno);
  }
  const socket = new Socket(loop, fd, pending ? "connecting" : "connected");
  return { socket, connecting: pending ? socket.connected() : null };
}
