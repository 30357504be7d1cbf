import { describe, expect, test } from 'vitest';
import { Failures } from '../../src/sleigh/failures.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import type { Entries } from '../support/simulated-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

/** A job whose dead workers' tasks get null results. */
function begin(options: Entries = {}) {
  const job = new Job(new SimulatedServer({ isStored: false }), { onDeadWorker: 'null', ...options });
  const [sleigh] = sleighsOf(job.server);
  if (sleigh === undefined) throw new Error('no job');
  return { job, sleigh, totals: () => ({ ...sleigh.work.batches.totals.overall }) };
}

describe('the totals of a job count (S13)', () => {
  test('a task once, also when its worker dies with it', () => {
    const { job, totals } = begin();
    const [first, second] = job.openCrew(2).workers;
    job.task('a');
    job.task('b');
    first?.get('fetch', 'task');
    expect(totals()).toEqual({ accepted: 2, answered: 0, failed: 0 });
    first?.leave();
    expect(totals()).toEqual({ accepted: 2, answered: 1, failed: 1 });
    second?.get('fetch', 'task');
    second?.store('result', 'done');
    expect(totals()).toEqual({ accepted: 2, answered: 2, failed: 1 });
  });

  test('each copy of a broadcast when its worker gets it, or dies before', () => {
    const { job, totals } = begin();
    const [first, second] = job.openCrew(2).workers;
    job.broadcast('a');
    expect(totals()).toEqual({ accepted: 0, answered: 0, failed: 0 });
    first?.get('fetch', 'task');
    expect(totals()).toEqual({ accepted: 1, answered: 0, failed: 0 });
    second?.leave();
    expect(totals()).toEqual({ accepted: 2, answered: 1, failed: 1 });
    first?.store('result', 'done');
    expect(totals()).toEqual({ accepted: 2, answered: 2, failed: 1 });
  });

  test('the null results of a broadcast for ranks that nobody has', () => {
    const { job, totals } = begin();
    job.sentinel(5);
    const workers = [0, 1].map((rank) => job.worker(rank));
    job.close();
    job.broadcast('a', { batchId: 'b' });
    expect(totals()).toEqual({ accepted: 3, answered: 3, failed: 3 });
    for (const worker of workers) {
      worker.get('fetch', 'task');
      worker.store('result', 'failed', { metadata: { error: '1' } });
    }
    expect(totals()).toEqual({ accepted: 5, answered: 5, failed: 5 });
    expect(job.results('b')).toHaveLength(5);
  });
});

describe('a task that has not reached its worker (S18)', () => {
  const OPTIONS = { reconnectGrace: '30', onDeadWorker: 'requeue' };

  test.each([
    ['a task', 'task', 1],
    ['a copy of a broadcast', 'broadcast', 0],
  ])('has not been tried: %s', (_what, variable, accepted) => {
    const { job, sleigh, totals } = begin(OPTIONS);
    job.sentinel(3);
    const register = () => {
      const worker = job.visitor();
      worker.store('worker_ids', '0', { metadata: { session: 'mine', doing: '0' } });
      return worker;
    };
    const attempts = (): number | undefined => sleigh.crew.worker(0).task?.attempts;
    const first = register();
    job.master.store(variable, 'a');
    first.get('fetch', 'task');
    expect([totals().accepted, attempts()]).toEqual([1, 1]);
    first.leave();
    const again = register();
    expect([totals().accepted, attempts(), job.status().running]).toEqual([accepted, undefined, 0]);
    expect(again.get('fetch', 'task').value).toBe('a');
    expect([totals(), attempts()]).toEqual([{ accepted: 1, answered: 0, failed: 0 }, 1]);
    again.store('result', 'done');
    expect([totals(), job.status()]).toEqual([
      { accepted: 1, answered: 1, failed: 0 },
      { pending: 0, running: 0 },
    ]);
  });
});

const failureOf = (time: number) => ({ time, actor: 'worker.1', event: 'x', clause: 'S13', what: 'died' });

test('a job keeps its newest failures', () => {
  const failures = new Failures();
  const kept = BOUNDS.jobFailures.value;
  for (let time = 0; time < kept; time++) failures.add(failureOf(time));
  expect(failures.newestFirst).toHaveLength(kept);
  failures.add(failureOf(kept));
  expect(failures.newestFirst).toHaveLength(kept);
  expect([failures.newestFirst[0], failures.newestFirst.at(-1)]).toEqual([failureOf(kept), failureOf(1)]);
});
