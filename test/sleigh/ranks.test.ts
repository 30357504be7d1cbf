import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLACE } from '../../src/sleigh/null-reserve.ts';
import {
  absentRanks,
  RangesOfRanks,
  RanksNotReached,
  type RankRange,
  type Ranks,
} from '../../src/sleigh/ranks.ts';
import { COST } from '../../src/workspace/memory-budget.ts';

const LIMIT = 24;
const limits = fc.nat({ max: LIMIT });
const present = fc.uniqueArray(fc.nat({ max: LIMIT + 3 }));
const upTo = (limit: number): number[] => Array.from({ length: limit }, (_, rank) => rank);

/** @returns the ranks in the ranges, each of which must have some, and begin after the end of the one before */
function ranksIn(ranges: readonly RankRange[]): number[] | string {
  const ends = [-1, ...ranges.map(({ to }) => to)];
  const isSorted = ranges.every(({ from, to }, n) => from > (ends[n] ?? 0) && to > from);
  return isSorted
    ? ranges.flatMap(({ from, to }) => upTo(to - from).map((n) => from + n))
    : JSON.stringify(ranges);
}

const BEGINNINGS = upTo(LIMIT + 2);

/** The ranks must be those, from wherever one begins. */
function expectRanks(ranks: Ranks, expected: readonly number[]): void {
  const rests = BEGINNINGS.map((from) => expected.filter((rank) => rank >= from));
  expect(ranks.length).toBe(expected.length);
  expect(BEGINNINGS.map((from) => ranks.next(from))).toEqual(rests.map(([next]) => next));
  expect(BEGINNINGS.map((from) => ranksIn(ranks.rangesFrom(from)))).toEqual(rests);
}

const placesOf = (ranges: number): number =>
  new RangesOfRanks(upTo(ranges).map((n) => ({ from: 3 * n, to: 3 * n + 2 }))).places;

describe('the ranks that are absent', () => {
  it('are all below the limit that are not present, as ranges', () => {
    fc.assert(
      fc.property(limits, present, (limit, ranks) => {
        const ranges = absentRanks(
          limit,
          ranks.toSorted((a, b) => a - b),
        );
        const absent = upTo(limit).filter((rank) => !ranks.includes(rank));
        expect(ranksIn(ranges)).toEqual(absent);
        expectRanks(new RangesOfRanks(ranges), absent);
      }),
    );
  });

  it('need memory for each range, in units of null results (P12)', () => {
    expect([0, 1, 100, 101].map(placesOf)).toEqual(
      [0, 1, 100, 101].map((ranges) => Math.ceil((ranges * COST.range) / PLACE)),
    );
  });
});

describe('the ranks that a broadcast has not reached', () => {
  it('are those whose worker had ended when it came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 4 }), { maxLength: LIMIT }),
        fc.nat({ max: 4 }),
        (ends, broadcast) => {
          const expected = upTo(ends.length).filter((rank) => (ends[rank] ?? 0) <= broadcast);
          expectRanks(new RanksNotReached(Float64Array.from(ends), broadcast, expected.length), expected);
        },
      ),
    );
  });
});
