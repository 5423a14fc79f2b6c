/**
 * The prefix that an upstream does not know of: taken off the request's target, put back into what the response says about
 * places (nginx's proxy_redirect and proxy_cookie_path).
 *
 * @module
 */
import { COLON, equalsIgnoringCase, latin1, LF, putText, text } from "../http1/bytes.ts";
import type { Exchange } from "../http1/exchange.ts";
import { dropLines } from "./edits.ts";
import { originForm } from "./template.ts";

const LOCATION = latin1("location"), SET_COOKIE = latin1("set-cookie");
const PLACES = [LOCATION, SET_COOKIE];

/** The prefix that is taken off a request's path: its route's, or what the server in front has told where that is longer. */
export function prefixToTake({ connection: { told } }: Exchange, routes: string | null): string | null {
  if (told === null) return routes;
  return told.prefix.length > (routes === null ? 0 : routes.length) ? told.prefix : routes;
}

/** The target for the upstream: the path behind `prefix`, and the query. Where the path had to be put in normal form, that. */
export function withoutPrefix(exchange: Exchange, prefix: string): string {
  const target = originForm(exchange);
  const query = target.indexOf("?");
  const path = exchange.normalPath ?? (query === -1 ? target : target.slice(0, query));
  const rest = prefix === "/" ? path : path.slice(prefix.length);
  return `${rest.startsWith("/") ? rest : `/${rest}`}${query === -1 ? "" : target.slice(query)}`;
}

/**
 * Puts `prefix` back into the field lines of a response in out[start, end); returns where the lines end then. `hosts`: what the
 * client calls this server; `own`: what the upstream may call itself.
 */
export function restorePrefix(
  out: Uint8Array,
  start: number,
  end: number,
  prefix: string,
  hosts: readonly string[],
  own = "",
): number {
  const lines: string[] = [];
  for (let line = start; line < end;) {
    const next = out.indexOf(LF, line) + 1, colon = out.indexOf(COLON, line);
    const name = text(out, line, colon), value = () => text(out, colon + 1, next - 2).trim();
    if (equalsIgnoringCase(out, line, colon, LOCATION)) {
      lines.push(`${name}: ${locationWith(prefix, value(), hosts, own)}\r\n`);
    } else if (equalsIgnoringCase(out, line, colon, SET_COOKIE)) {
      lines.push(`${name}: ${cookieWith(prefix, value())}\r\n`);
    }
    line = next;
  }
  if (lines.length === 0) return end;
  return putText(lines.join(""), out, dropLines(out, start, end, PLACES));
}

/**
 * A Location with the prefix in its path, when it is a path or a URL of one of `hosts`; others lead elsewhere. Of a URL with the
 * upstream's `own` address, which clients may not reach, only the path is left.
 */
export function locationWith(prefix: string, location: string, hosts: readonly string[], own = ""): string {
  if (location.startsWith("/") && !location.startsWith("//")) return pathWith(prefix, location);
  const [, origin, host, rest] = /^(https?:\/\/([^/?#]*))(.*)$/i.exec(location) ?? [];
  if (origin === undefined) return location;
  const path = pathWith(prefix, rest.startsWith("/") ? rest : `/${rest}`);
  if (hosts.includes(host.toLowerCase())) return `${origin}${path}`;
  return host.toLowerCase() === own ? path : location;
}

/** A Set-Cookie with the prefix in its Path attribute, if it has one that is absolute. */
export function cookieWith(prefix: string, cookie: string): string {
  return cookie.replace(/(;\s*path\s*=\s*)(\/[^;]*)/i, (_, name, path) => `${name}${pathWith(prefix, path)}`);
}

/** An upstream that was told its prefix (X-Forwarded-Prefix) may have written it already. */
function pathWith(prefix: string, path: string): string {
  const behind = path.slice(prefix.length, prefix.length + 1);
  const has = path.startsWith(prefix) && (behind === "" || "/?#".includes(behind));
  return prefix === "/" || has ? path : `${prefix}${path}`;
}
