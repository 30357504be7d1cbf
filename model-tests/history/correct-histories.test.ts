import { describe, expect, it } from 'vitest';
import { historyText } from '../../src/verify/history/recording.ts';
import { readOperation } from '../../src/verify/history/operation.ts';
import { Random } from '../world/random.ts';
import { barrierSchedule } from './barrier-schedule.ts';
import { mustBeRight } from './must-be-right.ts';
import { Schedule } from './schedule.ts';
import { byForm } from '../../test/support/form.ts';

const SEEDS = byForm(40, 150, 20_000);
const MODES = ['fifo', 'lifo', 'single'] as const;

describe.each(MODES)('the history of a correct %s is never rejected', (mode) => {
  it('with any number of concurrent clients (V3, V4, V5, V10)', { timeout: 600_000 }, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Random(seed);
      const actors = random.whole(1, 12);
      mustBeRight(
        `seed ${seed}`,
        Schedule.run(mode, random, { requests: random.whole(5, 120), actors, isRough: false }),
      );
    }
  });

  it('when clients disconnect, the variable is deleted and the server restarts', { timeout: 600_000 }, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Random(seed);
      mustBeRight(
        `seed ${seed}`,
        Schedule.run(mode, random, { requests: random.whole(5, 200), isRough: true }),
      );
    }
  });
});

describe('the history of a correct barrier is never rejected (V12)', () => {
  it.each([
    ['of one server', 0],
    ['which other servers take over (D13)', 0.02],
  ])('%s', { timeout: 600_000 }, (_, takeovers) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new Random(seed);
      mustBeRight(`seed ${seed}`, barrierSchedule(random, random.whole(3, 60), takeovers));
    }
  });
});

it('a history is unchanged after it was written and read', () => {
  const history = Schedule.run('fifo', new Random(1), { requests: 100, isRough: true });
  expect(historyText(history).trimEnd().split('\n').map(readOperation)).toEqual(history);
});

it('a history of thousands of values is checked within seconds', () => {
  for (const mode of MODES) {
    const history = Schedule.run(mode, new Random(1), { requests: 3_000, isRough: false });
    const before = process.cpuUsage();
    mustBeRight('a long history', history);
    const { user } = process.cpuUsage(before);
    console.log(`${mode}: ${history.length} operations in ${(user / 1e6).toFixed(2)} s of processor time`);
    expect(user).toBeLessThan(10e6);
  }
});
