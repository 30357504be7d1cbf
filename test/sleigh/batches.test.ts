import { describe, expect, it } from 'vitest';
import { Batches } from '../../src/sleigh/batches.ts';
import { NOT_RECORDED } from '../../src/sleigh/job-changes.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { PURGED } from '../../src/workspace/refusal.ts';
import type { Steps } from '../../src/workspace/steps.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';

const BATCHES = 1_000;

function countSteps(steps: Steps): number {
  let count = 0;
  for (const _ of steps) count++;
  return count;
}

describe('many batches without waiting clients and results', () => {
  it.each<[what: string, passes: number, steps: (batches: Batches) => Steps]>([
    ['refusing waiting clients', 2, (batches) => batches.refuseWaiting(PURGED)],
    ['giving up the results', 3, (batches) => batches.clear()],
  ])('are traversed in steps each time: %s (P14)', (_what, passes, steps) => {
    const batches = new Batches(
      new StorageAccounting(new ServerAccounting(DEFAULT_LIMITS, () => undefined)),
      NOT_RECORDED,
    );
    for (let n = 0; n < BATCHES; n++) batches.queue(`b${n}`);
    expect(countSteps(steps(batches))).toBeGreaterThanOrEqual(Math.floor((passes * BATCHES) / 17));
  });
});
