import { describe, expect, it } from 'vitest';
import {
  marksOf,
  ownershipsOf,
  periodOf,
  shareOf,
  type LocatedTakeover,
} from '../../src/page/lib/ownership.ts';

// Who owned a partition when, as the page draws it.

const taken = (
  time: number,
  from: string | null,
  to: string,
  leaseOver: number | null = null,
): LocatedTakeover => ({
  partition: 0,
  time,
  epoch: 1,
  from,
  to,
  reason: from === null ? 'first' : leaseOver === null ? 'released' : 'lease over',
  leaseOver,
});

const period = { from: 1_000, to: 2_000 };

describe('the owners of a partition', () => {
  it('are one after the other, from the beginning of the period to now', () => {
    expect(ownershipsOf([taken(1_600, 'a', 'b'), taken(500, null, 'a')], period, undefined)).toEqual([
      { owner: 'a', from: 1_000, to: 1_600 },
      { owner: 'b', from: 1_600, to: 2_000 },
    ]);
  });

  it('include nobody between the end of a lease and the takeover', () => {
    expect(ownershipsOf([taken(1_600, 'a', 'b', 100), taken(500, null, 'a')], period, undefined)).toEqual([
      { owner: 'a', from: 1_000, to: 1_500 },
      { owner: null, from: 1_500, to: 1_600 },
      { owner: 'b', from: 1_600, to: 2_000 },
    ]);
  });

  it('include nobody before the first owner, and after the last one', () => {
    expect(ownershipsOf([taken(1_200, null, 'a')], period, 1_700)).toEqual([
      { owner: null, from: 1_000, to: 1_200 },
      { owner: 'a', from: 1_200, to: 1_700 },
      { owner: null, from: 1_700, to: 2_000 },
    ]);
    expect(ownershipsOf([], period, undefined)).toEqual([{ owner: null, from: 1_000, to: 2_000 }]);
  });

  it('are known before the oldest takeover that the store has kept', () => {
    expect(ownershipsOf([taken(1_200, 'c', 'a')], period, undefined)[0]).toEqual({
      owner: 'c',
      from: 1_000,
      to: 1_200,
    });
  });

  it('never overlap, even if a lease was over for longer than its owner had the partition', () => {
    const parts = ownershipsOf(
      [taken(1_500, 'b', 'c', 400), taken(1_400, 'a', 'b'), taken(500, null, 'a')],
      period,
      undefined,
    );
    for (const [i, part] of parts.entries()) expect(part.from).toBe(parts[i - 1]?.to ?? 1_000);
    expect(parts.map(({ owner }) => owner)).toEqual(['a', null, 'c']);
  });
});

it('a period without a length contains every takeover, and is a minute at least', () => {
  const all = periodOf(undefined, [taken(90_000, 'a', 'b'), taken(10_000, null, 'a')], 100_000);
  expect(all.to).toBe(100_000);
  expect(all.from).toBeLessThan(10_000);
  expect(periodOf(undefined, [], 100_000)).toEqual({ from: 40_000, to: 100_000 });
  expect(periodOf(5_000, [], 100_000)).toEqual({ from: 95_000, to: 100_000 });
});

it('the axis has round times, as many as have a place', () => {
  const hour = { from: Date.UTC(2026, 10, 29, 22, 7, 13), to: Date.UTC(2026, 10, 29, 23, 7, 13) };
  const marks = marksOf(hour, 6);
  expect(marks).toHaveLength(6);
  for (const mark of marks) {
    expect(new Date(mark).getUTCMinutes() % 10).toBe(0);
    expect(shareOf(mark, hour)).toBeGreaterThanOrEqual(0);
    expect(shareOf(mark, hour)).toBeLessThanOrEqual(100);
  }
});
