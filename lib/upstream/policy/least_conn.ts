/**
 * The server with the fewest requests in flight for its share, as nginx's `least_conn`. Equals take turns by smooth round
 * robin, else an idle group would give everything to its first server.
 *
 * @module
 */
import type { Candidate } from "../candidate.ts";
import { takeTurns } from "./round_robin.ts";

/** A {@linkcode Policy}. */
export function leastConn(candidates: readonly Candidate[]): number {
  // Of the best: loads are compared crosswise, as isFreer() does.
  let best = -1, active = 0, weight = 0, tied = false;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (!candidate.available) continue;
    const load = candidate.active * weight, least = active * candidate.effectiveWeight;
    if (weight === 0 || load < least) {
      best = i;
      active = candidate.active;
      weight = candidate.effectiveWeight;
      tied = false;
    } else if (load === least && candidate.effectiveWeight > 0) tied = true;
  }
  return tied ? takeTurns(candidates, candidates[best]) : best;
}
