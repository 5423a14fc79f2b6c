/**
 * Whether handlers can be confined here as it is asked for.
 *
 * @module
 */
import type { GatewayOptions } from "../config/options.ts";
import { gapsOf, requireLandlock } from "../confine/gaps.ts";
import { landlockVersion } from "../confine/landlock.ts";
import { logWarn } from "../observe/log.ts";

/** Says what is not held here of what was asked for. Throws `STACKD_CONFINEMENT` when that is not acceptable. */
export function checkConfinement({ apps, requireConfinement }: GatewayOptions): void {
  if (apps.every(({ permissions }) => permissions === null)) return;
  const version = landlockVersion();
  if (requireConfinement) requireLandlock({ version });
  const gaps = gapsOf({ version });
  if (gaps !== null) logWarn(`The handler is not confined as it could be: ${gaps}`);
}
