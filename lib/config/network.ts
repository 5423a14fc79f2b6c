/**
 * IP addresses and networks: whether a text is one. Nothing is resolved here.
 *
 * @module
 */
import type { TrustedProxies } from "./options.ts";
import { ValueError } from "./values.ts";

/** Whether it is four decimal numbers; one with a leading zero is not, because some read that as octal (RFC 6943 3.1.1). */
export function isIpv4(text: string): boolean {
  return /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.test(text) &&
    text.split(".").every((part) => Number(part) <= 255 && String(Number(part)) === part);
}

/** Whether it is an IPv6 address (RFC 4291 2.2) without brackets and zone. */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => half === "" ? [] : half.split(":"));
  const last = groups.at(-1);
  let count = groups.length;
  // The last 32 bits may be written as IPv4, but only at the very end.
  if (last?.includes(".")) {
    if (!isIpv4(last) || text.endsWith("::")) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? count <= 7 : count === 8;
}

/** Whether it is an address, or one with the length of a prefix in bits (`10.0.0.0/8`, `fd00::/8`, `::1`). */
export function isNetwork(text: string): boolean {
  const [, address = "", length] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const bits = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  return bits > 0 && Number(length ?? bits) <= bits;
}

/**
 * Networks and addresses, with commas between, as they are written.
 *
 * @throws {ValueError} When an entry is neither.
 */
export function parseNetworks(text: string): string[] {
  return text.split(",").map((part) => {
    const entry = part.trim();
    if (!isNetwork(entry)) throw new ValueError(`"${entry}" is no address and no network as 10.0.0.0/8`);
    return entry;
  });
}

/**
 * The value of `--trusted-proxies`: networks, addresses and `unix`, with commas between. Networks stay as they are
 * written.
 *
 * @throws {ValueError} When an entry is none of these.
 */
export function parseTrustedProxies(text: string): TrustedProxies {
  const networks: string[] = [];
  let unix = false;
  for (const entry of text.split(",").map((part) => part.trim())) {
    if (entry === "unix") unix = true;
    else if (isNetwork(entry)) networks.push(entry);
    else throw new ValueError(`"${entry}" is no address, no network as 10.0.0.0/8, and not unix`);
  }
  return { unix, networks };
}
