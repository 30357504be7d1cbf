import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Balance, planFor } from '../../src/cluster/balance.ts';
import { byForm } from '../support/form.ts';
import { SimulatedStore } from './simulated-balance.ts';

// Which of several servers owns how many partitions (D19).

const placed = (text: string): (string | undefined)[] =>
  Array.from(text, (name) => (name === '-' ? undefined : name));
const live = new Set(['a', 'b', 'c']);

describe('the plan of a server (D19)', () => {
  it.each([
    ['--------', 'a', [0, 3, 6], undefined],
    ['--------', 'b', [1, 4, 7], undefined],
    ['--------', 'c', [2, 5], undefined],
    // Those with the fewest come first.
    ['aaab----', 'c', [4, 6], undefined],
    ['aaab----', 'b', [5, 7], undefined],
    ['aaab----', 'a', [], undefined],
    // One gives up its last one, and only one.
    ['aaaabbbb', 'a', [], 3],
    ['aaaabbbb', 'b', [], undefined],
    ['aaaabbbb', 'c', [], undefined],
    ['aabbbbcc', 'b', [], 5],
    ['aaabbbcc', 'a', [], undefined],
    // Not while a partition has no owner, and not for a server that does not run.
    ['aaaabbb-', 'a', [], undefined],
    ['aaaabbbd', 'a', [], 3],
    ['bbbbbddd', 'a', [], undefined],
  ])('%s, as %s sees it: it claims %j, and gives up %s', (owners, self, claims, surplus) => {
    const plan = planFor(self, { owners: placed(owners), live });
    expect({ claims: [...plan.claims], surplus: plan.surplus }).toEqual({ claims, surplus });
  });

  it.each([
    // Servers that could not use a partition leave it to the others, and go on without it if there are none (D23).
    ['aab-cc', { 3: 'b' }, 'b', [], undefined],
    ['aab-cc', { 3: 'b' }, 'a', [3], undefined],
    ['aab-cc', { 3: 'ab' }, 'c', [3], undefined],
    ['aaaab-', { 5: 'abc' }, 'a', [], 3],
    ['aaaab-', { 5: 'bc' }, 'a', [5], undefined],
    // One that a server could not use is not given to it.
    ['aaaabb', { 3: 'c' }, 'a', [], 2],
    ['aaaabb', { 0: 'c', 1: 'c', 2: 'c', 3: 'c' }, 'a', [], undefined],
  ])(
    '%s, of which nobody of %j claims some, as %s sees it: it claims %j, and gives up %s',
    (owners, rest, self, claims, surplus) => {
      const resting = new Map(
        Object.entries(rest).map(([partition, names]) => [Number(partition), new Set(names)]),
      );
      const plan = planFor(self, { owners: placed(owners), live, resting });
      expect({ claims: [...plan.claims], surplus: plan.surplus }).toEqual({ claims, surplus });
      const patient = new Balance(self, 100);
      const all = { owners: placed(owners), live, resting };
      patient.plan(all, 0);
      for (const claimed of patient.plan(all, 1_000).claims)
        expect(resting.get(claimed)?.has(self)).not.toBe(true);
    },
  );

  it('has a partition that nobody has claimed for a while, and not one that had an owner meanwhile', () => {
    const balance = new Balance('b', 100);
    const claimsAt = (owners: string, now: number): number[] => [
      ...balance.plan({ owners: placed(owners), live }, now).claims,
    ];
    expect(claimsAt('-bb', 0)).toEqual([]);
    expect(claimsAt('-bb', 100)).toEqual([]);
    expect(claimsAt('-bb', 101)).toEqual([0]);
    expect(claimsAt('cbb', 102)).toEqual([]);
    expect(claimsAt('-bb', 103)).toEqual([]);
  });
});

const NAMES = ['a', 'b', 'c', 'd'] as const;
const moment = fc.record({
  afterMs: fc.integer({ min: 0, max: 30_000 }),
  name: fc.constantFrom(...NAMES),
  what: fc.constantFrom('start' as const, 'kill' as const, 'stop' as const),
});

describe('servers that share partitions (D19)', () => {
  it('come to equal shares whatever happens, then move nothing, and leave no partition alone for long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(moment, { maxLength: 12 }),
        fc.integer(),
        (partitions, moments, seed) => {
          const store = new SimulatedStore(partitions, seed);
          store.start('a');
          for (const { afterMs, name, what } of moments) {
            store.run(afterMs);
            store[what](name);
          }
          if (store.running.length === 0) store.start('a');
          store.run(store.settlingMs);
          const shares = store.shares();
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBe(partitions);
          const { moves } = store;
          store.run(60_000);
          expect(store.moves).toBe(moves);
          expect(store.longestUnownedMs).toBeLessThanOrEqual(store.toleratedMs);
        },
      ),
      { numRuns: byForm(15, 300, 5_000), seed: 1 },
    );
  });
});
