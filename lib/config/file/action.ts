/**
 * What answers a route: exactly one of `upstream`, `static`, `redirect` and `respond`.
 *
 * @module
 */
import { resolve } from "@std/path";
import { parseTargets } from "../address.ts";
import type { GroupOptions } from "../group_options.ts";
import { plainGroup } from "../groups.ts";
import type { RouteAction } from "../route_options.ts";
import { closest } from "../suggest.ts";
import type { Template } from "../template.ts";
import { ValueError } from "../values.ts";
import type { Context } from "./context.ts";
import { REDIRECT_STATUS, RESPOND_DEFAULTS } from "./defaults.ts";
import { fieldValue, mediaType, status, text, textAs } from "./parsers.ts";
import type { Section } from "./section.ts";
import { readStaticOptions } from "./static_keys.ts";
import type { TomlValue } from "./toml_tree.ts";

const KINDS = ["upstream", "static", "redirect", "respond"] as const;
const REDIRECTS = [301, 302, 303, 307, 308] as const;
/** Statuses whose answer has no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
const BODILESS: readonly number[] = [204, 205, 304];

/** Reads a route's action; null when there is none, which is noted as other mistakes are. */
export function readAction(route: Section, groups: ReadonlyMap<string, GroupOptions>, context: Context) {
  const given = KINDS.filter((kind) => route.has(kind));
  if (given.length === 0) {
    route.mistake(route.place, `${route.title} has no upstream, static, redirect or respond, and one is needed`);
  } else if (given.length > 1) {
    route.mistake(route.place, `${route.title} has ${given.join(" and ")}, and only one is allowed`);
  }
  // All are read, so that all their mistakes are told.
  const actions = [
    route.one("upstream", textAs((name) => toGroup(name, groups, context)), null),
    readStatic(route, context),
    readRedirect(route),
    readRespond(route),
  ];
  return actions.find((action) => action !== null) ?? null;
}

/** A group's name, or `TARGET[,TARGET…]` for a group without one, as --upstream takes them. */
function toGroup(written: string, groups: ReadonlyMap<string, GroupOptions>, context: Context): RouteAction {
  const known = groups.get(written);
  if (known !== undefined) return { kind: "upstream", group: known };
  if (/^[\w.-]*$/.test(written)) {
    const meant = closest(written, [...groups.keys()]);
    const advice = meant === undefined
      ? "a target is unix:PATH, http://HOST[:PORT], uwsgi:unix:PATH or uwsgi:HOST:PORT"
      : `did you mean "${meant}"?`;
    throw new ValueError(`there is no [upstream.${written}], ${advice}`);
  }
  const targets = parseTargets(written, context.directory);
  return { kind: "upstream", group: { ...plainGroup(targets, context.limits), ...context.queue } };
}

/** A directory, with the keys that say how its files are served. Without any, it is as `--static` has it. */
function readStatic(route: Section, context: Context): RouteAction | null {
  const action = route.one("static", textAs((path) => toDirectory(path, context)), null);
  const options = readStaticOptions(route);
  return action && options ? { ...action, options } : action;
}

/** A directory that is there. Throws `ValueError`. */
export function toDirectory(path: string, { directory, system }: Context): RouteAction & { kind: "static" } {
  if (path === "") throw new ValueError("the path is empty");
  const root = resolve(directory, path);
  const kind = system.kindOf(root);
  if (kind === "directory") return { kind: "static", root };
  if (kind === "denied") throw new ValueError(`permission denied to see "${root}"`);
  throw new ValueError(kind === "missing" ? `there is no directory "${root}"` : `"${root}" is no directory`);
}

/** A location, or a table with one and a status. */
function readRedirect(route: Section): RouteAction | null {
  const value = route.value("redirect");
  if (value === undefined) return null;
  if (value.kind !== "table") {
    const location = route.one("redirect", toLocation, null);
    return location && { kind: "redirect", status: REDIRECT_STATUS, location };
  }
  const section = route.inner(value, "redirect");
  const location = section.need("to", toLocation);
  const code = section.one("status", toRedirectStatus, REDIRECT_STATUS);
  section.end();
  return location && { kind: "redirect", status: code, location };
}

function toLocation(value: TomlValue): Template {
  const written = text(value);
  if (/\s/.test(written)) throw new ValueError('a location holds no spaces; write "%20"');
  if (!/^(\/|\$|[a-z][a-z0-9+.-]*:)/i.test(written)) {
    throw new ValueError('a location begins with "/", a scheme as https:, or a variable');
  }
  return fieldValue(value);
}

function toRedirectStatus(value: TomlValue): typeof REDIRECTS[number] {
  const number = value.kind === "number" ? Number(value.text) : NaN;
  const known = REDIRECTS.find((code) => code === number);
  if (known === undefined) throw new ValueError("301, 302, 303, 307 or 308 is needed");
  return known;
}

function readRespond(route: Section): RouteAction | null {
  const section = route.table("respond");
  if (section === null) return null;
  const code = section.one("status", status(200, 599), RESPOND_DEFAULTS.status);
  const body = section.one("body", text, RESPOND_DEFAULTS.body);
  const contentType = section.one("type", mediaType, RESPOND_DEFAULTS.contentType);
  const written = section.value("body");
  if (written && body !== "" && BODILESS.includes(code)) {
    section.refuse("body", written, `an answer of status ${code} has none`);
  }
  section.end();
  return { kind: "respond", status: code, contentType, body };
}
