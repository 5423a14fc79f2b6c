/**
 * What a policy sees of a server, and what a policy is.
 *
 * @module
 */

/** A server of a group, as far as choosing goes. The group keeps it for as long as it has the server. */
export interface Candidate {
  /** Stable and unique within the group, as "10.0.0.1:8080": its place on the hash ring follows from it alone. */
  readonly id: string;
  /** The configured share beside the others', at least 1. */
  readonly weight: number;
  /** Its share at present, 0 to {@linkcode weight}: less while it starts slowly. With 0 it is a last resort. */
  effectiveWeight: number;
  /** Requests in flight. */
  active: number;
  /** Requests in flight that it is given at once; 0: unlimited. */
  readonly maxConns: number;
  /** Up, not full and not tried yet for this request. The caller says so before each pick. */
  available: boolean;
  /** The running value of smooth round robin; 0 at first. Policies alone write it. */
  current: number;
}

/** What a pick depends on besides the servers. */
export interface PickRequest {
  /** What the policy "hash" hashes; the others ignore it. */
  readonly key: string;
  /** As `Math.random`: 0 up to, not including, 1. */
  readonly random: () => number;
}

/**
 * Chooses a server: its index in `candidates`, or -1 when none is available. The list is the one that the policy was made
 * for. A policy changes {@linkcode Candidate.current} and nothing else: counting the request is the caller's.
 */
export type Policy = (candidates: readonly Candidate[], request: PickRequest) => number;

/** A new server, which is available, idle and at its full weight. */
export function makeCandidate(id: string, weight: number, maxConns: number): Candidate {
  return { id, weight, effectiveWeight: weight, active: 0, maxConns, available: true, current: 0 };
}

/** Whether the server has as many requests in flight as it is given at once. */
export function isFull(candidate: Candidate): boolean {
  return candidate.maxConns > 0 && candidate.active >= candidate.maxConns;
}

// Loads, requests in flight by share, are compared crosswise: a division for each server would double a pick's time.

/** Whether `a` has fewer requests in flight for its share than `b`. */
export function isFreer(a: Candidate, b: Candidate): boolean {
  return a.active * b.effectiveWeight < b.active * a.effectiveWeight;
}

/** Whether `a` has as many requests in flight for its share as `b`. */
export function isAsFree(a: Candidate, b: Candidate): boolean {
  return a.active * b.effectiveWeight === b.active * a.effectiveWeight;
}

/** Whether any server can be chosen. */
export function isAnyAvailable(candidates: readonly Candidate[]): boolean {
  for (let i = 0; i < candidates.length; i++) if (candidates[i].available) return true;
  return false;
}
