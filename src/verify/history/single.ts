import type { Interval, Life } from './life.ts';

/** All operations of one value, which follow each other without another value or a miss between them. */
interface Block {
  /** If `from < to`, the block lasts at least that long. Else it can be placed at any instant from `to` to `from`. */
  readonly from: number;
  readonly to: number;
  /** Whether it leaves the variable empty. */
  readonly isFetched: boolean;
}

const blockOf = ({ store, reads, fetch, isFetched }: Life): Block => {
  const all = [store, ...reads, ...(isFetched ? [fetch] : [])];
  return {
    from: Math.min(...all.map(({ replied }) => replied)),
    to: Math.max(...all.map(({ invoked }) => invoked)),
    isFetched,
  };
};

/** Something that is placed at one instant: not before `since`, and before `due`. */
interface Instant {
  readonly since: number;
  readonly due: number;
}

interface MomentOfBlock {
  readonly at: number;
  readonly kind: 'begins' | 'ends';
  readonly block: Block;
}
interface MomentOfInstant {
  readonly at: number;
  readonly kind: 'since' | 'due';
  readonly what: Kind;
  readonly instant: Instant;
}
type Moment = MomentOfBlock | MomentOfInstant;
/** `filling` leaves a value there; `emptying` leaves none; `miss` must find none. */
type Kind = 'filling' | 'emptying' | 'miss';

/**
 * Whether the operations on a single can be put into one order (linearized), in O(n log n) for n values.
 *
 * The operations of a value form a block. Blocks that last must not overlap, and no other block may lie within one of
 * these (Gibbons and Korach, "Testing Shared Memories", 1997). What is left are instants, placed greedily in the order
 * of time: a miss as soon as the variable is empty; a value that stays, as late as possible; a value that is fetched,
 * when it is due or when a miss needs it, the first that is due first.
 * @param removals what may have emptied the variable unseen
 */
export function singleAdmits(
  lives: readonly Life[],
  misses: readonly Interval[],
  removals: readonly Interval[] = [],
): boolean {
  const blocks = lives.map(blockOf);
  const lasting = blocks.filter(({ from, to }) => from < to).sort((one, other) => one.from - other.from);
  if (lasting.some(({ to }, n) => (lasting[n + 1]?.from ?? Infinity) < to)) return false;
  const short = blocks.filter(({ from, to }) => from >= to);
  const moments: Moment[] = [
    ...lasting.flatMap((block): Moment[] => [
      { at: block.from, kind: 'begins', block },
      { at: block.to, kind: 'ends', block },
    ]),
    ...short.flatMap(({ from, to, isFetched }) =>
      momentsOf(isFetched ? 'emptying' : 'filling', { since: to, due: from }),
    ),
    ...misses.flatMap(({ invoked, replied }) => momentsOf('miss', { since: invoked, due: replied })),
    ...removals.flatMap(({ invoked }) => momentsOf('emptying', { since: invoked, due: Infinity })),
  ];
  moments.sort((one, other) => one.at - other.at);
  const sweep = new Sweep();
  return moments.every((moment) => sweep.pass(moment));
}

const momentsOf = (what: Kind, instant: Instant): Moment[] => [
  { at: instant.since, kind: 'since', what, instant },
  ...(instant.due === Infinity ? [] : [{ at: instant.due, kind: 'due' as const, what, instant }]),
];

class Sweep {
  readonly #open: Readonly<Record<Kind, Set<Instant>>> = {
    filling: new Set(),
    emptying: new Set(),
    miss: new Set(),
  };
  #isFull = false;
  #isWithinBlock = false;

  /** @returns whether it is still possible */
  pass(moment: Moment): boolean {
    if ('instant' in moment) return this.#passInstant(moment);
    if (moment.kind === 'begins') return this.#begin(moment.block);
    this.#isWithinBlock = false;
    this.#isFull = !moment.block.isFetched;
    this.#placeMisses();
    return true;
  }

  #passInstant(moment: MomentOfInstant): boolean {
    const { what, instant } = moment;
    const open = this.#open[what];
    if (moment.kind === 'since') {
      open.add(instant);
      this.#placeMisses();
      return true;
    }
    if (!open.has(instant)) return true;
    // It lies within a block that lasts.
    if (this.#isWithinBlock) return false;
    if (what === 'miss') return this.#emptyForMiss();
    if (what === 'emptying') this.#empty(instant);
    else {
      open.delete(instant);
      this.#isFull = true;
    }
    return true;
  }

  /**
   * Values that are due before the block ends are placed before it. Values that stay can always be placed right before
   * it.
   */
  #begin({ to }: Block): boolean {
    for (const instant of this.#open.emptying) if (instant.due < to) this.#empty(instant);
    for (const miss of this.#open.miss) if (miss.due < to && !this.#emptyForMiss()) return false;
    this.#open.filling.clear();
    this.#isWithinBlock = true;
    return true;
  }

  #empty(instant: Instant): void {
    this.#open.emptying.delete(instant);
    this.#open.filling.clear();
    this.#isFull = false;
    this.#placeMisses();
  }

  #emptyForMiss(): boolean {
    let first: Instant | undefined;
    for (const instant of this.#open.emptying)
      if (first === undefined || instant.due < first.due) first = instant;
    if (first === undefined) return false;
    this.#empty(first);
    return true;
  }

  #placeMisses(): void {
    if (!this.#isFull && !this.#isWithinBlock) this.#open.miss.clear();
  }
}
