/**
 * What health checks say about a server: up or down, changed only by several results in a row, so that one lost answer does
 * not take it out and one lucky answer does not bring it back (nginx plus's `passes` and `fails`, HAProxy's rise and fall).
 *
 * @module
 */
import type { HealthCheckOptions } from "../config/group_options.ts";

/** What is known of one server. {@linkcode observe} changes it. */
export interface ActiveHealth {
  up: boolean;
  /** Results in a row that contradict {@linkcode up}. */
  against: number;
}

/**
 * A server that has not been checked yet. It counts as up: else a proxy that has just started would answer 503 until the
 * first checks are through, though most servers are well, and a reload would do the same.
 */
export function newActiveHealth(): ActiveHealth {
  return { up: true, against: 0 };
}

/** Takes in a check's result; true when the server is up or down by it and was the contrary before. */
export function observe(
  state: ActiveHealth,
  ok: boolean,
  { passes, fails }: Pick<HealthCheckOptions, "passes" | "fails">,
): boolean {
  if (ok === state.up) {
    state.against = 0;
    return false;
  }
  if (++state.against < (ok ? passes : fails)) return false;
  state.up = ok;
  state.against = 0;
  return true;
}
