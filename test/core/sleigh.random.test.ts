import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import { byForm } from '../support/form.ts';
import { JobPlay, type Step } from '../support/job-play.ts';
import { anyStep as step } from '../support/job-steps.ts';

const rarely = fc.array(fc.constant<Step>({ do: 'end' }), { maxLength: 1 });
const steps = fc
  .tuple(fc.array(step, { minLength: 10, maxLength: 60 }), rarely, fc.array(step, { maxLength: 20 }))
  .map((parts) => parts.flat());

describe.each<DeathPolicy>(['requeue', 'null', 'shutdown'])('random jobs under the policy %s', (policy) => {
  test('keep the invariants in every state, give the replies of the oracle, and leave nothing behind', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const play = new JobPlay(policy);
        for (const step of steps) play.step(step);
        play.finish();
        play.end();
      }),
      { numRuns: byForm(policy === 'shutdown' ? 10 : 18, policy === 'shutdown' ? 40 : 120, 500) },
    );
  });
});

describe.each<DeathPolicy>(['requeue', 'null'])(
  'random jobs that are completed, under the policy %s',
  (policy) => {
    test('answer every task once, and every broadcast once for each rank below workerCount (S8, S13)', () => {
      let finished = 0;
      fc.assert(
        fc.property(fc.array(step, { minLength: 20, maxLength: 50 }), (steps) => {
          const play = new JobPlay(policy);
          for (const step of steps) if (step.do !== 'askForResult') play.step(step);
          play.finish();
          if (play.isServing && play.isClosed) {
            finished++;
            const workerCount = Number(play.job.master.read('workerCount'));
            const count = (tag: string): number => play.results.filter((result) => result.tag === tag).length;
            const tags = new Set(play.results.map(({ tag }) => tag));
            for (const tag of tags) expect(count(tag)).toBe(tag.startsWith('task') ? 1 : workerCount);
            for (const tag of play.broadcasts) expect(count(tag)).toBe(workerCount);
          }
          play.end();
        }),
        { numRuns: byForm(15, 60, 500) },
      );
      // The runs are random, and some jobs end otherwise.
      expect(finished).toBeGreaterThan(byForm(0, 5, 50));
    });
  },
);
