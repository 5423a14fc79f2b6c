/**
 * How many clients have connected and are not accepted yet, as the kernel knows it (Linux).
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import type { ListenAddress } from "../config/options.ts";
import { parseAddress } from "../http1/trust.ts";

/** The kernel's tables, as text: /proc/net/tcp and tcp6 together, and /proc/net/unix. Empty where there are none. */
export interface SocketTables {
  readonly tcp: string;
  readonly unix: string;
}

/** A line of /proc/net/tcp or tcp6 for a socket that listens (state 0A): its address, its port, and how many wait. */
const LISTENING = /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F:]+ 0A [0-9A-F]{8}:([0-9A-F]{8}) /gm;
/** A line of /proc/net/unix for a connection that waits: SS_CONNECTING, without an inode, under its listener's path. */
const CONNECTING = /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{8} [0-9A-F]{4} 02 +0 (.+)$/gm;

/** How many wait at `addresses` together. Whole tables are read: for a status now and then, not for every request. */
export function waitingConnections(addresses: readonly ListenAddress[]): number {
  if (Deno.build.os !== "linux") return 0;
  return countWaiting(addresses, {
    tcp: addresses.some(({ transport }) => transport === "tcp") ? readTable("tcp") + readTable("tcp6") : "",
    unix: addresses.some(({ transport }) => transport === "unix") ? readTable("unix") : "",
  });
}

/** The same from given tables. */
export function countWaiting(addresses: readonly ListenAddress[], { tcp, unix }: SocketTables): number {
  let waiting = 0;
  for (const [, host = "", port = "", length = ""] of tcp.matchAll(LISTENING)) {
    const bytes = addressOf(host);
    if (addresses.some((address) => isAt(address, bytes, parseInt(port, 16)))) waiting += parseInt(length, 16);
  }
  for (const [, path = ""] of unix.matchAll(CONNECTING)) {
    if (addresses.some((address) => address.transport === "unix" && isBoundFor(path, address.path))) waiting++;
  }
  return waiting;
}

function isAt(address: ListenAddress, bytes: Uint8Array, port: number): boolean {
  if (address.transport !== "tcp" || address.port !== port) return false;
  if (address.hostname === "") return bytes.every((byte) => byte === 0);
  const wanted = parseAddress(address.hostname);
  // What a name has led to is not known here: it counts for any address on the port.
  return wanted === null || (wanted.length === bytes.length && wanted.every((byte, i) => byte === bytes[i]));
}

/** The bytes of an address, 4 or 16, from words of 32 bits in the machine's order, which is little-endian here. */
function addressOf(host: string): Uint8Array {
  const bytes = Uint8Array.from(host.match(/../g) ?? [], (digits) => parseInt(digits, 16));
  for (let word = 0; word < bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  return bytes;
}

/** Whether a listener of ours for `path` was bound to `bound`: to the path itself, or to a temporary name beside it. */
function isBoundFor(bound: string, path: string): boolean {
  if (bound === path) return true;
  const prefix = `.${basename(path)}.`, name = basename(bound);
  return dirname(bound) === dirname(path) && name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length));
}

function readTable(name: "tcp" | "tcp6" | "unix"): string {
  try {
    return Deno.readTextFileSync(`/proc/net/${name}`);
  } catch {
    return ""; // no such protocol, or no /proc
  }
}
