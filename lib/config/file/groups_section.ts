/**
 * [upstream.NAME]: groups of servers.
 *
 * @module
 */
import { formatAddress, parseTarget, speakTheSame } from "../address.ts";
import { DEFAULTS } from "../defaults.ts";
import type { GroupOptions, PolicyName, ServerOptions } from "../group_options.ts";
import { plainServer } from "../groups.ts";
import { ValueError } from "../values.ts";
import type { Context } from "./context.ts";
import { readHealthCheck } from "./health_check.ts";
import { count, keySource, oneOf, seconds, secondsOrNone, text, textAs, token, yes } from "./parsers.ts";
import type { Section } from "./section.ts";
import type { TomlValue } from "./toml_tree.ts";

const POLICIES: readonly PolicyName[] = ["round-robin", "least-conn", "random-two", "hash"];

/**
 * Reads every [upstream.NAME]; mistakes are noted. A group with some is there all the same, so that routes to it are none.
 *
 * @param section [upstream]; null when there is none.
 */
export function readGroups(section: Section | null, context: Context): Map<string, GroupOptions> {
  const groups = new Map<string, GroupOptions>();
  for (const [name, value, place] of section?.free() ?? []) {
    if (value.kind !== "table" && !(value.kind === "array" && value.header)) {
      section?.mistake(place, `"${name}" stands in [upstream], and a group has a name: write [upstream.NAME] above it`);
      continue;
    }
    if (!/^[\w.-]+$/.test(name)) {
      section?.mistake(place, `"${name}" is no name of a group: it has letters, digits, "_", "-" and "." only`);
    }
    const table = section?.table(name, `[upstream.${name}]`);
    if (table) groups.set(name, readGroup(name, table, context));
  }
  return groups;
}

function readGroup(name: string, section: Section, context: Context): GroupOptions {
  const { group } = DEFAULTS;
  const { limits, queue } = context;
  const policy = section.one("policy", oneOf(POLICIES), group.policy);
  const hashKey = section.value("hash-key");
  if (hashKey && policy !== "hash") {
    section.refuse("hash-key", hashKey, 'it is only for policy = "hash"');
  }
  const options: GroupOptions = {
    waitForServer: false,
    maxTries: 0,
    name,
    servers: readServers(section, context),
    policy,
    hashKey: section.one("hash-key", keySource, group.hashKey),
    stickyCookie: section.one("sticky-cookie", textAs(token), null),
    maxFails: section.one("max-fails", count(0), group.maxFails),
    failTimeout: section.one("fail-timeout", seconds, group.failTimeout),
    slowStart: section.one("slow-start", secondsOrNone, group.slowStart),
    healthCheck: readHealthCheck(section),
    queue: section.one("queue", count(0), queue.queue),
    queueTimeout: section.one("queue-timeout", seconds, queue.queueTimeout),
    resolveInterval: section.one("resolve-interval", secondsOrNone, group.resolveInterval),
    limits: {
      ...limits,
      connectTimeout: section.one("connect-timeout", seconds, limits.connectTimeout),
      readTimeout: section.one("timeout", seconds, limits.readTimeout),
      idleTimeout: section.one("keepalive-timeout", seconds, limits.idleTimeout),
      maxIdle: section.one("keepalive", count(0), limits.maxIdle),
    },
  };
  section.end();
  return options;
}

function readServers(section: Section, context: Context): ServerOptions[] {
  if (!section.has("servers")) {
    section.mistake(section.place, `${section.title} has no servers, and at least one is needed`);
  }
  const lines = new Map<string, number>();
  const noteTarget = (value: TomlValue) => {
    const target = parseTarget(text(value), context.directory);
    const name = formatAddress(target);
    const line = lines.get(name);
    if (line !== undefined) throw new ValueError(`this server is there before, on line ${line}`);
    lines.set(name, value.line);
    return target;
  };
  const servers = section.all("servers", (value): ServerOptions | null => {
    if (value.kind !== "table") return plainServer(noteTarget(value));
    const server = section.inner(value, "a server");
    const target = server.need("target", noteTarget);
    const options = {
      weight: server.one("weight", count(1), 1),
      maxConns: server.one("max-conns", count(0), 0),
      backup: server.one("backup", yes, false),
    };
    server.end();
    return target && { target, ...options };
  }).filter((server) => server !== null);
  const value = section.value("servers");
  const whole = servers.length === (value?.kind === "array" ? value.items.length : 1);
  if (value && whole && servers.length > 0 && servers.every(({ backup }) => backup)) {
    section.refuse("servers", value, "all are backup, and one that is not is needed");
  }
  if (value && servers.length > 0 && !speakTheSame(servers.map(({ target }) => target))) {
    section.refuse("servers", value, "all are uwsgi:, or none is");
  }
  return servers;
}
