import type { Operation } from './operation.ts';

/**
 * The time in which an operation took effect, between its request and its reply. The numbers are positions in the
 * order of all requests and replies, so no two are equal. `replied` is Infinity if there never was a reply.
 */
export interface Interval {
  readonly invoked: number;
  readonly replied: number;
}

export interface Read extends Interval {
  readonly operation: Operation;
}

/**
 * One value, from its store to its removal. The intervals are narrowed by what must be true of every value: it is
 * stored before it is read, and read before it is fetched. Thus `store.replied <= reads[].replied <= fetch.replied`,
 * and the same of `invoked`.
 */
export interface Life {
  readonly value: string;
  readonly store: Interval;
  /** The gets that showed the value where the next fetch would take it: at the head of a fifo, on top of a lifo. */
  readonly reads: readonly Read[];
  /** Its removal: by a fetch, or by what may have removed it unseen. It lies after the end if nothing can have. */
  readonly fetch: Interval;
  readonly isFetched: boolean;
  /** The number that the server gave it (V10). */
  readonly number: number | undefined;
  readonly operations: readonly Operation[];
}

/** While the value is in the variable for certain. It is empty if `from >= to`. */
export const presenceOf = ({ store, fetch }: Life): { from: number; to: number } => ({
  from: store.replied,
  to: fetch.invoked,
});

/** Stretches of time during which some value is certainly present, in order and apart from each other. */
export class Presence {
  readonly stretches: { from: number; to: number; lives: Life[] }[] = [];

  constructor(lives: readonly Life[]) {
    const sorted = lives
      .map((life) => ({ ...presenceOf(life), life }))
      .filter(({ from, to }) => from < to)
      .sort((one, other) => one.from - other.from);
    for (const { from, to, life } of sorted) {
      const last = this.stretches.at(-1);
      if (last !== undefined && from < last.to) {
        last.to = Math.max(last.to, to);
        last.lives.push(life);
      } else this.stretches.push({ from, to, lives: [life] });
    }
  }

  /** Whether a value is present during the whole interval, so that nothing in it can find the variable empty. */
  covers({ invoked, replied }: Interval): boolean {
    let low = 0;
    let high = this.stretches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.stretches[middle]?.from ?? 0) < invoked) low = middle + 1;
      else high = middle;
    }
    const stretch = this.stretches[low - 1];
    return stretch !== undefined && replied < stretch.to;
  }
}

/** What a mode allows: whether these values and these misses (gets that found none) fit into one order. */
export type Admits = (lives: readonly Life[], misses: readonly Interval[]) => boolean;
