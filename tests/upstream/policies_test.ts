/** How a server is chosen: one contract for all policies, then what is each one's own. */
import { assert, assertEquals } from "@std/assert";
import type { PolicyName } from "../../lib/config/group_options.ts";
import { type Candidate, isFull, makeCandidate, type PickRequest } from "../../lib/upstream/candidate.ts";
import { makePolicy } from "../../lib/upstream/policies.ts";

const POLICIES: readonly PolicyName[] = ["round-robin", "least-conn", "random-two", "hash"];
const PICKS = 10_000;
/** Requests in flight while {@linkcode spread} counts: so many that one more or less is little of any server's. */
const IN_FLIGHT = 300;

for (const name of POLICIES) {
  Deno.test(`${name} chooses a group's only server`, () => {
    const candidates = servers(3);
    assertEquals(makePolicy(name, candidates)(candidates, request()), 0);
  });

  Deno.test(`${name} gives -1 when no server is available`, () => {
    for (const candidates of [[], servers(1), servers(5, 3, 2)]) {
      for (const candidate of candidates) candidate.available = false;
      assertEquals(makePolicy(name, candidates)(candidates, request()), -1, `of ${candidates.length}`);
    }
  });

  Deno.test(`${name} never chooses a server that is not available, and finds the last one that is`, () => {
    const candidates = servers(5, 3, 2, 1);
    const policy = makePolicy(name, candidates);
    const next = requests();
    for (let mask = 1; mask < 16; mask++) {
      for (let n = 0; n < 100; n++) {
        candidates.forEach((candidate, i) => candidate.available = (mask & 1 << i) !== 0);
        const picked = policy(candidates, next());
        assert(candidates[picked]?.available, `${picked} of ${mask.toString(2)}`);
      }
    }
  });

  Deno.test(`${name} keeps to max-conns when full servers are said to be unavailable`, () => {
    const candidates = ["a", "b", "c"].map((id, i) => makeCandidate(id, 1, i + 1));
    const policy = makePolicy(name, candidates);
    const next = requests();
    for (let n = 0; n < 6; n++) {
      for (const candidate of candidates) candidate.available = !isFull(candidate);
      candidates[policy(candidates, next())].active++;
    }
    assertEquals(candidates.map(({ active }) => active), [1, 2, 3]);
    for (const candidate of candidates) candidate.available = !isFull(candidate);
    assertEquals(policy(candidates, next()), -1);
  });

  Deno.test(`${name} spreads requests by weight, within 5 %`, () => {
    for (const weights of [[1, 1], [5, 3, 2], [1, 1, 1, 1], [3, 1]]) {
      assertShares(spread(name, servers(...weights)), weights, `${weights}`);
    }
  });

  Deno.test(`${name} spreads requests by the weight in effect, within 5 %`, () => {
    const candidates = servers(8, 8, 4);
    candidates[0].effectiveWeight = 2;
    candidates[2].effectiveWeight = 3.5;
    assertShares(spread(name, candidates), [2, 8, 3.5], name);
  });

  Deno.test(`${name} spreads the requests of a server that is not available by the others' weights, within 5 %`, () => {
    const candidates = servers(4, 3, 3, 2);
    candidates[1].available = false;
    assertShares(spread(name, candidates), [4, 0, 3, 2], name);
  });

  Deno.test(`${name} chooses a server without any weight in effect only when there is no other`, () => {
    const candidates = servers(2, 1, 1);
    candidates[1].effectiveWeight = 0;
    assertEquals(spread(name, candidates)[1], 0);
    const policy = makePolicy(name, candidates);
    candidates[0].available = candidates[2].available = false;
    assertEquals(policy(candidates, request()), 1);
  });

  Deno.test(`${name} changes nothing of a server but its running value`, () => {
    const candidates = servers(5, 3, 2);
    const policy = makePolicy(name, candidates);
    const next = requests();
    for (let n = 0; n < 100; n++) policy(candidates, next());
    assertEquals(candidates.map((candidate) => ({ ...candidate, current: 0 })), servers(5, 3, 2));
  });
}

const SEQUENCES: [weights: number[], unavailable: number[], sequence: string][] = [
  [[5, 1, 1], [], "aabacaa aabacaa"],
  [[1, 1, 1], [], "abc abc abc"],
  [[3, 2], [], "ababa ababa"],
  [[4, 2, 1], [], "abacaba abacaba"],
  [[1, 3], [], "babb babb"],
  [[5, 1, 1], [0], "bc bc bc"],
];

Deno.test("round-robin gives nginx's sequences", () => {
  for (const [weights, unavailable, sequence] of SEQUENCES) {
    const candidates = servers(...weights);
    for (const i of unavailable) candidates[i].available = false;
    const policy = makePolicy("round-robin", candidates);
    const picked = [...sequence].map((letter) => letter === " " ? " " : "abc"[policy(candidates, request())]);
    assertEquals(picked.join(""), sequence, `of ${weights}`);
  }
});

Deno.test("round-robin goes on where it was when a server comes back", () => {
  const candidates = servers(1, 1, 1);
  const policy = makePolicy("round-robin", candidates);
  const pick = () => policy(candidates, request());
  assertEquals(pick(), 0);
  candidates[1].available = false;
  assertEquals([pick(), pick()], [2, 2]);
  candidates[1].available = true;
  assertEquals([pick(), pick(), pick()], [1, 0, 2]);
});

const LOADS: [weights: number[], active: number[], picked: number][] = [
  [[1, 1], [1, 0], 1],
  [[1, 1], [0, 1], 0],
  [[3, 1], [2, 1], 0],
  [[3, 1], [4, 1], 1],
  [[1, 4, 2], [1, 3, 3], 1],
  [[3, 6, 1], [1, 2, 0], 2],
];

Deno.test("least-conn chooses the fewest requests in flight for the weight", () => {
  for (const [weights, active, picked] of LOADS) {
    const candidates = servers(...weights);
    candidates.forEach((candidate, i) => candidate.active = active[i]);
    assertEquals(makePolicy("least-conn", candidates)(candidates, request()), picked, `${active} by ${weights}`);
  }
});

Deno.test("least-conn lets equals take turns by weight, and leaves the others' running values alone", () => {
  const candidates = servers(1, 5, 1, 1);
  candidates[0].active = 9;
  const policy = makePolicy("least-conn", candidates);
  const picked = [..."bbcbdbb"].map(() => "abcd"[policy(candidates, request())]).join("");
  assertEquals(picked, "bbcbdbb");
  assertEquals(candidates.map(({ current }) => current), [0, 0, 0, 0]);
  // 1/3 and 2/6 are the same load.
  const thirds = servers(3, 6);
  [thirds[0].active, thirds[1].active] = [1, 2];
  assertEquals([..."bab"].map(() => "ab"[policy(thirds, request())]).join(""), "bab");
});

const DRAWS: [weights: number[], active: number[], draws: [number, number], picked: number][] = [
  [[1, 1, 1], [0, 0, 0], [0, 0], 0],
  [[1, 1, 1], [1, 0, 0], [0, 0], 1],
  [[1, 1, 1], [0, 0, 9], [0.99, 0.99], 1],
  [[1, 1, 1], [9, 9, 0], [0, 0.4], 0],
  [[2, 1, 1], [3, 2, 9], [0.49, 0], 0],
  [[2, 1, 1], [3, 1, 9], [0.49, 0], 1],
  [[2, 1, 1], [3, 1, 9], [0.5, 0], 1],
  [[2, 1, 1], [0, 1, 9], [0.5, 0.66], 0],
  [[2, 1, 1], [0, 1, 9], [0.5, 0.67], 1],
];

Deno.test("random-two chooses the freer of two different servers drawn by weight, of equals the first", () => {
  for (const [weights, active, draws, picked] of DRAWS) {
    const candidates = servers(...weights);
    candidates.forEach((candidate, i) => candidate.active = active[i]);
    const left = [...draws];
    const random = () => left.shift() ?? 0;
    const policy = makePolicy("random-two", candidates);
    assertEquals(policy(candidates, { key: "", random }), picked, `${draws} of ${active} by ${weights}`);
  }
});

Deno.test("random-two never chooses the fullest of three", () => {
  const candidates = servers(9, 1, 1);
  candidates[0].active = 90;
  assertEquals(spread("random-two", candidates, 0)[0], 0);
});

Deno.test("hash keeps a key at its server", () => {
  const candidates = servers(2, 1, 3);
  const before = serversOf(candidates);
  for (const candidate of candidates) candidate.active = 100;
  assertEquals(serversOf(candidates), before);
});

Deno.test("hash does not depend on the servers' order", () => {
  const candidates = named(20);
  assertEquals(serversOf([...candidates].reverse()), serversOf(candidates));
  assertEquals(serversOf([...candidates.slice(7), ...candidates.slice(0, 7)]), serversOf(candidates));
});

Deno.test("hash moves only the keys of a server that goes, to all others, and only its own to one that comes", () => {
  const all = named(10);
  const gone = all[3].id;
  const [before, after] = [serversOf(all), serversOf(all.filter(({ id }) => id !== gone))];
  const heirs = new Set<string>();
  let moved = 0;
  before.forEach((id, i) => {
    if (id !== gone) return assertEquals(after[i], id);
    heirs.add(after[i]);
    moved++;
  });
  // Read backwards it is what happens when the server comes.
  assert(moved > 900 && moved < 1_100, `${moved} keys of 10,000 moved`);
  assertEquals(heirs.size, 9);
});

Deno.test("hash sends the keys of a server that is not available where they would go if it did not exist", () => {
  const all = named(10);
  all[3].available = false;
  assertEquals(serversOf(all), serversOf(all.filter(({ available }) => available)));
});

Deno.test("hash gives a server that starts slowly its own keys back, ever more of them", () => {
  const candidates = servers(2, 2, 2);
  const full = serversOf(candidates);
  let mine = new Set<number>();
  for (const share of [0.1, 0.5, 1, 2]) {
    candidates[1].effectiveWeight = share;
    const now = serversOf(candidates);
    const keys = new Set(now.flatMap((id, i) => id === candidates[1].id ? [i] : []));
    now.forEach((id, i) => assert(id === full[i] || full[i] === candidates[1].id, `key ${i} is at ${id}`));
    assert(mine.isSubsetOf(keys) && keys.size > mine.size, `${keys.size} keys at ${share}`);
    mine = keys;
  }
});

Deno.test("hash spreads keys evenly over many servers", () => {
  const counts = spread("hash", named(100), 0, 100_000);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  assert(least > 800 && most < 1_200, `${least} to ${most} of 1,000`);
});

Deno.test("hash makes do with fewer points for each unit of great weights", () => {
  const weights = [100_000, 300_000, 600_000];
  assertShares(spread("hash", servers(...weights)), weights, "great");
});

/** Servers "a", "b", … of these weights. */
function servers(...weights: number[]): Candidate[] {
  return weights.map((weight, i) => makeCandidate("abcdefgh"[i], weight, 0));
}

/** `count` servers of weight 1 with addresses that differ little. */
function named(count: number): Candidate[] {
  return Array.from({ length: count }, (_, i) => makeCandidate(`10.0.0.${i + 1}:8080`, 1, 0));
}

function request(key = ""): PickRequest {
  return { key, random: () => 0 };
}

/** Gives requests with different keys and a random number generator (mulberry32) that is the same in every run. */
function requests(): () => PickRequest {
  let state = 1, n = 0;
  const random = () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
  return () => ({ key: `/path/${n++}`, random });
}

/** How many of `picks` requests each server gets while `inFlight` of them, the youngest, are not answered yet. */
function spread(name: PolicyName, candidates: Candidate[], inFlight = IN_FLIGHT, picks = PICKS): number[] {
  const policy = makePolicy(name, candidates);
  const next = requests();
  const counts = candidates.map(() => 0);
  const flying: number[] = [];
  for (let n = 0; n < picks; n++) {
    const picked = policy(candidates, next());
    counts[picked]++;
    candidates[picked].active++;
    flying.push(picked);
    if (flying.length > inFlight) candidates[flying.shift() ?? 0].active--;
  }
  for (const i of flying) candidates[i].active--;
  return counts;
}

function assertShares(counts: number[], weights: number[], name: string): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  weights.forEach((weight, i) => {
    const expected = PICKS * weight / total;
    assert(Math.abs(counts[i] - expected) <= expected * 0.05, `${name}: server ${i} got ${counts[i]}, not ${expected}`);
  });
}

/** The ids of the servers of 10,000 keys. */
function serversOf(candidates: Candidate[]): string[] {
  const policy = makePolicy("hash", candidates);
  const next = requests();
  return Array.from({ length: PICKS }, () => candidates[policy(candidates, next())].id);
}
