/**
 * The host names of a route.
 *
 * @module
 */
import { isIpv4, isIpv6 } from "../network.ts";
import { ValueError } from "../values.ts";

/**
 * `example.org`, `*.example.org` or an address, in the form in which requests are compared: lower case, names of other
 * scripts in ASCII (`xn--…`).
 *
 * @throws {ValueError} When it is none of these, or has a port.
 */
export function parseHost(text: string): string {
  if (text === "*") throw new ValueError("leave host out to take every host");
  const [, bare, port] = /^(\[[^\]]*\]|[^:]*)(:\d*)?$/s.exec(text) ?? [];
  if (bare === undefined && isIpv6(text)) throw new ValueError(`an IPv6 address goes in brackets; write "[${text}]"`);
  if (bare !== undefined && port !== undefined) throw new ValueError(`a host has no port here; write "${bare}"`);
  if (text.startsWith("[") && isIpv6(text.slice(1, -1))) return new URL(`http://${text}`).hostname;
  if (isIpv4(text)) return text;
  const wildcard = text.startsWith("*.") ? "*." : "";
  const name = toAscii(text.slice(wildcard.length)).toLowerCase();
  if (name.length <= 253 && /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) return `${wildcard}${name}`;
  throw new ValueError("a host name is needed, as example.org or *.example.org");
}

function toAscii(name: string): string {
  if (!/[^\0-\x7f]/.test(name)) return name;
  return URL.parse(`http://${name}`)?.hostname ?? "";
}
