import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import { expectInvariants, sleighsOf } from '../support/invariants.ts';
import { JobPlay, type Step } from '../support/job-play.ts';
import { anyStep } from '../support/job-steps.ts';
import { miscounted } from '../support/memory-held.ts';
import { byForm } from '../support/form.ts';
import { Job } from '../support/job.ts';
import { openField } from '../support/open-fields.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { BoundedRegistry } from '../../src/sleigh/bounded-registry.ts';
import { differences, withoutNewIds } from '../support/projection.ts';

/**
 * Where connections close one after another, a client that still waits may take a null result of a worker that has closed
 * before. After a crash nobody waits.
 */
const withoutWaiting = (step: Step): Step => (step.do === 'askForResult' ? { ...step, waits: false } : step);

const OPTIONS = [{}, { reconnectGrace: '20' }] as const;

describe.each<DeathPolicy>(['requeue', 'null', 'shutdown'])('a job whose server crashes, %s', (policy) => {
  test('is what it was, and then every connection has closed; recovering twice equals once', () => {
    fc.assert(
      fc.property(
        fc.array(anyStep.map(withoutWaiting), { minLength: 5, maxLength: 40 }),
        fc.constantFrom(...OPTIONS),
        (steps, options) => {
          const play = new JobPlay(policy, { persistent: true, options });
          for (const step of steps) play.step(step);
          const { server } = play;
          const before = server.stored;
          const restarted = server.crash();
          expectInvariants(restarted);
          expect(miscounted(restarted.core)).toEqual([]);
          expect(differences(restarted.recovered, restarted.stored)).toEqual([]);
          server.disconnectAll();
          expect(
            differences(withoutNewIds(restarted.stored, before), withoutNewIds(server.stored, before)),
          ).toEqual([]);
          expect(sleighsOf(restarted)).toHaveLength(1);
        },
      ),
      { numRuns: byForm(15, 60, 500) },
    );
  });
});

/** The numbers of the workers and sentinels that count as ended, oldest first. */
function endedIn(server: SimulatedServer): unknown[] {
  const [sleigh] = sleighsOf(server);
  if (sleigh === undefined) throw new Error('there is no job');
  const endedOf = (what: string): Set<unknown> =>
    openField(openField(sleigh.crew, what, BoundedRegistry), 'ended', Set);
  return [Array.from(endedOf('workers')), Array.from(endedOf('sentinels'))];
}

test('an elastic group knows after a crash who had ended, and then who has ended with its connection (S17)', () => {
  const server = new SimulatedServer();
  const job = new Job(server, { join: 'elastic', onDeadWorker: 'requeue' });
  const sentinels = [1, 2, 1].map((ranks) => job.sentinel(ranks));
  const workers = [0, 1, 2].map((rank) => job.worker(rank));
  workers[1]?.leave();
  sentinels[2]?.leave();
  const before = endedIn(server);
  expect(before).toEqual([[1, 3], [2]]);
  const restarted = server.crash();
  expect(endedIn(restarted)).toEqual([
    [1, 3, 0, 2],
    [2, 0, 1],
  ]);
  restarted.end();
});
