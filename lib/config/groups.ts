/**
 * Groups with the defaults that apply where nothing is said, as --upstream makes them.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { DEFAULTS } from "./defaults.ts";
import type { GroupOptions, ServerOptions } from "./group_options.ts";
import type { UpstreamLimits, UpstreamTarget } from "./options.ts";

/** A server with every default. */
export function plainServer(target: UpstreamTarget): ServerOptions {
  return { target, weight: 1, maxConns: 0, backup: false };
}

/** A group of equal servers with every default, named after them. */
export function plainGroup(targets: readonly UpstreamTarget[], limits: UpstreamLimits): GroupOptions {
  return {
    ...DEFAULTS.group,
    name: targets.map(formatAddress).join(","),
    servers: targets.map(plainServer),
    limits,
  };
}
