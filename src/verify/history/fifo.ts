import { Presence, type Interval, type Life } from './life.ts';

/**
 * Whether the operations on a fifo can be put into one order (linearized), in O(n log n) for n values
 * if few clients act at a time.
 *
 * Misses and values do not depend on each other: wherever no value is certainly present, all values can be placed
 * before or after. A value may be the next in the queue if its store and its removal can come before those of all that
 * are left. If one exists, any such value will do, since taking it away leaves the rest as possible as before.
 * Compare Lee and Mathur, "Efficient Decrease-and-Conquer Linearizability Monitoring" (arXiv:2410.04581).
 */
export function fifoAdmits(lives: readonly Life[], misses: readonly Interval[]): boolean {
  const presence = new Presence(lives);
  if (misses.some((miss) => presence.covers(miss))) return false;
  const left = new LivesLeft(lives);
  for (let n = lives.length; n > 0; n--) {
    const next = left.next();
    if (next === undefined) return false;
    left.remove(next);
  }
  return true;
}

/** When the value must have come to the head: at its first read there, or at its removal. */
const headBy = ({ reads, fetch }: Life): number =>
  reads.reduce((first, { replied }) => Math.min(first, replied), fetch.replied);

/** The values that are still to be put in order. Those that may be next are among the first that were stored. */
class LivesLeft {
  readonly #removed = new Set<Life>();
  readonly #stored: Least;
  readonly #headed: Least;
  readonly #numbered: Least;
  readonly #invoked: readonly Life[];
  /** All before it are removed. */
  #from = 0;

  constructor(lives: readonly Life[]) {
    this.#stored = new Least(lives, this.#removed, ({ store }) => store.replied);
    this.#headed = new Least(lives, this.#removed, headBy);
    this.#numbered = new Least(lives, this.#removed, ({ number }) => number ?? Infinity);
    this.#invoked = lives.toSorted((one, other) => one.store.invoked - other.store.invoked);
  }

  remove(life: Life): void {
    this.#removed.add(life);
  }

  next(): Life | undefined {
    for (let at = this.#from; at < this.#invoked.length; at++) {
      const life = this.#invoked[at];
      if (life === undefined) break;
      if (this.#removed.has(life)) {
        if (at === this.#from) this.#from++;
        continue;
      }
      if (life.store.invoked > this.#stored.besides(life)) return undefined;
      const isNext =
        life.fetch.invoked < this.#headed.besides(life) &&
        (life.number === undefined || life.number <= this.#numbered.besides(life));
      if (isNext) return life;
    }
    return undefined;
  }
}

/** The least of some numbers, with those left out that are removed, and any one of the others. */
class Least {
  readonly #sorted: readonly { readonly number: number; readonly life: Life }[];
  readonly #removed: ReadonlySet<Life>;
  #from = 0;

  constructor(lives: readonly Life[], removed: ReadonlySet<Life>, numberOf: (life: Life) => number) {
    this.#removed = removed;
    this.#sorted = lives
      .map((life) => ({ life, number: numberOf(life) }))
      .sort((one, other) => (one.number < other.number ? -1 : one.number > other.number ? 1 : 0));
  }

  besides(life: Life): number {
    let isFirst = true;
    for (let at = this.#from; at < this.#sorted.length; at++) {
      const entry = this.#sorted[at];
      if (entry === undefined) break;
      if (this.#removed.has(entry.life)) {
        if (isFirst) this.#from = at + 1;
        continue;
      }
      isFirst = false;
      if (entry.life !== life) return entry.number;
    }
    return Infinity;
  }
}
