import type { Value } from '../workspace/value.ts';
import type { KeptEnd } from './kept-end.ts';
import type { NullReserve } from './null-reserve.ts';
import type { RankRange, Ranks } from './ranks.ts';

interface NullResultsOptions {
  readonly end?: KeptEnd | undefined;
  readonly reserve?: NullReserve | undefined;
  readonly copies?: number | undefined;
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
  /** The number of copies that they carry, if they are of a broadcast of an elastic group (S17). */
  readonly copies: number | undefined;
  readonly #make: (rank: number) => Value;
  /** The number of remaining null results. */
  #length: number;
  /** The next null result has this rank or a higher one. */
  #rank = 0;
  #keptFrom = 0;

  constructor(
    value: Value,
    ranks: Ranks,
    make: (rank: number) => Value,
    { end, reserve, copies }: NullResultsOptions = {},
  ) {
    this.value = value;
    this.copies = copies;
    this.ranks = ranks;
    this.reserve = reserve;
    this.end = end;
    this.#make = make;
    this.#length = ranks.length;
  }

  get length(): number {
    return this.#length;
  }

  /** The ranks for which they were kept. Those at the beginning may have been taken since. */
  get keptRanks(): readonly RankRange[] {
    return this.ranks.rangesFrom(this.#keptFrom);
  }
  /** Those that remain now are kept until they are taken. */
  keep(): void {
    this.#keptFrom = this.#rank;
  }
  /** The next null result has this rank or a higher one. */
  get cursor(): number {
    return this.#rank;
  }
  /** Whether some were taken since they were kept. */
  get isBegun(): boolean {
    return this.#rank > this.#keptFrom;
  }
  /** Those below that rank were taken before a restart. */
  skipTo(rank: number): void {
    this.#rank = rank;
    this.#length = this.ranks.rangesFrom(rank).reduce((sum, { from, to }) => sum + to - from, 0);
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
