import { COST } from '../workspace/memory-budget.ts';
import { PLACE } from './null-reserve.ts';

/** A range of ranks: from `from` up to, but without, `to`. */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The ranks below `limit` that are not present.
 * @param present ranks in ascending order
 */
export function absentRanks(limit: number, present: Iterable<number>): RankRange[] {
  const absent: RankRange[] = [];
  let from = 0;
  for (const rank of present) {
    if (rank >= limit) break;
    if (rank > from) absent.push({ from, to: rank });
    from = rank + 1;
  }
  if (from < limit) absent.push({ from, to: limit });
  return absent;
}

/** A sorted set of ranks. */
export interface Ranks {
  /** The number of ranks. */
  readonly length: number;
  /** Their memory, in units of null results. */
  readonly places: number;
  /** @returns the lowest rank from that one on */
  next(from: number): number | undefined;
  /** @returns the ranks from that one on */
  rangesFrom(first: number): readonly RankRange[];
}

export class RangesOfRanks implements Ranks {
  readonly length: number;
  readonly #ranges: readonly RankRange[];

  constructor(ranges: readonly RankRange[]) {
    this.#ranges = ranges;
    this.length = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  get places(): number {
    return Math.ceil((this.#ranges.length * COST.range) / PLACE);
  }

  next(from: number): number | undefined {
    // Finds the first range that does not end before it.
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.to ?? 0) <= from) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    return range && Math.max(from, range.from);
  }

  rangesFrom(first: number): readonly RankRange[] {
    const left = this.#ranges.filter(({ to }) => to > first);
    return left.map(({ from, to }) => ({ from: Math.max(from, first), to }));
  }
}

/**
 * The ranks that a broadcast never reached. All broadcasts of a job share the table. A table for each broadcast would
 * need memory for all ranks when the group closes, and closing cannot be refused.
 */
export class RanksNotReached implements Ranks {
  readonly length: number;
  readonly places = 1;
  readonly #ends: Float64Array;
  readonly #broadcast: number;

  /** @param ends by rank, the number of the first broadcast that did not reach it */
  constructor(ends: Float64Array, broadcast: number, length: number) {
    this.#ends = ends;
    this.#broadcast = broadcast;
    this.length = length;
  }

  next(from: number): number | undefined {
    for (let rank = from; rank < this.#ends.length; rank++)
      if ((this.#ends[rank] ?? 0) <= this.#broadcast) return rank;
    return undefined;
  }

  rangesFrom(first: number): readonly RankRange[] {
    const ranges: { from: number; to: number }[] = [];
    for (let rank = this.next(first); rank !== undefined; rank = this.next(rank + 1)) {
      const last = ranges.at(-1);
      if (last?.to === rank) last.to++;
      else ranges.push({ from: rank, to: rank + 1 });
    }
    return ranges;
  }
}
