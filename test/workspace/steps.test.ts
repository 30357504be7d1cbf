import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { containedSteps, eachInSteps, finish, sortedInSteps, type Steps } from '../../src/workspace/steps.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('work in steps (P14)', () => {
  test('yields after every sixteenth item', () => {
    const done: number[] = [];
    const pauses: number[] = [];
    const steps = eachInSteps(numbers(40), (n) => done.push(n));
    while (steps.next().done !== true) pauses.push(done.length);
    expect([pauses, done]).toEqual([[16, 32], numbers(40)]);
  });

  test('ends at once, and without an error, when a step fails', () => {
    const errors: unknown[] = [];
    const contain = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        errors.push(error);
      }
    };
    const steps = eachInSteps(numbers(40), (n) => {
      if (n === 20) throw new Error(`item ${n}`);
    });
    expect([...containedSteps(steps, contain)]).toHaveLength(1);
    expect(errors).toEqual([new Error('item 20')]);
  });
});

describe('sorting in steps (P14)', () => {
  interface Item {
    readonly key: number;
    readonly place: number;
  }
  const sorted = (items: readonly Item[]): Steps<readonly Item[]> =>
    sortedInSteps(items, (a, b) => a.key < b.key);

  test('gives what a stable sort gives', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 100 }), (keys) => {
        const items = keys.map((key, place) => ({ key, place }));
        expect(finish(sorted(items))).toEqual(items.toSorted((a, b) => a.key - b.key));
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    [1, 0],
    [8, 1],
    [16, 4],
    [64, 24],
  ])('%d items takes %d pauses: one for sixteen items of each round of merging', (count, pauses) => {
    expect([...sorted(numbers(count).map((key) => ({ key, place: 0 })))]).toHaveLength(pauses);
  });
});
