/**
 * A server that is back gets its share little by little: it may have cold caches and no connections yet. As nginx plus's and
 * HAProxy's slow start.
 *
 * @module
 */

/** The least share of its weight that a server has: without any it would never warm up. */
const LEAST = 1 / 100;

/**
 * The share of a server that has been back for `sinceBack` ms: it grows evenly from a hundredth of `weight` to the whole in
 * `slowStart` ms (0: at once). A server that was never away has been back for `Infinity`.
 */
export function effectiveWeight(weight: number, sinceBack: number, slowStart: number): number {
  return sinceBack >= slowStart ? weight : weight * Math.max(LEAST, sinceBack / slowStart);
}
