import Denque from 'denque';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Value } from '../workspace/value.ts';
import { COST } from '../workspace/memory-budget.ts';
import type { KeptEnd } from './kept-end.ts';
import { PLACE, type NullReserve } from './null-reserve.ts';

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
}

/**
 * The null results (S13) of one task or broadcast for a number of ranks. Each is created when it is taken, so a
 * broadcast to 100,000 unregistered ranks costs one entry.
 */
export class NullResults {
  /** The task or broadcast. Its metadata are kept until the last null result is taken. */
  readonly value: Value;
  readonly ranks: Ranks;
  /** The reserved memory; without it the memory is taken when they are kept. */
  readonly reserve: NullReserve | undefined;
  /** What their sentinel reported, which counts as well (S19). */
  readonly end: KeptEnd | undefined;
  readonly #make: (rank: number) => Value;
  /** The number of remaining null results. */
  #length: number;
  /** The next null result has this rank or a higher one. */
  #rank = 0;

  constructor(
    value: Value,
    ranks: Ranks,
    make: (rank: number) => Value,
    { end, reserve }: { end?: KeptEnd | undefined; reserve?: NullReserve | undefined } = {},
  ) {
    this.value = value;
    this.ranks = ranks;
    this.reserve = reserve;
    this.end = end;
    this.#make = make;
    this.#length = ranks.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Removes the null result of the lowest remaining rank. */
  shift(): Value | undefined {
    const rank = this.ranks.next(this.#rank);
    if (rank === undefined) return undefined;
    this.#rank = rank + 1;
    this.#length--;
    return this.#make(rank);
  }

  /** Some of the remaining ones, for display. */
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

/** The available results of one batch, oldest first, with accounting for their memory. */
export class ResultQueue {
  readonly #entries = new Denque<Value | NullResults>();
  readonly #accounting: StorageAccounting;
  #length = 0;

  constructor(accounting: StorageAccounting) {
    this.#accounting = accounting;
  }

  /** The number of results, including each one of a `NullResults`. */
  get length(): number {
    return this.#length;
  }

  add(result: Value): void {
    this.#accounting.keep(result);
    this.#entries.push(result);
    this.#length++;
  }

  addNulls(nulls: NullResults): void {
    if (nulls.length === 0) return nulls.reserve?.give(nulls.ranks.places);
    nulls.end?.keep();
    if (nulls.reserve === undefined) this.#accounting.keepNulls(nulls.value, nulls.ranks.places);
    this.#entries.push(nulls);
    this.#length += nulls.length;
  }

  /**
   * Removes the oldest result.
   * @param use called with it before its file, if any, is released
   * @returns false if there is none
   */
  take(use: (result: Value) => void): boolean {
    const entry = this.#entries.peekFront();
    const result = entry instanceof NullResults ? entry.shift() : entry;
    if (entry === undefined || result === undefined) return false;
    this.#length--;
    const isLast = !(entry instanceof NullResults) || entry.length === 0;
    if (isLast) this.#entries.shift();
    use(result);
    if (!(entry instanceof NullResults)) this.#accounting.drop(entry);
    else if (isLast) this.#dropNulls(entry);
    return true;
  }

  /** Some of them, for display. */
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

  #dropNulls({ value, ranks, reserve, end }: NullResults): void {
    end?.drop();
    if (reserve === undefined) this.#accounting.dropNulls(value, ranks.places);
    else reserve.give(ranks.places);
  }

  /** Drops entry by entry, oldest first. Yields the number of results of each. */
  *dropped(): Generator<number> {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      const length = entry instanceof NullResults ? entry.length : 1;
      this.#length -= length;
      if (entry instanceof NullResults) this.#dropNulls(entry);
      else this.#accounting.drop(entry);
      yield length;
    }
  }
}
