/**
 * What was probably meant: the one name close enough to a misspelt one.
 *
 * @module
 */

/**
 * How many letters must be inserted, dropped, replaced or swapped with their neighbour to make `a` into `b` (the optimal
 * string alignment distance: no stretch is edited twice).
 */
export function distance(a: string, b: string): number {
  // Three rows of the table are alive at a time: swapping two letters looks two rows back.
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(older, column - 2) + 1);
      }
      current.push(cost);
    }
    older = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}

/**
 * The candidate that `word` was probably meant to be: at most one mistake in three letters away, else the only one that
 * begins with it.
 *
 * @returns undefined when none is close, or when two are equally close and nothing tells them apart.
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let least = limit + 1;
  let tied = false;
  for (const candidate of candidates) {
    const away = distance(word.toLowerCase(), candidate.toLowerCase());
    if (away > least) continue;
    tied = away === least && best !== undefined;
    if (away < least) {
      least = away;
      best = candidate;
    }
  }
  if (best !== undefined && !tied) return best;
  const longer = candidates.filter((candidate) => word.length > 2 && candidate.startsWith(word));
  return longer.length === 1 ? longer[0] : undefined;
}
