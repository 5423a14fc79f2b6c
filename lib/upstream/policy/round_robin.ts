/**
 * By turns: nginx's smooth weighted round robin. Every server's running value grows by its share, the greatest is chosen and
 * pays what all of them grew. So a heavy server's turns are spread among the others' (a a b a c a a for 5, 1, 1), where
 * counting out its weight would give them to it in a row.
 *
 * @module
 */
import { type Candidate, isAsFree } from "../candidate.ts";

/** A {@linkcode Policy}; equals go to the first, as nginx's. */
export function roundRobin(candidates: readonly Candidate[]): number {
  return takeTurns(candidates, null);
}

/** Round robin among the available servers that are as free as `like`; null: among all of them. */
export function takeTurns(candidates: readonly Candidate[], like: Candidate | null): number {
  let best = -1, greatest = 0, total = 0;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (!candidate.available || (like !== null && !isAsFree(candidate, like))) continue;
    total += candidate.effectiveWeight;
    const current = candidate.current += candidate.effectiveWeight;
    if (best === -1 || current > greatest) {
      best = i;
      greatest = current;
    }
  }
  if (best !== -1) candidates[best].current = greatest - total;
  return best;
}
