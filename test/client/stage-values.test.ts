import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LeftElement } from '../../src/client/master/left-element.ts';
import { StageValues } from '../../src/client/master/stage-values.ts';
import { failed, failureOf, type Outcome } from '../../src/client/task/outcome.ts';

/** A value at the server that counts how often it is released. */
function counted(): { readonly element: LeftElement; readonly releases: () => number } {
  let count = 0;
  const element: LeftElement = Object.create(LeftElement.prototype, {
    release: { value: () => void count++ },
  });
  return { element, releases: () => count };
}

it('each value of a stage at the server is released once, or given to the next stage (S35.5)', () => {
  const step = fc.record({
    index: fc.nat(5),
    fails: fc.boolean(),
    isWanted: fc.boolean(),
    isGiven: fc.boolean(),
    isPlain: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const stage = new StageValues();
      const elements = Array.from({ length: 6 }, counted);
      for (const [index, { element }] of elements.entries()) stage.read(index, element);
      stage.read(6, 'a plain value');
      const settled = new Set<number>();
      const results: { readonly isGiven: boolean; readonly releases: () => number }[] = [];
      for (const { index, fails, isWanted, isGiven, isPlain } of steps) {
        if (settled.has(index)) continue;
        const { element: value, releases } = counted();
        const outcome: Outcome = fails
          ? failed(index, failureOf({ code: 'threw', message: 'no' }), 0)
          : { index, worker: 0, value: isPlain ? 'plain' : value };
        stage.settled([outcome], isWanted);
        // A failed element may be called again, so its value stays.
        expect(elements[index]?.releases()).toBe(fails ? 0 : 1);
        if (fails) continue;
        settled.add(index);
        if (isPlain) continue;
        expect(releases()).toBe(isWanted ? 0 : 1);
        if (isWanted && isGiven) stage.given([outcome]);
        results.push({ isGiven: isWanted && isGiven, releases });
      }
      for (let times = 0; times < 2; times++) {
        stage.dropResults();
        stage.end();
        expect(elements.map(({ releases }) => releases())).toEqual(elements.map(() => 1));
        expect(results.map(({ releases }) => releases())).toEqual(
          results.map(({ isGiven }) => (isGiven ? 0 : 1)),
        );
      }
    }),
    { numRuns: 50 },
  );
});
