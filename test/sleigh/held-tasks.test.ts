import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import type { JobPolicy } from '../../src/sleigh/job-policy.ts';
import { localityByHost } from '../../src/sleigh/ready-policies.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const WAIT_MS = 2_500;
const ON_ADA = { batchId: 'a', taskHost: 'ada' };

/** A job whose workers are on these hosts. */
function begin(policy: JobPolicy, hosts: readonly string[]) {
  const server = new SimulatedServer({ policy, isStored: false });
  const job = new Job(server, { onDeadWorker: 'requeue', join: 'elastic' });
  job.sentinel(hosts.length + 1);
  const workers = hosts.map((host, rank) => job.worker(rank, { host }));
  const [sleigh] = sleighsOf(server);
  if (sleigh === undefined) throw new Error('no job');
  const timers = (): string[] =>
    [...sleigh.timers.running.keys()].filter((name) => name.startsWith('placement'));
  return { server, job, workers, placement: sleigh.work.placement, timers };
}

describe('a task that is kept for the workers of a host (S32)', () => {
  const locality = localityByHost({ waitMilliseconds: WAIT_MS });

  test('is known with its actor and its timer, until a worker gets it', () => {
    const { job, workers, placement, timers } = begin(locality, ['ada', 'bob']);
    job.task('a', ON_ADA);
    expect([[...placement.heldNumbers()], timers()]).toEqual([[1], ['placement of task 1']]);
    expect([placement.actor('placement.1')?.id, placement.actor('placement.2')]).toEqual([
      'placement.1',
      undefined,
    ]);
    workers[0]?.get('fetch', 'task');
    expect([[...placement.heldNumbers()], timers()]).toEqual([[], []]);
  });

  test('is kept as long as the host has a worker, however many have ended', () => {
    const { job, workers, timers } = begin(locality, ['ada', 'ada', 'ada', 'ada', 'bob']);
    const bob = workers[4];
    bob?.wait('fetch', 'task');
    job.task('a', ON_ADA);
    for (const worker of workers.slice(0, 3)) {
      worker.leave();
      expect([bob?.isWaiting, timers().length]).toEqual([true, 1]);
    }
    workers[3]?.leave();
    expect([bob?.reply().value, timers()]).toEqual(['a', []]);
  });

  test('may be taken by everybody after its time, to the millisecond', () => {
    const { server, job, workers, timers } = begin(locality, ['ada', 'bob']);
    workers[1]?.wait('fetch', 'task');
    job.task('a', ON_ADA);
    server.advance(WAIT_MS - 1);
    expect(workers[1]?.isWaiting).toBe(true);
    server.advance(1);
    expect([workers[1]?.reply().value, timers()]).toEqual(['a', []]);
  });

  test('is decided about with what is known of the task and of the hosts', () => {
    const facts: Readonly<Record<string, unknown>>[] = [];
    const decide = [
      { guard: 'noting' },
      {
        guard: 'mayWait',
        actions: { type: 'onHost', params: { host: 'bob', milliseconds: WAIT_MS } },
      },
      { target: 'decided', actions: 'anywhere' },
    ];
    const placement = createMachine(
      {
        id: 'test',
        initial: 'deciding',
        states: {
          deciding: {
            on: { 'task.queued': decide, 'wait.elapsed': decide, 'task.taken': { target: 'decided' } },
          },
          decided: { type: 'final' },
        },
      },
      {
        guards: {
          noting: ({ event }) => {
            facts.push({ ...event });
            return false;
          },
          mayWait: ({ event }) => event['waits'] < 2,
        },
      },
    );
    const { server, job } = begin({ placement }, ['ada', 'bob', 'ada']);
    job.task('a', ON_ADA);
    server.advance(2 * WAIT_MS);
    const known = { task: 1, attempts: 0, host: 'ada', hosts: ['ada', 'bob'], metadata: ON_ADA };
    expect(facts).toMatchObject([
      { type: 'task.queued', ...known, milliseconds: 0, waits: 0 },
      { type: 'wait.elapsed', ...known, milliseconds: WAIT_MS, waits: 1 },
      { type: 'wait.elapsed', ...known, milliseconds: 2 * WAIT_MS, waits: 2 },
    ]);
  });
});
