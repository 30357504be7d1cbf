import { describe, expect, it } from 'vitest';
import { moved, ticks, TimelineData, zoomed } from '../../src/page/lib/timeline-data.ts';
import type { TimelineView } from '../../src/views/timeline-types.ts';

const part = (
  from: number,
  spans: readonly [rank: number, began: number, ended: number][],
  total: number,
): TimelineView => ({
  sleigh: { name: 'job', title: 'job' },
  now: 5_000,
  base: 1_000,
  tasks: {
    from,
    next: from + spans.length,
    total,
    ranks: spans.map(([rank]) => rank),
    began: spans.map(([, began]) => began),
    ended: spans.map(([, , ended]) => ended),
    end: spans.map(() => 0),
    indexes: spans.map((_, i) => from + i),
  },
  ends: ['done', 'failed'],
  running: [[1, 3_000]],
  marks: { next: 1, items: from === 0 ? [[0, 1, 'joined']] : [] },
});

describe('the data of a timeline', () => {
  it('are put together from parts, and find the task at a place', () => {
    const data = new TimelineData();
    expect(
      data.take(
        part(
          0,
          [
            [1, 0, 10],
            [0, 5, 20],
          ],
          3,
        ),
        0,
      ),
    ).toBe(true);
    expect(data.take(part(2, [[1, 30, 40]], 3), 0)).toBe(false);
    expect(data.rows.map(({ rank, began }) => [rank, began])).toEqual([
      [0, [5]],
      [1, [0, 30]],
    ]);
    const [, row] = data.rows;
    if (row === undefined) throw new Error('no row');
    expect(data.taskAt(row, 35, 0)).toEqual({ rank: 1, began: 30, ended: 40, end: 'done', index: 2 });
    expect(data.taskAt(row, 20, 0)).toBeUndefined();
    expect(data.taskAt(row, 20, 12)).toMatchObject({ began: 0 });
    expect(data.taskAt(row, 3_500, 0)).toMatchObject({ began: 3_000, end: 'running' });
  });

  it('begin anew when the job does', () => {
    const data = new TimelineData();
    data.take(part(0, [[1, 0, 10]], 1), 0);
    data.take({ ...part(0, [[4, 0, 10]], 1), base: 2_000, running: [] }, 0);
    expect(data.rows.map(({ rank }) => rank)).toEqual([1, 4]);
    expect(data.rows[1]?.began).toEqual([0]);
  });
});

describe('what a timeline shows', () => {
  it('is zoomed around a time, and moved', () => {
    expect(zoomed({ from: 0, to: 100 }, 0.5, 20)).toEqual({ from: 10, to: 60 });
    const close = zoomed({ from: 0, to: 10 }, 0.001, 5);
    expect(close.to - close.from).toBe(20);
    expect(moved({ from: 0, to: 10 }, 5)).toEqual({ from: 5, to: 15 });
  });

  it('has few times on its axis, at round times of the clock', () => {
    for (const length of [30, 1_000, 65_000, 3_600_000, 90 * 86_400_000]) {
      const base = 1_700_000_000_123;
      const { times, step } = ticks({ from: 0, to: length }, base, 8);
      expect(times.length).toBeLessThanOrEqual(9);
      expect(times.length).toBeGreaterThan(1);
      for (const time of times) expect((base + time) % step).toBe(0);
    }
  });
});
