import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import type { DeathPolicy } from '../../src/machines/shutdown.ts';
import { BOUND, makeJobMachines, type JobMachines } from '../../src/sleigh/job-machines.ts';
import { BATCHES, JobPlay, type Step } from '../../test/support/job-play.ts';

const POLICIES: readonly DeathPolicy[] = ['requeue', 'null', 'shutdown'];

const who = fc.nat({ max: 5 });
const waits = fc.boolean();
const batch = fc.constantFrom(...BATCHES);
const size = fc.constantFrom(0, 7_000);

const step = fc.oneof<fc.MaybeWeightedArbitrary<Step>[]>(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hire'), ranks: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('register'), who }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('askForTask'), who, waits }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('storeResult'), who }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('storeTask'), batch, size }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('storeBroadcast'), batch, size }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('askForResult'), who, batch, waits }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('askAlive'), who }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('askStatus', 'waitForWorkers'), delay: fc.nat({ max: 50 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('setMaximum'), spare: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'fireTimer' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('vanish'),
      party: fc.constantFrom('worker', 'worker', 'sentinel', 'master'),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reportDeath'), who }) },
);
const end = fc.array(fc.constant<Step>({ do: 'end' }), { maxLength: 1 });
const job = fc
  .tuple(
    fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
    end,
    fc.array(step, { maxLength: 15 }),
  )
  .map((parts) => parts.flat());

/** The same random jobs each time. */
export const jobs = (count: number): Step[][] => fc.sample(job, { seed: 7, numRuns: count });

/**
 * Runs whole jobs on a server with one mutated machine.
 * @returns the violations, found by clients and by the invariants of a job
 */
export function faultInJobs(
  chart: AnyStateMachine,
  mutant: AnyStateMachine,
  jobs: readonly Step[][],
): string | undefined {
  const machines = machinesWith(chart, mutant);
  if (machines === undefined) return undefined;
  for (const [n, steps] of jobs.entries())
    for (const policy of POLICIES)
      try {
        const play = new JobPlay(policy, { machines });
        for (const step of steps) play.step(step);
        play.finish();
        play.end();
      } catch (error) {
        return `job ${n}, policy ${policy}: ${String(error)}`;
      }
  return undefined;
}

/** @returns the machines of a job, one of which is a mutant that commands what the right one does; undefined when no job has it */
function machinesWith(chart: AnyStateMachine, mutant: AnyStateMachine): JobMachines | undefined {
  const [name, bound] = Object.entries<AnyStateMachine>(BOUND).find(([, { id }]) => id === chart.id) ?? [];
  if (name === undefined || bound === undefined) return undefined;
  const commands = Object.entries(bound.implementations.actions).filter(([action]) => {
    const own: unknown = chart.implementations.actions[action];
    return typeof own === 'function' && 'isUnbound' in own;
  });
  const faulty = mutant.provide({ actions: Object.fromEntries(commands) });
  return makeJobMachines({ isTraced: false }, { [name]: faulty });
}
