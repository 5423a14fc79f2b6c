/**
 * What the system does not hold of a confinement, said once at the start.
 *
 * @module
 */
import { StackdError } from "../errors.ts";
import type { LandlockAbi } from "./landlock.ts";

/** What Deno alone holds where the kernel's Landlock is of this version; null where the kernel holds everything that it can. */
export function gapsOf({ version }: Pick<LandlockAbi, "version">): string | null {
  if (version === 0) {
    return "there is no Landlock here, so Deno alone confines the handler: it may import any file, and symbolic links lead out of " +
      "what it is allowed";
  }
  const gaps = [
    ...(version < 4 ? ["TCP ports"] : []),
    ...(version < 6 ? ["signals and abstract unix sockets"] : []),
  ];
  return gaps.length === 0 ? null : `the kernel is too old to confine ${gaps.join(", ")}, so Deno alone does`;
}

/** Throws `STACKD_CONFINEMENT` (exit 1) where there is no Landlock, and the operator wants it. */
export function requireLandlock({ version }: Pick<LandlockAbi, "version">): void {
  if (version > 0) return;
  const state = "the kernel has no Landlock, which Linux has since 5.13 when it is named in its lsm= list";
  throw new StackdError("STACKD_CONFINEMENT", `Cannot confine the handler: ${state}`, { exitCode: 1 });
}
