/**
 * How many requests a key may make: a leaky bucket for each, as nginx's limit_req.
 *
 * @module
 */
import type { RateLimitOptions } from "../config/route_options.ts";

/** What a bucket is made of. */
export type BucketOptions = Pick<RateLimitOptions, "rate" | "burst" | "delay">;

/** One key's bucket. */
export interface Bucket {
  /** Requests above the rate at `last`, in thousandths; a fraction is kept, where nginx rounds down. */
  readonly excess: number;
  /** When a request was last taken, ms. */
  readonly last: number;
}

/** What becomes of a request: a number is how long it has to wait, ms, more than 0. */
export type Verdict = "pass" | "refuse" | number;

/** A clock that went back further than this, ms, was set; less is jitter, and no time has passed. */
const CLOCK_SET = 60_000;

/**
 * Puts a request into a bucket. The first one is always taken; each takes 1000 thousandths, of which `rate` drain in a
 * millisecond; what would be more than `burst` requests above is refused and leaves the bucket as it was. The arithmetic of
 * nginx's ngx_http_limit_req_lookup.
 *
 * @param state The bucket; null for a key that is new.
 * @param now The time, ms.
 */
export function take(state: Bucket | null, now: number, options: BucketOptions): { state: Bucket; verdict: Verdict } {
  if (state === null) return { state: { excess: 0, last: now }, verdict: "pass" };
  const { rate, burst, delay } = options;
  const elapsed = elapsedSince(state.last, now);
  const excess = Math.max(0, state.excess - rate * elapsed + 1_000);
  if (excess > burst * 1_000) return { state, verdict: "refuse" };
  const wait = delay ? Math.round(excess / rate) : 0;
  return { state: { excess, last: elapsed === 0 ? state.last : now }, verdict: wait > 0 ? wait : "pass" };
}

function elapsedSince(last: number, now: number): number {
  const elapsed = now - last;
  if (elapsed < -CLOCK_SET) return 1;
  return Math.max(0, elapsed);
}

/** Buckets by key. */
export class RateLimiter {
  readonly #options: RateLimitOptions;
  /** The longest unused first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Asks for one request of `key`: 0 passes now, more passes after so many ms, -1 is refused. */
  ask(key: string, now: number): number {
    const known = this.#buckets.get(key) ?? null;
    const { state, verdict } = take(known, now, this.#options);
    if (known === null) this.#makeRoom(now);
    else this.#buckets.delete(key); // so that it moves to the end
    this.#buckets.set(key, state);
    return verdict === "refuse" ? -1 : verdict === "pass" ? 0 : verdict;
  }

  /** Whole seconds until a request of `key` would be taken, at least 1: for Retry-After (RFC 9110 §10.2.3). */
  retryAfter(key: string, now: number): number {
    const { rate, burst } = this.#options;
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 1;
    const beyond = bucket.excess - rate * elapsedSince(bucket.last, now) + 1_000 - burst * 1_000;
    return Math.max(1, Math.ceil(beyond / rate / 1_000));
  }

  /** Before a key is added: drops up to two that would begin anew anyhow, as nginx does, and the oldest if it must. */
  #makeRoom(now: number): void {
    let dropped = 0;
    for (const [key, bucket] of this.#buckets) {
      const full = this.#buckets.size >= this.#options.maxKeys;
      if (dropped === 2 || (!full && !this.#hasDrained(bucket, now))) break;
      this.#buckets.delete(key);
      dropped++;
    }
  }

  /** Whether a next request finds what a new key's finds. */
  #hasDrained({ excess, last }: Bucket, now: number): boolean {
    return excess + 1_000 <= this.#options.rate * elapsedSince(last, now);
  }
}
