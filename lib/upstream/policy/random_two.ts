/**
 * The freer of two servers drawn at random ("power of two choices"), as nginx's `random two least_conn`. Several proxies that
 * do not know of each other's requests then do not all run to the same idle server, as they would by least-conn.
 *
 * @module
 */
import { type Candidate, isFreer, type PickRequest } from "../candidate.ts";

/** A {@linkcode Policy}. Draws two different servers by their shares; of equals the first, so that an idle group keeps them. */
export function randomTwo(candidates: readonly Candidate[], request: PickRequest): number {
  let only = -1, count = 0, total = 0;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (!candidate.available) continue;
    only = i;
    count++;
    total += candidate.effectiveWeight;
  }
  if (count < 2) return only;
  const first = draw(candidates, request.random() * total, -1);
  const second = draw(candidates, request.random() * (total - candidates[first].effectiveWeight), first);
  return isFreer(candidates[second], candidates[first]) ? second : first;
}

/** The available server, other than `except`, in whose share `point` falls when the shares are laid end to end. */
function draw(candidates: readonly Candidate[], point: number, except: number): number {
  let last = -1;
  for (let i = 0; i < candidates.length; i++) {
    const candidate = candidates[i];
    if (!candidate.available || i === except) continue;
    last = i;
    point -= candidate.effectiveWeight;
    if (point < 0) break;
  }
  // Rounding can leave a point just behind the last share.
  return last;
}
