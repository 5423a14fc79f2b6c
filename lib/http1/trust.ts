/**
 * Whose word about a request's client is believed, and who that client is.
 *
 * @module
 */
import { isIpv4, isIpv6, isNetwork } from "../config/network.ts";
import type { TrustedProxies } from "../config/options.ts";
import { StackdError } from "../errors.ts";

/** The peers that are trusted, ready to be asked. */
export interface Trust {
  /** Whether a peer is trusted; null is a unix socket. What is no address is not. */
  trusts(address: string | null): boolean;
}

/** An address or the fixed part of a network: 4 or 16 bytes, of which the first `bits` bits count. */
export interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** The bytes before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255);

/**
 * Prepares `trusted`. IPv4-mapped IPv6 addresses and networks are the IPv4 ones that they stand for.
 *
 * @throws {StackdError} `STACKD_CONFIG_INVALID` for a network that cannot be read.
 */
export function compileTrust(trusted: TrustedProxies): Trust {
  const { unix } = trusted;
  const networks = trusted.networks.map(parseNetwork);
  return {
    trusts(address) {
      if (address === null) return unix;
      if (networks.length === 0) return false;
      const bytes = parseAddress(address);
      return bytes !== null && networks.some((network) => contains(network, bytes));
    },
  };
}

/**
 * The client's address: the peer itself, unless it is trusted. Then X-Forwarded-For is read from its right end, where the
 * nearest proxy wrote, as far as trusted addresses reach: the first one that is not trusted is the client. An entry that is
 * no address ends the walk, for nothing to its left can be relied on. As nginx's `real_ip_recursive on`.
 *
 * @param peer The other end of the connection; null for a unix socket.
 * @param xForwardedFor The field's value, several joined by commas; null when absent.
 * @returns An address without port and brackets, an IPv4-mapped one as IPv4; null when all that is known is a unix socket.
 */
export function clientAddress(peer: string | null, xForwardedFor: string | null, trust: Trust): string | null {
  let client = peer === null ? null : unmapped(peer);
  if (xForwardedFor === null || !trust.trusts(peer)) return client;
  const entries = xForwardedFor.split(",");
  for (let index = entries.length - 1; index >= 0; index--) {
    const address = bareAddress(entries[index] ?? "");
    if (address === null) break;
    client = address;
    if (!trust.trusts(address)) break;
  }
  return client;
}

/** An entry of X-Forwarded-For as an address, without a port, brackets and quotes; null when it is none. */
function bareAddress(entry: string): string | null {
  const text = entry.trim();
  const [, bracketed, , withPort] = /^\[([^\]]*)\](:\d{1,5})?$|^([^:]*):\d{1,5}$/.exec(text) ?? [];
  if (bracketed !== undefined) return isIpv6(bracketed) ? unmapped(bracketed) : null;
  const address = withPort ?? text;
  if (isIpv4(address)) return address;
  return isIpv6(address) ? unmapped(address) : null;
}

/** An IPv4-mapped IPv6 address as IPv4; any other text as it is. */
function unmapped(address: string): string {
  if (!/^(?:::|0[0:]*:)ffff:/i.test(address)) return address;
  const bytes = parseAddress(address);
  return bytes?.length === 4 ? bytes.join(".") : address;
}

/** Whether `address`, as {@linkcode parseAddress} gives it, is in a network; none of the other family is. */
export function contains(network: Network, address: Uint8Array): boolean {
  const { bytes, bits } = network;
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let index = 0; index < whole; index++) if (bytes[index] !== address[index]) return false;
  const rest = 8 - (bits & 7);
  return rest === 8 || (bytes[whole] ?? 0) >> rest === (address[whole] ?? 0) >> rest;
}

/**
 * A network, or an address as a network of one.
 *
 * @throws {StackdError} `STACKD_CONFIG_INVALID` for what is neither.
 */
export function parseNetwork(text: string): Network {
  const [address = "", length] = text.split("/");
  const whole = isNetwork(text) ? parseAddress(address) : null;
  if (whole === null) {
    const state = "it is no address and no network as 10.0.0.0/8";
    throw new StackdError("STACKD_CONFIG_INVALID", `Cannot trust "${text}": ${state}`);
  }
  const written = address.includes(":") ? 128 : 32;
  const bits = Number(length ?? written);
  if (written === 32 || whole.length === 16) return { bytes: whole, bits };
  // A mapped network narrower than the mapping itself is an IPv4 one; a wider one reaches beyond IPv4.
  return bits >= 96 ? { bytes: whole, bits: bits - 96 } : { bytes: Uint8Array.of(...MAPPED, ...whole), bits };
}

/** 4 bytes for IPv4, mapped or not, 16 for IPv6; null for what is no address. */
export function parseAddress(text: string): Uint8Array | null {
  if (isIpv4(text)) return Uint8Array.from(text.split("."), Number);
  const percent = text.indexOf("%"); // a link-local peer comes with its zone
  const address = percent === -1 ? text : text.slice(0, percent);
  if (!isIpv6(address)) return null;
  const bytes = parseIpv6(address);
  return MAPPED.every((byte, index) => bytes[index] === byte) ? bytes.slice(12) : bytes;
}

function parseIpv6(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const [head = "", tail] = address.split("::");
  const front = groupBytes(head);
  const back = tail === undefined ? [] : groupBytes(tail);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

function groupBytes(groups: string): number[] {
  if (groups === "") return [];
  return groups.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
