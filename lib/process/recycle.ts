/**
 * When a worker has done enough and is replaced by a fresh one, so that a handler that leaks stays within bounds.
 *
 * @module
 */

/** What a worker has done and takes. */
export interface WorkerUse {
  /** Requests that it has answered. */
  readonly requests: number;
  /** Resident memory, bytes; 0 where it is not known. */
  readonly rss: number;
  /** Since it was ready, ms. */
  readonly age: number;
}

/** How much is enough; null for no limit. */
export interface RecycleLimits {
  /** `--max-requests`. */
  readonly maxRequests: number | null;
  /** `--max-rss`, bytes. */
  readonly maxRss: number | null;
  /** `--max-lifetime`, ms. */
  readonly maxLifetime: number | null;
}

/** How far above its limit jitter may take a worker, as a share of the limit. */
const SPREAD = 0.1;
/**
 * A worker younger than this, ms, is not replaced for its memory: a limit below what a fresh worker takes would replace
 * workers without end. uWSGI's min-worker-lifetime.
 */
const LEAST_AGE = 10_000;

const MIB = 1_048_576;

/**
 * Why a worker is to be replaced, as a phrase behind "worker 1 is replaced:"; null when it is not.
 *
 * Limits on requests and on time are spread over the 10 % above them, so that workers that were started together are not
 * replaced together: a limit is never undercut, as with gunicorn's max_requests_jitter and uWSGI's max-requests-delta. Memory
 * needs no spread, it grows unevenly by itself.
 *
 * @param jitter From 0 to 1, drawn once for each worker.
 */
export function whyRecycle(worker: WorkerUse, limits: RecycleLimits, jitter: number): string | null {
  const { maxRss } = limits;
  const maxRequests = spread(limits.maxRequests, jitter);
  const maxLifetime = spread(limits.maxLifetime, jitter);
  if (maxRequests !== null && worker.requests >= maxRequests) {
    return `it answered ${worker.requests} requests, the limit is ${maxRequests}`;
  }
  if (maxRss !== null && worker.rss >= maxRss && worker.age >= LEAST_AGE) {
    return `it holds ${inMebibytes(worker.rss)} MiB of memory, the limit is ${inMebibytes(maxRss)} MiB`;
  }
  if (maxLifetime !== null && worker.age >= maxLifetime) {
    return `it lived for ${inSeconds(worker.age)} s, the limit is ${inSeconds(maxLifetime)} s`;
  }
  return null;
}

function spread(limit: number | null, jitter: number): number | null {
  return limit === null ? null : limit + Math.floor(limit * SPREAD * jitter);
}

function inMebibytes(bytes: number): string {
  return String(Math.round(bytes / MIB * 10) / 10);
}

function inSeconds(milliseconds: number): string {
  return String(Math.round(milliseconds / 100) / 10);
}
