/**
 * The limits that the corpora run under: small, so that their edges can be written down.
 *
 * @module
 */
import type { Limits } from "../../../lib/config/options.ts";

/** Sizes in bytes. */
export const LIMITS = Object.freeze(
  {
    maxHeadSize: 2_048,
    maxRequestLine: 512,
    maxFields: 20,
    maxBody: 1_000,
  } as const satisfies Partial<Limits>,
);
