import { describe, expect, it } from 'vitest';
import { checkHistory } from '../../src/verify/history/check.ts';
import { Random } from '../world/random.ts';
import { barrierSchedule } from './barrier-schedule.ts';
import { MUTATIONS } from './mutations.ts';
import { Schedule } from './schedule.ts';
import { isLong } from '../../test/support/form.ts';
import { operationAt } from './operation-at.ts';

const SEEDS = isLong ? 2_000 : 25;

for (const { what, modes, clauses, apply } of MUTATIONS)
  describe(`detected in every history in which it is planted: ${what}`, () => {
    it.each(modes)('of a %s', (mode) => {
      let planted = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = new Random(seed);
        const history = Schedule.run(mode, random, { requests: 60, isRough: false });
        const wrong = apply(history, random);
        if (wrong === undefined) continue;
        planted++;
        const [violation] = checkHistory(wrong).violations;
        expect(violation, `seed ${seed}`).toBeDefined();
        expect(clauses).toEqual(
          expect.arrayContaining([...(violation?.clauses ?? [])].filter((one) => one !== 'V3')),
        );
        // It shows what is wrong by few operations.
        expect(violation?.operations.length, JSON.stringify(violation, null, 1)).toBeLessThanOrEqual(12);
      }
      expect(planted).toBeGreaterThan(SEEDS / 4);
    });
  });

describe('at a barrier', () => {
  it('a member that is released early is detected (V12)', () => {
    const history = barrierSchedule(new Random(1), 0);
    const [violation] = checkHistory([
      ...history,
      operationAt(1, 'a', 'store'),
      operationAt(3, 'b', 'store'),
      operationAt(5, 'a', 'find', '2'),
      operationAt(7, 'b', 'find', '2'),
    ]).violations;
    expect(violation).toMatchObject({
      clauses: ['V12'],
      what: 'a was released while b had joined and did not wait',
    });
  });

  it('a wrong number of members is detected in every history (V12)', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const history = barrierSchedule(new Random(seed), 40);
      const find = history.findIndex((one) => one.verb === 'find' && one.reply !== undefined);
      const found = history[find];
      if (found === undefined) continue;
      const wrong = history.with(find, { ...found, reply: { status: '0000', value: '7' } });
      expect(checkHistory(wrong).violations).toMatchObject([{ clauses: ['V12'] }]);
    }
  });
});

describe('values that are stored more than once', () => {
  it('are counted, and the report states that their order was not checked', () => {
    const history = [
      operationAt(2, 'a', 'store', 'x'),
      operationAt(4, 'a', 'store', 'x'),
      operationAt(6, 'a', 'fetch', 'x'),
      operationAt(8, 'a', 'fetch', 'x'),
    ];
    const { undecided, violations } = checkHistory(history);
    expect(violations).toEqual([]);
    expect(undecided).toEqual(['"v" of "w": "x" was stored more than once, so values were only counted']);
    expect(checkHistory([...history, operationAt(10, 'a', 'fetch', 'x')]).violations).toMatchObject([
      { clauses: ['V4'], what: '"x" was stored 2 times and fetched 3 times' },
    ]);
  });
});
