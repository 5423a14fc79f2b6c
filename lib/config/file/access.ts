/**
 * Who may ask a route, and how often: `allow`, `deny`, `basic-auth`, `rate-limit`.
 *
 * @module
 */
import { isNetwork } from "../network.ts";
import { isUserName, parseHtpasswd, parsePasswordHash } from "../password_hash.ts";
import type { AccessOptions, BasicAuthOptions, RateLimitOptions } from "../route_options.ts";
import { ValueError } from "../values.ts";
import { type Context, readNamed } from "./context.ts";
import { RATE_LIMIT_DEFAULTS } from "./defaults.ts";
import { count, keySource, text, textAs, yes } from "./parsers.ts";
import type { Section } from "./section.ts";

/** Reads `allow` and `deny`; null when there are none. Mistakes are noted. */
export function readAccess(route: Section): AccessOptions | null {
  if (!route.has("allow") && !route.has("deny")) return null;
  const allow = route.all("allow", textAs(parseNetwork));
  const deny = route.all("deny", (value) => {
    const network = parseNetwork(text(value));
    if (allow.includes(network)) throw new ValueError("it is in allow too, which wins");
    return network;
  });
  return { allow, deny };
}

function parseNetwork(text: string): string {
  if (text === "unix" || isNetwork(text)) return text;
  throw new ValueError('an address, a network as 10.0.0.0/8, or "unix" is needed');
}

/** Reads `basic-auth`; null when there is none. Mistakes are noted, without hashes and what should be some. */
export function readBasicAuth(route: Section, context: Context): BasicAuthOptions | null {
  const section = route.table("basic-auth", "basic-auth", true);
  if (section === null) return null;
  const realm = section.need("realm", textAs(parseRealm)) ?? "";
  const named = section.has("users"), filed = section.has("file");
  if (named === filed) {
    const state = named ? "has users and file, and only one is allowed" : "has no users or file, and one is needed";
    section.mistake(section.place, `basic-auth ${state}`);
  }
  const users = new Map<string, string>();
  section.all("users", (value) => {
    const [name, hash] = parseUser(text(value));
    if (users.has(name)) throw new ValueError(`"${name}" is there before`);
    users.set(name, hash);
  }, true);
  const fromFile = section.one("file", (value) => {
    const { body } = readNamed(text(value), context);
    const found = parseHtpasswd(new TextDecoder().decode(body));
    if (found.size === 0) throw new ValueError("no user is in it");
    return found;
  }, null);
  section.end();
  return { realm, users: fromFile ?? users };
}

/** What browsers show; it is sent as a quoted string (RFC 9110 §11.5). */
function parseRealm(text: string): string {
  if (!/^[ -~]+$/.test(text)) throw new ValueError("a realm has ASCII letters, digits and signs");
  return text;
}

function parseUser(text: string): [name: string, hash: string] {
  const [, name = "", hash = ""] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (!isUserName(name)) throw new ValueError("a user is NAME:HASH");
  try {
    parsePasswordHash(hash);
  } catch (thrown) {
    throw thrown instanceof ValueError ? new ValueError(`of "${name}", ${thrown.message}`) : thrown;
  }
  return [name, hash];
}

/** Reads `rate-limit`, a rate or a table with one; null when there is none. Mistakes are noted. */
export function readRateLimit(route: Section): RateLimitOptions | null {
  const value = route.value("rate-limit");
  if (value?.kind !== "table") {
    const rate = route.one("rate-limit", textAs(parseRate), null);
    return rate === null ? null : { rate, ...RATE_LIMIT_DEFAULTS };
  }
  const section = route.inner(value, "rate-limit");
  const defaults = RATE_LIMIT_DEFAULTS;
  const options: RateLimitOptions = {
    rate: section.need("rate", textAs(parseRate)) ?? 1,
    burst: section.one("burst", count(0), defaults.burst),
    delay: section.one("delay", yes, defaults.delay),
    key: section.one("key", keySource, defaults.key),
    maxKeys: section.one("max-keys", count(1), defaults.maxKeys),
  };
  section.end();
  return options;
}

/** `10/s`, `30/m`: requests per second. */
function parseRate(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)r?\/([sm])$/.exec(text) ?? [];
  const rate = Number(digits ?? NaN) / (unit === "m" ? 60 : 1);
  if (!(rate > 0)) throw new ValueError("a rate is a number a second or a minute, as 10/s or 30/m");
  return rate;
}
