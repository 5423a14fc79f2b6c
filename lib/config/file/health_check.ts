/**
 * `health-check` of a group.
 *
 * @module
 */
import type { HealthCheckOptions } from "../group_options.ts";
import { ValueError } from "../values.ts";
import { HEALTH_CHECK_DEFAULTS } from "./defaults.ts";
import { count, seconds, statusRange, textAs, yes } from "./parsers.ts";
import type { Section } from "./section.ts";

/** Reads the key of a group's section, `true` or a table; null when servers are not asked. Mistakes are noted. */
export function readHealthCheck(group: Section): HealthCheckOptions | null {
  const value = group.value("health-check");
  if (value?.kind !== "table") return group.one("health-check", yes, false) ? HEALTH_CHECK_DEFAULTS : null;
  const section = group.inner(value, "health-check");
  const defaults = HEALTH_CHECK_DEFAULTS;
  const options: HealthCheckOptions = {
    path: section.one("path", textAs(parsePath), defaults.path),
    host: section.one("host", textAs(parseHost), defaults.host),
    interval: section.one("interval", seconds, defaults.interval),
    timeout: section.one("timeout", seconds, defaults.timeout),
    statuses: section.has("status") ? section.all("status", statusRange) : defaults.statuses,
    passes: section.one("passes", count(1), defaults.passes),
    fails: section.one("fails", count(1), defaults.fails),
  };
  section.end();
  return options;
}

/** What is asked for: it may have a query. */
function parsePath(text: string): string {
  if (!/^\/[!-~]*$/.test(text) || text.includes("#")) {
    throw new ValueError('a path begins with "/" and holds no spaces; other letters are written as %C3%A4');
  }
  return text;
}

/** It is sent as it is, so it may have a port. */
function parseHost(text: string): string {
  if (!/^[\w.:[\]-]+$/.test(text)) throw new ValueError("a host is needed, as example.org or example.org:8080");
  return text;
}
