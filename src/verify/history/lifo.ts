import { Presence, presenceOf, type Interval, type Life } from './life.ts';

interface Level {
  readonly lives: readonly Life[];
  /** What must find nothing of them there. */
  readonly misses: readonly Interval[];
}

/**
 * Whether the operations on a lifo can be put into one order (linearized), in O(n²) for n values if few clients act at
 * a time.
 *
 * A value whose store and removal overlap can be stored and removed at one instant, whatever else happens. Between two
 * stretches in which values are certainly present the lifo can be empty, so each stretch is judged by itself. Within a
 * stretch it is never empty, so one value lies below all others: it can be stored first and removed last, and its reads
 * come when nothing lies above it. If there are several such values, any will do. The values above it are a lifo again,
 * which the reads must find empty. Compare Abdulla et al., "Efficient Linearizability Monitoring" (arXiv:2509.17795).
 */
export function lifoAdmits(lives: readonly Life[], misses: readonly Interval[]): boolean {
  const levels: Level[] = [{ lives, misses }];
  for (let level = levels.pop(); level !== undefined; level = levels.pop()) {
    const presence = new Presence(level.lives);
    if (level.misses.some((miss) => presence.covers(miss))) return false;
    for (const { lives: stretch } of presence.stretches) {
      if (stretch.length === 1) continue;
      const bottom = bottomOf(stretch);
      if (bottom === undefined) return false;
      levels.push({ lives: stretch.filter((life) => life !== bottom), misses: bottom.reads });
    }
  }
  return true;
}

function bottomOf(stretch: readonly Life[]): Life | undefined {
  const begun = stretch.map((life) => presenceOf(life).from);
  const ended = stretch.map((life) => -presenceOf(life).to);
  const firstBesides = leastBesides(begun);
  const lastBesides = leastBesides(ended);
  return stretch.find((life, n) => {
    if (life.store.invoked > firstBesides(n) || life.fetch.replied < -lastBesides(n)) return false;
    if (life.reads.length === 0) return true;
    const above = new Presence(stretch.filter((other) => other !== life));
    return life.reads.every((read) => !above.covers(read));
  });
}

/** The least of some numbers, with any one of them left out. */
function leastBesides(numbers: readonly number[]): (n: number) => number {
  let [least, second, at] = [Infinity, Infinity, -1];
  for (const [n, number] of numbers.entries())
    if (number < least) [least, second, at] = [number, least, n];
    else if (number < second) second = number;
  return (n) => (n === at ? second : least);
}
