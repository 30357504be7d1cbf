import { describe, expect, it } from 'vitest';
import { BatchOutcomes } from '../../src/client/master/batch-outcomes.ts';
import { failed, failureOf, type Outcome } from '../../src/client/task/outcome.ts';
import { chunkPart, type ChunkPart } from '../../src/client/values/chunk.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';

// What becomes of the outcomes of a batch when failed elements are called again (S24.6).

const value = (index: number): Outcome => ({ index, worker: 0, value: index });
const failure = (index: number, attempt = 1): Outcome =>
  failed(index, failureOf({ code: 'threw', message: 'no' }), 0, attempt);
const part = (text: unknown = 'x'): ChunkPart => chunkPart({ value: text }, 'element', 'not-sent');

/** The elements 0 to 4 with one task, of which 1 and 3 have failed. */
function someFailed(isOrdered: boolean, keepsAll: boolean): BatchOutcomes {
  const outcomes = new BatchOutcomes(isOrdered);
  outcomes.keepsAll = keepsAll;
  const five = [value(0), failure(1), value(2), failure(3, 4), value(4)];
  outcomes.add(
    0,
    five,
    five.map(() => part()),
  );
  return outcomes;
}
const taken = (outcomes: BatchOutcomes): number[] => {
  const indexes: number[] = [];
  for (let due = outcomes.next(); due !== undefined; due = outcomes.next())
    indexes.push(...due.map(({ index }) => index));
  return indexes;
};

describe('a failed element that is called again before its outcome was taken', () => {
  it('has no outcome until the call ends, and those behind it wait if they are ordered', () => {
    const outcomes = someFailed(true, false);
    expect(outcomes.withdraw(3)).toMatchObject({ attempt: 4 });
    expect(taken(outcomes)).toEqual([0, 1, 2]);
    outcomes.add(3, [value(3)], [part()]);
    expect(taken(outcomes)).toEqual([3, 4]);
  });

  it('does not delay the others if they are not ordered', () => {
    const outcomes = someFailed(false, false);
    expect(outcomes.withdraw(1)).toBeDefined();
    expect(taken(outcomes)).toEqual([0, 2, 3, 4]);
    outcomes.add(1, [value(1)], [part()]);
    expect(taken(outcomes)).toEqual([1]);
  });
});

it.each([
  ['the first', 0, [failure(0), value(1)], [1]],
  ['the last', 1, [value(0), failure(1)], [0]],
])('a failed element that is %s of its task leaves no outcomes behind it', (_which, index, both, rest) => {
  const outcomes = new BatchOutcomes(false);
  outcomes.add(0, both, [part(), part()]);
  expect([outcomes.withdraw(index)?.attempt, outcomes.waiting, taken(outcomes)]).toEqual([1, 1, rest]);
});

describe('a failed element whose outcome was taken', () => {
  it('is withdrawn without the other ones that replace an outcome', () => {
    const outcomes = someFailed(true, true);
    expect(taken(outcomes)).toEqual([0, 1, 2, 3, 4]);
    for (const index of [1, 3]) {
      outcomes.withdraw(index);
      outcomes.add(index, [failure(index, 5)], [part()]);
    }
    expect([outcomes.withdraw(1)?.attempt, taken(outcomes)]).toEqual([5, [3]]);
  });

  it('is not called again if the caller has it for good', () => {
    const outcomes = someFailed(true, false);
    expect(taken(outcomes)).toEqual([0, 1, 2, 3, 4]);
    expect([outcomes.withdraw(1), outcomes.withdraw(3)]).toEqual([undefined, undefined]);
  });

  it.each([true, false])(
    'has another outcome, as often as it is asked for, if the caller keeps all (ordered: %s)',
    (isOrdered) => {
      const outcomes = someFailed(isOrdered, true);
      expect(taken(outcomes)).toEqual([0, 1, 2, 3, 4]);
      expect(outcomes.withdraw(1)).toMatchObject({ attempt: 1 });
      // It is under way, so it is not sent twice.
      expect(outcomes.withdraw(1)).toBeUndefined();
      outcomes.add(1, [failure(1, 2)], [part()]);
      // Its second failure is withdrawn before it was taken.
      expect(outcomes.withdraw(1)).toMatchObject({ attempt: 2 });
      expect(taken(outcomes)).toEqual([]);
      outcomes.add(1, [failure(1, 3)], [part()]);
      expect(taken(outcomes)).toEqual([1]);
      expect(outcomes.withdraw(1)).toMatchObject({ attempt: 3 });
      outcomes.add(1, [value(1)], [part()]);
      expect(outcomes.next()).toEqual([value(1)]);
      outcomes.add(5, [value(5)], [part()]);
      expect(taken(outcomes)).toEqual([5]);
    },
  );
});

describe('the failed elements that can be called again', () => {
  it('are the newest 1,000', () => {
    const outcomes = new BatchOutcomes(false);
    const most = BOUNDS.reportedFailures.value;
    for (let index = 0; index <= most; index++) outcomes.add(index, [failure(index)], [part()]);
    expect([outcomes.withdraw(0), outcomes.withdraw(most)]).toEqual([undefined, expect.anything()]);
    expect(taken(outcomes)).toHaveLength(most);
  });

  it('are 16 MiB at most', () => {
    const outcomes = new BatchOutcomes(false);
    const half = 'x'.repeat(BOUNDS.retryableBytes.value / 2);
    for (let index = 0; index < 2; index++) outcomes.add(index, [failure(index)], [part(half)]);
    outcomes.add(2, [failure(2)], [part('y')]);
    expect(outcomes.withdraw(0)).toBeUndefined();
    expect(outcomes.withdraw(1)).toBeDefined();
    // What was taken back makes room.
    outcomes.add(3, [failure(3)], [part(half)]);
    expect([outcomes.withdraw(2), outcomes.withdraw(3)]).toEqual([expect.anything(), expect.anything()]);
  });

  it('are all if they are exactly 1,000, or exactly 16 MiB', () => {
    const outcomes = new BatchOutcomes(false);
    const most = BOUNDS.reportedFailures.value;
    for (let index = 0; index < most; index++) outcomes.add(index, [failure(index)], [part()]);
    expect(outcomes.withdraw(0)).toBeDefined();
    const large = new BatchOutcomes(false);
    large.add(0, [failure(0)], [part('x'.repeat(BOUNDS.retryableBytes.value))]);
    expect(large.withdraw(0)).toBeDefined();
  });

  it('are forgotten with all outcomes, and leave room for others', () => {
    const outcomes = someFailed(true, true);
    expect(taken(outcomes)).toHaveLength(5);
    expect(outcomes.withdraw(1)).toBeDefined();
    outcomes.add(1, [failure(1)], [part()]);
    outcomes.add(5, [failure(5)], [part()]);
    outcomes.clear();
    expect([outcomes.next(), outcomes.waiting, outcomes.withdraw(1), outcomes.withdraw(5)]).toEqual([
      undefined,
      0,
      undefined,
      undefined,
    ]);
    outcomes.add(6, [failure(6)], [part('x'.repeat(BOUNDS.retryableBytes.value))]);
    expect(outcomes.withdraw(6)).toBeDefined();
  });

  it('are none when the batch is over, or an element was never sent', () => {
    const outcomes = someFailed(true, true);
    outcomes.add(5, [failure(5)], []);
    expect(outcomes.withdraw(5)).toBeUndefined();
    outcomes.close();
    expect(outcomes.withdraw(1)).toBeUndefined();
    expect(taken(outcomes)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
