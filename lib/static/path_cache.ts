/**
 * Something for each of many paths, found by the path's bytes as they stand in a request, bounded in bytes. What has not been
 * used for longest goes first, nearly: the clock algorithm, which costs an assignment for each use.
 *
 * @module
 */

/** What the cache holds, with what it needs to find and to count it. */
export class Cached {
  readonly key: Uint8Array;
  readonly hash: number;
  /** Bytes that it takes. */
  cost: number;
  /** Whether it was used since the last round of the clock. */
  used = false;
  /** Another one with the same hash. */
  next: Cached | null = null;

  constructor(key: Uint8Array, cost: number) {
    this.key = key;
    this.hash = hashOf(key, 0, key.length);
    this.cost = cost;
  }
}

// FNV-1a.
const SEED = 0x811c9dc5, PRIME = 0x01000193;

/** The cache. */
export class PathCache<Value extends Cached> {
  readonly limit: number;
  readonly #slots = new Map<number, Value>();
  /** In the order in which the clock comes by. */
  readonly #round = new Set<Value>();
  #size = 0;

  /** @param limit Bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are taken. */
  get size(): number {
    return this.#size;
  }

  /** What is there for the path in bytes[start, end); null when nothing is. */
  find(bytes: Uint8Array, start: number, end: number): Value | null {
    let value: Value | null = this.#slots.get(hashOf(bytes, start, end)) ?? null;
    while (value !== null && !isPath(value.key, bytes, start, end)) value = value.next as Value | null;
    if (value !== null) value.used = true;
    return value;
  }

  /** Adds `value`, whose key is not there; what is too large for the cache is left out. */
  add(value: Value): void {
    if (value.cost > this.limit) return;
    value.next = this.#slots.get(value.hash) ?? null;
    this.#slots.set(value.hash, value);
    this.#round.add(value);
    this.#size += value.cost;
    this.#makeRoom(value);
  }

  /** `value` takes `bytes` more. */
  charge(value: Value, bytes: number): void {
    if (!this.#round.has(value)) return;
    value.cost += bytes;
    this.#size += bytes;
    this.#makeRoom(value);
  }

  /** Removes `value`, if it is there. */
  delete(value: Value): void {
    if (!this.#round.delete(value)) return;
    this.#size -= value.cost;
    const first = this.#slots.get(value.hash);
    if (first === value) {
      if (value.next === null) this.#slots.delete(value.hash);
      else this.#slots.set(value.hash, value.next as Value);
      return;
    }
    for (let at: Cached | null = first ?? null; at !== null; at = at.next) if (at.next === value) at.next = value.next;
  }

  /** Removes what was not used, until the limit is kept; `kept` at last. */
  #makeRoom(kept: Value): void {
    while (this.#size > this.limit) {
      const [value] = this.#round;
      if (value.used && this.#round.size > 1 || value === kept && this.#round.size > 1) {
        value.used = false;
        this.#round.delete(value);
        this.#round.add(value);
      } else {
        this.delete(value);
      }
    }
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = SEED;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], PRIME);
  return hash;
}

function isPath(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false;
  return true;
}
