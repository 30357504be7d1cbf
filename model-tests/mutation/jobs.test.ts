import type { AnyStateMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import { joinPhaseMachine } from '../../src/machines/join-phase.ts';
import { shutdownMachine } from '../../src/machines/shutdown.ts';
import { sleighMachine } from '../../src/machines/sleigh.ts';
import { workerMachine } from '../../src/machines/worker.ts';
import { byForm } from '../../test/support/form.ts';
import { faultInJobs, jobs } from './jobs.ts';
import { mutantsOf } from './mutants.ts';

const JOBS = jobs(byForm(8, 20, 20));

/** Otherwise a surviving mutant would mean little. */
describe('the jobs that run against surviving mutants', () => {
  const known: readonly [chart: AnyStateMachine, mutant: string][] = [
    [workerMachine, 'registered.idle, task.asked [1]: holdForTask is dropped'],
    [workerMachine, 'registered.busy, task.asked: failTask is dropped'],
    [workerMachine, 'registered.waiting, task.offered does nothing'],
    [workerMachine, 'dead, entry: recoverWork is dropped'],
    [joinPhaseMachine, 'everywhere, registration.asked [6]: registerWorker is dropped'],
    [joinPhaseMachine, 'gathering, rank.asked [1]: giveRank is dropped'],
    [shutdownMachine, 'everywhere, worker.died: countOut is dropped'],
    [sleighMachine, 'shuttingDown, entry: refuseMasters is dropped'],
    [sleighMachine, 'shuttingDown, entry: stopSentinels is dropped'],
  ];
  for (const [chart, name] of known)
    test(`detect the mutant of ${chart.id}: ${name}`, () => {
      const mutant = [...mutantsOf(chart)].find((mutant) => mutant.name === name);
      if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
      expect(faultInJobs(chart, mutant.machine, JOBS)).toBeDefined();
    });

  test('pass with the original machines', () => {
    expect(faultInJobs(workerMachine, workerMachine, JOBS)).toBeUndefined();
  });
});
