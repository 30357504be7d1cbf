import { describe, expect, it } from 'vitest';
import { ENDS, MARKS, Timeline, type Mark, type TaskSpan } from '../../src/sleigh/timeline.ts';
import { NO_METADATA, type Metadata } from '../../src/wire/payload.ts';

const KEPT_TASKS = 100_000;
const KEPT_MARKS = 10_000;

const elementOf = (index: number | undefined): Metadata =>
  index === undefined ? NO_METADATA : new Map([['index', String(index)]]);

/** One of many tasks that differ in everything. */
function spanOf(number: number): TaskSpan {
  const index = number % 3 === 1 ? number - 1 : undefined;
  const end = ENDS[number % ENDS.length] ?? 'done';
  return { rank: number % 7, began: 10 * number, ended: 10 * number + 5, end, index };
}

const spansOf = (from: number, to: number): TaskSpan[] =>
  Array.from({ length: to - from }, (_, at) => spanOf(from + at));

function add(timeline: Timeline, { rank, began, ended, end, index }: TaskSpan): void {
  timeline.add(rank, began, ended, end, { descriptor: 1, payload: '', metadata: elementOf(index) });
}

function timelineOf(count: number): Timeline {
  const timeline = new Timeline();
  for (let number = 0; number < count; number++) add(timeline, spanOf(number));
  return timeline;
}

const markOf = (number: number): Mark => ({
  time: 10 * number,
  rank: number % 7,
  mark: MARKS[number % MARKS.length] ?? 'died',
});
const marksOf = (from: number, to: number): Mark[] =>
  Array.from({ length: to - from }, (_, at) => markOf(from + at));

function markedTimeline(count: number): Timeline {
  const timeline = new Timeline();
  for (let number = 0; number < count; number++) {
    const { time, rank, mark } = markOf(number);
    timeline.mark(time, rank, mark);
  }
  return timeline;
}

describe('the tasks of a timeline', () => {
  it.each([0, 1, 2, 1_024, 1_025, 2_049, 5_000])('are kept as they were, when there are %i', (count) => {
    const timeline = timelineOf(count);
    expect([timeline.first, timeline.next]).toEqual([0, count]);
    expect([...timeline.tasksFrom(0)]).toEqual(spansOf(0, count));
  });

  it('are given from any number on', () => {
    const timeline = timelineOf(10);
    for (const from of [1, 9, 10, 11])
      expect([...timeline.tasksFrom(from)]).toEqual(spansOf(Math.min(from, 10), 10));
  });

  it('are the newest ones, when there were more than are kept', () => {
    const count = KEPT_TASKS + 1_234;
    const timeline = timelineOf(count);
    expect([timeline.first, timeline.next]).toEqual([1_234, count]);
    const oldest = timeline.tasksFrom(0);
    for (const expected of spansOf(1_234, 1_238)) expect(oldest.next().value).toEqual(expected);
    let left = 4;
    for (const _ of oldest) left++;
    expect(left).toBe(KEPT_TASKS);
    expect([...timeline.tasksFrom(count - 1_300)]).toEqual(spansOf(count - 1_300, count));
  });
});

describe('the marks of a timeline', () => {
  it('are given from any number on', () => {
    const timeline = markedTimeline(5);
    expect(timeline.nextMark).toBe(5);
    for (let from = 0; from <= 6; from++)
      expect(timeline.marksFrom(from)).toEqual(marksOf(Math.min(from, 5), 5));
  });

  it.each([KEPT_MARKS + 1, 2 * KEPT_MARKS + 1, 3 * KEPT_MARKS + 2])(
    'keep their numbers when old ones are forgotten, after %i',
    (count) => {
      const timeline = markedTimeline(count);
      expect(timeline.nextMark).toBe(count);
      const kept = timeline.marksFrom(0);
      expect(kept.length).toBeGreaterThanOrEqual(KEPT_MARKS);
      expect(kept.length).toBeLessThanOrEqual(2 * KEPT_MARKS);
      expect(kept.slice(0, 3)).toEqual(marksOf(count - kept.length, count - kept.length + 3));
      expect(timeline.marksFrom(count - 20)).toEqual(marksOf(count - 20, count));
      expect(timeline.marksFrom(count)).toEqual([]);
    },
  );
});
