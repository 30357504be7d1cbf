import Denque from 'denque';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Value } from '../workspace/value.ts';
import { COST } from '../workspace/memory-budget.ts';
import { PLACE, type NullReserve } from './null-reserve.ts';

/** Ranks in order: from `from` up to `to`, without that one. */
export interface RankRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The ranks below `limit` that are not present.
 * @param present ranks in rising order
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

/** Ranks in order. */
export interface Ranks {
  /** How many. */
  readonly length: number;
  /** What they cost in memory: that of as many null results. */
  readonly places: number;
  /** @returns the lowest of them from that one on */
  next(from: number): number | undefined;
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
    // The first range that does not end before it.
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.to ?? 0) <= from) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    return range && Math.max(from, range.from);
  }
}

/**
 * The ranks that a broadcast never reached. All broadcasts of a job share the table: one for each would take the memory of
 * as many ranks, and nobody could be refused for it when the group closes.
 */
export class RanksNotReached implements Ranks {
  readonly length: number;
  readonly places = 1;
  readonly #ends: Float64Array;
  readonly #broadcast: number;

  /** @param ends by rank: the number of the first broadcast that did not reach it */
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
}

/**
 * The results that say that there is none (S13), of one task or broadcast for a number of ranks. Each is made when it is
 * taken: a broadcast to 100,000 ranks that nobody registered under costs one entry.
 */
export class NullResults {
  /** What they are the results of: its metadata is held until the last of them is taken. */
  readonly value: Value;
  readonly ranks: Ranks;
  /** Where their place was taken before; else it is when they are kept. */
  readonly reserve: NullReserve | undefined;
  readonly #make: (rank: number) => Value;
  /** How many are left. */
  #length: number;
  /** The next one is of this rank, or of one above it. */
  #rank = 0;

  constructor(value: Value, ranks: Ranks, make: (rank: number) => Value, reserve?: NullReserve) {
    this.value = value;
    this.ranks = ranks;
    this.reserve = reserve;
    this.#make = make;
    this.#length = ranks.length;
  }

  get length(): number {
    return this.#length;
  }

  /** The one of the lowest rank that is left. */
  shift(): Value | undefined {
    const rank = this.ranks.next(this.#rank);
    if (rank === undefined) return undefined;
    this.#rank = rank + 1;
    this.#length--;
    return this.#make(rank);
  }

  /** Some of those that are left, to look at. */
  slice(from: number, count: number): Value[] {
    const values: Value[] = [];
    let skip = from;
    for (
      let rank = this.ranks.next(this.#rank);
      rank !== undefined && values.length < count;
      rank = this.ranks.next(rank + 1)
    )
      if (skip-- <= 0) values.push(this.#make(rank));
    return values;
  }
}

/** The results of one batch that nobody has taken, oldest first. It accounts for what it holds. */
export class ResultQueue {
  readonly #entries = new Denque<Value | NullResults>();
  readonly #holdings: StorageAccounting;
  #length = 0;

  constructor(holdings: StorageAccounting) {
    this.#holdings = holdings;
  }

  /** Results, each of a `NullResults` counted. */
  get length(): number {
    return this.#length;
  }

  add(result: Value): void {
    this.#holdings.keep(result);
    this.#entries.push(result);
    this.#length++;
  }

  addNulls(nulls: NullResults): void {
    if (nulls.length === 0) return nulls.reserve?.give(nulls.ranks.places);
    if (nulls.reserve === undefined) this.#holdings.keepNulls(nulls.value, nulls.ranks.places);
    this.#entries.push(nulls);
    this.#length += nulls.length;
  }

  /**
   * Takes out the oldest.
   * @param use is given it before its file, if it has one, is given up
   * @returns false when there is none
   */
  take(use: (result: Value) => void): boolean {
    const entry = this.#entries.peekFront();
    const result = entry instanceof NullResults ? entry.shift() : entry;
    if (entry === undefined || result === undefined) return false;
    this.#length--;
    const isLast = !(entry instanceof NullResults) || entry.length === 0;
    if (isLast) this.#entries.shift();
    use(result);
    if (!(entry instanceof NullResults)) this.#holdings.drop(entry);
    else if (isLast) this.#dropNulls(entry);
    return true;
  }

  /** Some of them, to look at. */
  slice(from: number, count: number): Value[] {
    const values: Value[] = [];
    let skip = from;
    for (let at = 0; at < this.#entries.length && values.length < count; at++) {
      const entry = this.#entries.peekAt(at);
      if (entry === undefined) break;
      const length = entry instanceof NullResults ? entry.length : 1;
      if (skip < length)
        values.push(...(entry instanceof NullResults ? entry.slice(skip, count - values.length) : [entry]));
      skip = Math.max(skip - length, 0);
    }
    return values;
  }

  #dropNulls({ value, ranks, reserve }: NullResults): void {
    if (reserve === undefined) this.#holdings.dropNulls(value, ranks.places);
    else reserve.give(ranks.places);
  }

  /** Gives up entry by entry, the oldest first. Yields how many results each was. */
  *dropped(): Generator<number> {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      const length = entry instanceof NullResults ? entry.length : 1;
      this.#length -= length;
      if (entry instanceof NullResults) this.#dropNulls(entry);
      else this.#holdings.drop(entry);
      yield length;
    }
  }
}
