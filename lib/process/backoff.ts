/**
 * How long to wait before a worker that died is started again: at once when it had lived well, ever longer when it keeps
 * dying, so that a broken handler costs little and a single crash costs nothing.
 *
 * @module
 */

/** A life of this length, ms, clears what was before it. */
const GOOD_LIFE = 30_000;
/** The first wait that is not zero, ms. */
const FIRST_DELAY = 500;
/** The longest wait, ms. */
const LAST_DELAY = 30_000;

/** What to do after a death. */
export interface Respawn {
  /** Deaths in a row, this one included; to be given to the next call. */
  readonly deaths: number;
  /** How long to wait before the next start, ms. */
  readonly delay: number;
}

/**
 * The wait after a death: none after the first, then 0.5 s, doubling up to 30 s.
 *
 * @param deaths Deaths in a row before this one.
 * @param lived How long the worker lived, ms; 30 s and more begin the count anew.
 */
export function afterDeath(deaths: number, lived: number): Respawn {
  const before = lived >= GOOD_LIFE ? 0 : deaths;
  const delay = before === 0 ? 0 : Math.min(FIRST_DELAY * 2 ** (before - 1), LAST_DELAY);
  return { deaths: before + 1, delay };
}
