/**
 * By a key's hash, consistently, as nginx's `hash … consistent` (ketama): every server has points on a ring in proportion to
 * its weight, and a key belongs to the first point at or after its own hash. When a server goes, only its keys move; when one
 * comes, only those that it takes. The points are not nginx's, so the two do not agree on a key's server.
 *
 * @module
 */
import { type Candidate, isAnyAvailable, type PickRequest, type Policy } from "../candidate.ts";
import { hash32, mix32 } from "./hash32.ts";

/** Points for each unit of weight. ketama has 160; the more, the closer are the shares to the weights (by 1/√points). */
const POINTS = 512;
/**
 * Beyond it the points for each unit of weight are halved: heavy servers have enough of them. A ring of this size takes 6 MB
 * and a tenth of a second to make. A group that grows across the limit, at a total weight of 1024, moves half of its keys.
 */
const MAX_POINTS = 2 ** 19;
/** Room for a point's number beside its 32 bits of hash in a double's 53. */
const NUMBERS = 2 ** 21;

/** The ring: its points by hash. */
interface Ring {
  readonly hashes: Uint32Array;
  /** The index of the server that has the point. */
  readonly owners: Uint32Array;
  /** Which of the server's points it is, from 0. */
  readonly ordinals: Uint32Array;
  /** Points for each unit of weight. */
  readonly density: number;
}

/**
 * A {@linkcode Policy} for these servers. A key whose server is not available goes to the next point on the ring, so that the
 * keys of a server that is down are spread over all the others. A server that starts slowly has as many of its points as its
 * share at present says: its keys come back to it one by one.
 */
export function hashPolicy(candidates: readonly Candidate[]): Policy {
  const ring = makeRing(candidates);
  return (candidates: readonly Candidate[], request: PickRequest) => pick(ring, candidates, hash32(request.key));
}

function pick({ hashes, owners, ordinals, density }: Ring, candidates: readonly Candidate[], hash: number): number {
  const { length } = hashes;
  let resort = -1;
  for (let at = firstFrom(hashes, hash), seen = 0; seen < length; seen++, at++) {
    if (at === length) at = 0;
    const owner = owners[at];
    const candidate = candidates[owner];
    if (candidate.available) {
      if (ordinals[at] < candidate.effectiveWeight * density) return owner;
      if (resort === -1) resort = owner;
    } else if (seen === 0 && !isAnyAvailable(candidates)) return -1; // else the whole ring would be walked to see it
  }
  return resort;
}

/** The place of the first point whose hash is `hash` or more; the ring's length when there is none. */
function firstFrom(hashes: Uint32Array, hash: number): number {
  let low = 0, high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle] < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

function makeRing(candidates: readonly Candidate[]): Ring {
  const density = densityFor(candidates);
  const counts = candidates.map(({ weight }) => Math.max(1, Math.round(weight * density)));
  const length = counts.reduce((sum, count) => sum + count, 0);
  const owners = new Uint32Array(length), ordinals = new Uint32Array(length);
  // A double holds a point's hash with its number below: sorting doubles is many times faster than sorting by a function.
  const points = new Float64Array(length);
  let number = 0;
  for (const owner of byId(candidates)) {
    const { id } = candidates[owner];
    // Two hashes of the id: with one, two ids that share it would share all points.
    const base = hash32(id), step = hash32(id, 1);
    for (let ordinal = 0; ordinal < counts[owner]; ordinal++, number++) {
      owners[number] = owner;
      ordinals[number] = ordinal;
      points[number] = mix32(base ^ mix32(step + ordinal)) * NUMBERS + number;
    }
  }
  points.sort();
  const ring = {
    hashes: new Uint32Array(length),
    owners: new Uint32Array(length),
    ordinals: new Uint32Array(length),
    density,
  };
  for (let at = 0; at < length; at++) {
    const number = points[at] % NUMBERS;
    ring.hashes[at] = Math.floor(points[at] / NUMBERS);
    ring.owners[at] = owners[number];
    ring.ordinals[at] = ordinals[number];
  }
  return ring;
}

/** Points for each unit of weight: halved, since then those that stay are where they were, until the ring is small enough. */
function densityFor(candidates: readonly Candidate[]): number {
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  let density = POINTS;
  while (total * density > MAX_POINTS) density /= 2;
  return density;
}

/** The servers' indices ordered by id: of two points in one place the same comes first, whatever the list's order. */
function byId(candidates: readonly Candidate[]): number[] {
  const indices = candidates.map((_, index) => index);
  return indices.sort((a, b) => candidates[a].id < candidates[b].id ? -1 : candidates[a].id > candidates[b].id ? 1 : 0);
}
