import Denque from 'denque';
import type { Holdings } from '../workspace/holdings.ts';
import type { Value } from '../workspace/value.ts';

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

export const countRanks = (ranges: readonly RankRange[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from, 0);

/**
 * The results that say that there is none (S13), of one task or broadcast for a number of ranks. Each is made when it is
 * taken: a broadcast to 100,000 ranks that nobody registered under costs one entry.
 */
export class NullResults {
  /** What they are the results of: its metadata is held until the last of them is taken. */
  readonly value: Value;
  readonly ranges: readonly RankRange[];
  readonly #make: (rank: number) => Value;
  /** How many are left. */
  #length: number;
  /** The range that the next one is in, and its rank. */
  #range = 0;
  #rank: number;

  constructor(value: Value, ranges: readonly RankRange[], make: (rank: number) => Value) {
    this.value = value;
    this.ranges = ranges;
    this.#make = make;
    this.#length = countRanks(ranges);
    this.#rank = ranges[0]?.from ?? 0;
  }

  get length(): number {
    return this.#length;
  }

  /** The one of the lowest rank that is left. */
  shift(): Value | undefined {
    const range = this.ranges[this.#range];
    if (range === undefined) return undefined;
    const result = this.#make(this.#rank++);
    this.#length--;
    if (this.#rank === range.to) this.#rank = this.ranges[++this.#range]?.from ?? 0;
    return result;
  }

  /** Some of those that are left, to look at. */
  slice(from: number, count: number): Value[] {
    const values: Value[] = [];
    let skip = from;
    for (let at = this.#range; at < this.ranges.length && values.length < count; at++) {
      const { from: first = 0, to = 0 } = this.ranges[at] ?? {};
      const begin = at === this.#range ? this.#rank : first;
      for (let rank = begin + skip; rank < to && values.length < count; rank++) values.push(this.#make(rank));
      skip = Math.max(skip - (to - begin), 0);
    }
    return values;
  }
}

/** The results of one batch that nobody has taken, oldest first. It accounts for what it holds. */
export class ResultQueue {
  readonly #entries = new Denque<Value | NullResults>();
  readonly #holdings: Holdings;
  #length = 0;

  constructor(holdings: Holdings) {
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
    if (nulls.length === 0) return;
    this.#holdings.keepNulls(nulls.value, nulls.ranges.length);
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
    else if (isLast) this.#holdings.dropNulls(entry.value, entry.ranges.length);
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

  /** Gives up entry by entry, the oldest first. Yields how many results each was. */
  *dropped(): Generator<number> {
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      const length = entry instanceof NullResults ? entry.length : 1;
      this.#length -= length;
      if (entry instanceof NullResults) this.#holdings.dropNulls(entry.value, entry.ranges.length);
      else this.#holdings.drop(entry);
      yield length;
    }
  }
}
