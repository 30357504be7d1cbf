import { createMachine } from 'xstate';
import { expect, test } from 'vitest';
import type { JobPolicy } from '../../src/sleigh/job-policy.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const WAIT_MS = 2_500;

/** A policy that lets a task wait once, and notes what it was told. */
function waitingOnce(facts: Readonly<Record<string, unknown>>[]): JobPolicy {
  return {
    recovery: createMachine(
      {
        id: 'test',
        initial: 'deciding',
        states: {
          deciding: {
            on: {
              'task.unfinished': [
                { guard: 'noting' },
                { target: 'waiting', actions: { type: 'wait', params: { milliseconds: WAIT_MS } } },
              ],
            },
          },
          waiting: { on: { 'wait.elapsed': { target: 'decided', actions: 'requeue' } } },
          decided: { type: 'final' },
        },
      },
      {
        guards: {
          noting: ({ event }) => {
            facts.push({ ...event });
            return false;
          },
        },
      },
    ),
  };
}

test('a task of a dead worker waits as long as the policy says, to the millisecond, and counts as queued (S30.3)', () => {
  const facts: Readonly<Record<string, unknown>>[] = [];
  const server = new SimulatedServer({ policy: waitingOnce(facts), isStored: false });
  const job = new Job(server, { onDeadWorker: 'requeue', join: 'elastic', maxAttempts: '4' });
  const [first, second] = job.openCrew(2).workers;
  const [sleigh] = sleighsOf(server);
  job.task('a', { batchId: 'b' });
  first?.get('fetch', 'task');
  second?.wait('fetch', 'task');
  first?.leave();
  expect(facts).toMatchObject([
    {
      task: 1,
      attempts: 1,
      maxAttempts: 4,
      isCopy: false,
      workerStays: false,
      onDeadWorker: 'requeue',
      rank: 0,
      metadata: { batchId: 'b' },
    },
  ]);
  const actor = (id: string) => sleigh?.recovery.unfinished.actor(id)?.id;
  expect([
    [...(sleigh?.work.tasks.waiting.numbers() ?? [])],
    actor('recovery.1'),
    actor('recovery.2'),
  ]).toEqual([[1], 'recovery.1', undefined]);
  expect(job.status('b')).toEqual({ pending: 1, running: 0 });
  server.advance(WAIT_MS - 1);
  expect(second?.isWaiting).toBe(true);
  server.advance(1);
  expect(second?.reply().value).toBe('a');
  expect([job.status('b'), actor('recovery.1')]).toEqual([{ pending: 1, running: 1 }, undefined]);
  second?.store('result', 'done');
  expect(job.status('b')).toEqual({ pending: 0, running: 0 });
});
