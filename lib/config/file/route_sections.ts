/**
 * [[proxy.route]]: the routes.
 *
 * @module
 */
import { DEFAULTS } from "../defaults.ts";
import type { GroupOptions } from "../group_options.ts";
import type { InternalFiles, RouteOptions } from "../route_options.ts";
import { parsePrefix } from "../routes.ts";
import { ValueError } from "../values.ts";
import { readAccess, readBasicAuth, readRateLimit } from "./access.ts";
import { readAction, toDirectory } from "./action.ts";
import type { Context } from "./context.ts";
import { readErrorPages } from "./error_pages.ts";
import { readFieldEdits } from "./field_edits.ts";
import { parseHost } from "./hosts.ts";
import { seconds, size, sizeOrYes, textAs, yes } from "./parsers.ts";
import type { Section } from "./section.ts";

/** What only means something where an upstream answers. */
const FOR_UPSTREAM = [
  "strip-prefix",
  "request-fields",
  "upstream-timeout",
  "buffer-requests",
  "buffer-responses",
  "internal-files",
  "gzip",
] as const;

/** Reads all routes; mistakes are noted, and routes without an action left out. */
export function readRoutes(
  sections: readonly Section[],
  groups: ReadonlyMap<string, GroupOptions>,
  context: Context,
): RouteOptions[] {
  const lines = new Map<string, number>();
  return sections.flatMap((section) => readRoute(section, groups, context, lines) ?? []);
}

/** @param lines Where each pair of a host and a path is taken. */
function readRoute(
  section: Section,
  groups: ReadonlyMap<string, GroupOptions>,
  context: Context,
  lines: Map<string, number>,
): RouteOptions | null {
  const hosts = readHosts(section);
  const prefix = section.one("path", textAs(parsePrefix), section.has("path") ? null : "/");
  const action = readAction(section, groups, context);
  if (action !== null && action.kind !== "upstream") {
    for (const key of FOR_UPSTREAM) {
      const value = section.value(key);
      // Of nginx's gzip one may well expect that it is for files, too.
      const meant = key === "gzip" && action.kind === "static" ? ", files have compress" : "";
      if (value) section.refuse(key, value, `it is only for a route with an upstream${meant}`);
    }
  }
  const rest = {
    stripPrefix: section.one("strip-prefix", yes, false),
    restorePrefix: true,
    requestFields: readFieldEdits(section, "request-fields"),
    responseFields: readFieldEdits(section, "response-fields"),
    maxBody: section.one("max-body", size, null),
    bodyTimeout: section.one("body-timeout", seconds, null),
    upstreamTimeout: section.one("upstream-timeout", seconds, null),
    bufferRequests: section.one("buffer-requests", yes, null),
    bufferResponses: section.one("buffer-responses", sizeOrYes(DEFAULTS.readAhead), null),
    internalFiles: readInternalFiles(section, context),
    errorPages: readErrorPages(section, context),
    gzip: section.one("gzip", yes, false),
    access: readAccess(section),
    basicAuth: readBasicAuth(section, context),
    rateLimit: readRateLimit(section),
    bandwidth: section.one("bandwidth", size, 0),
  };
  section.end();
  if (hosts === null || prefix === null) return null;
  takePlace(section, hosts, prefix, lines);
  return action && { hosts, prefix, action, ...rest };
}

/** Its host names; null when there is a mistake in them. */
function readHosts(section: Section): string[] | null {
  const seen = new Set<string>();
  let faulty = false;
  const hosts = section.all("host", (value) => {
    faulty = true;
    const host = textAs(parseHost)(value);
    if (seen.has(host)) throw new ValueError("it is named twice");
    seen.add(host);
    faulty = false;
    return host;
  });
  return faulty || (section.has("host") && hosts.length === 0) ? null : hosts;
}

/** A directory, or a table with one and the prefix under which an upstream names its files. */
function readInternalFiles(section: Section, context: Context): InternalFiles | null {
  const directory = textAs((path) => toDirectory(path, context).root), value = section.value("internal-files");
  if (value === undefined) return null;
  if (value.kind !== "table") {
    const root = section.one("internal-files", directory, null);
    return root === null ? null : { prefix: "/", root };
  }
  const inner = section.inner(value, "internal-files");
  const root = inner.need("root", directory), prefix = inner.one("prefix", textAs(parsePrefix), "/");
  inner.end();
  return root === null ? null : { prefix, root };
}

/** Two routes for the same requests: one of them would never answer. */
function takePlace(section: Section, hosts: readonly string[], prefix: string, lines: Map<string, number>): void {
  for (const host of hosts.length === 0 ? [""] : hosts) {
    const place = `${host}${prefix}`; // no host has a slash
    const line = lines.get(place);
    if (line === undefined) lines.set(place, section.place.line);
    else {
      const what = host === "" ? "" : ` of "${host}"`;
      section.mistake(
        section.place,
        `${section.title} has the path "${prefix}"${what}, which the one on line ${line} has`,
      );
    }
  }
}
