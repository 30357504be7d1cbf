import { describe, expect, it } from 'vitest';
import { Durations, KEPT_DURATIONS } from '../../src/sleigh/durations.ts';

function durationsOf(...tasks: readonly number[]): Durations {
  const durations = new Durations();
  for (const milliseconds of tasks) durations.add('a', milliseconds);
  return durations;
}

describe('how long the tasks of a batch took (S31)', () => {
  it.each<[tasks: readonly number[], finished: number, median: number]>([
    [[], 0, 0],
    [[70], 1, 70],
    [[9, 100], 2, 100],
    [[100, 9, 20], 3, 20],
    [[1_000, 9, 20, 200], 4, 200],
    [[5, 4, 3, 2, 1, 30, 20, 10], 8, 5],
  ])('is told by the number of tasks and the median: %j', (tasks, finished, medianMilliseconds) => {
    expect(durationsOf(...tasks).of('a')).toEqual({ finished, medianMilliseconds });
  });

  it('concerns the newest tasks of the batch', () => {
    const old = Array.from({ length: KEPT_DURATIONS }, () => 1);
    const slower = Array.from({ length: KEPT_DURATIONS / 2 + 1 }, () => 50);
    expect(durationsOf(...old, ...slower).of('a')).toEqual({
      finished: KEPT_DURATIONS,
      medianMilliseconds: 50,
    });
    expect(durationsOf(...old).of('a').finished).toBe(KEPT_DURATIONS);
  });

  it('is known for each batch of a task in a mailbox, and looked up for the first of them (S21)', () => {
    const durations = new Durations();
    durations.add({ mailbox: 'm', batches: ['a', 'b'] }, 30);
    durations.add('b', 50);
    const both = { finished: 2, medianMilliseconds: 50 };
    const one = { finished: 1, medianMilliseconds: 30 };
    expect([durations.of('a'), durations.of('b'), durations.of(undefined)]).toEqual([
      one,
      both,
      { finished: 0, medianMilliseconds: 0 },
    ]);
    expect(durations.of({ mailbox: 'n', batches: ['b', 'a'] })).toEqual(both);
    expect(durations.of({ mailbox: 'n', batches: ['a', 'b'] })).toEqual(one);
  });

  it('is forgotten for the batches whose results are the oldest', () => {
    const durations = new Durations();
    for (let n = 0; n < 64; n++) durations.add(`b${n}`, 10);
    expect(durations.of('b0').finished).toBe(1);
    durations.add('b0', 20);
    durations.add('new', 10);
    const known = ['b0', 'b1', 'b2', 'new'].map((batch) => durations.of(batch).finished);
    expect(known).toEqual([2, 0, 1, 1]);
  });
});
