/**
 * Routes and their parts, written shortly.
 *
 * @module
 */
import { DEFAULTS } from "../../lib/config/defaults.ts";
import { plainGroup } from "../../lib/config/groups.ts";
import type { UpstreamTarget } from "../../lib/config/options.ts";
import { type FieldEdits, plainRoute, type RouteOptions } from "../../lib/config/route_options.ts";
import { parseTemplate } from "../../lib/config/template.ts";

/** A route to a server. */
export function toUpstream({ target }: { readonly target: UpstreamTarget }, prefix = "/"): RouteOptions {
  return plainRoute(prefix, { kind: "upstream", group: plainGroup([target], DEFAULTS.upstream) });
}

/** A route that answers 200 with a text. */
export function saying(body: string, prefix = "/"): RouteOptions {
  return plainRoute(prefix, { kind: "respond", status: 200, contentType: "text/plain", body });
}

/** A server that refuses connections. */
export const NOBODY: { readonly target: UpstreamTarget } = {
  target: { transport: "unix", path: "/nonexistent/upstream.sock" },
};

/** Changes to fields, as they are written. */
export function edits(
  { remove = [], set = [], add = [] }: {
    readonly remove?: readonly string[];
    readonly set?: readonly (readonly [name: string, value: string])[];
    readonly add?: readonly (readonly [name: string, value: string])[];
  },
): FieldEdits {
  const parsed = (lines: readonly (readonly [string, string])[]) =>
    lines.map(([name, value]) => ({ name, value: parseTemplate(value) }));
  return { remove, set: parsed(set), add: parsed(add) };
}
