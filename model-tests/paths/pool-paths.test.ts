import { describe, expect, it } from 'vitest';
import { BUDGET, poolModel } from './pool/pool.ts';
import { play, walks, type PoolModel } from './pool/walk.ts';
import { workerProcessModel } from './pool/worker-process.ts';
import { byForm, isLong } from '../../test/support/form.ts';

/** The number of steps of a path of two workers with replacements: each further step multiplies the paths by six. */
const MAX_STEPS = byForm(4, 5, 8);
/** Steps of a path of one worker. */
const MAX_OF_WORKER = byForm(4, 5, Infinity);
/** Steps of a path of one worker that is replaced. */
const MAX_OF_REPLACED = byForm(8, Infinity, Infinity);
/** Paths that run at the same time: each waits for turns of the event loop. */
const AT_A_TIME = 64;

/** @returns how many paths there are */
async function playAll<Facts>(model: PoolModel<Facts>, most = Infinity): Promise<number> {
  const all = walks(model, most);
  let count = 0;
  const one = async (): Promise<void> => {
    for (const walk of all) {
      const path = walk.steps.map(({ name }) => name);
      const { effects, timers } = walk;
      expect({ path, ...(await play(model, walk)) }).toEqual({ path, effects, timers });
      count++;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, one));
  return count;
}

describe('the worker pool of a sentinel does what its machines command on every path', () => {
  const limit = isLong ? 600_000 : 60_000;

  it(
    'with one worker that is replaced (S22.8 to S22.13)',
    async () => {
      expect(await playAll(poolModel(1, BUDGET), MAX_OF_REPLACED)).toBeGreaterThan(byForm(100, 500, 500));
    },
    limit,
  );

  it(
    'with two workers that are not replaced (S22.8, S22.11 to S22.13)',
    async () => {
      expect(await playAll(poolModel(2))).toBeGreaterThan(100);
    },
    limit,
  );

  it(
    `with two workers that are replaced, up to ${MAX_STEPS} steps`,
    async () => {
      expect(await playAll(poolModel(2, BUDGET), MAX_STEPS)).toBeGreaterThan(byForm(50, 200, 200));
    },
    limit,
  );

  it(
    'of one worker, from its start to its end (S22.1 to S22.7)',
    async () => {
      expect(await playAll(workerProcessModel, MAX_OF_WORKER)).toBeGreaterThan(byForm(200, 1_000, 1_000));
    },
    limit,
  );
});
