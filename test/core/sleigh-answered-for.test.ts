import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';
import { SESSION, Supervised, supervised } from './supervised.ts';

const register = (who: Visitor, rank: string, session: string) =>
  who.store('worker_ids', rank, { metadata: { session } });

/** The ranks of the null results of a batch. */
const nullsOf = (job: Job, batchId: string): (string | undefined)[] =>
  job
    .results(batchId)
    .filter(({ metadata }) => metadata['nwsNull'] === '1')
    .map(({ metadata }) => metadata['nwsWorkerRank']);

describe('a broadcast to a rank that is absent (S13, S19)', () => {
  test(
    'is answered for it under shutdown only if its sentinel supervises its workers',
    simulated((server) => {
      const job = new Job(server, { onDeadWorker: 'shutdown', rankCount: '5' });
      const supervisor = job.visitor();
      for (let n = 0; n < 2; n++) supervisor.get('fetch', 'worker_ids', { metadata: { session: SESSION } });
      job.sentinel(2);
      job.worker(0);
      job.worker(2);
      job.broadcast('before the close', { batchId: 'a' });
      job.close();
      job.broadcast('after the close', { batchId: 'b' });
      expect([nullsOf(job, 'a'), nullsOf(job, 'b')]).toEqual([['1'], ['1']]);
    }),
  );

  test(
    'is answered for the ranks that are absent when it is stored, whoever was before',
    supervised(
      { ranks: 3, registered: 3 },
      (at) => {
        const { job } = at;
        at.report(0);
        at.askToReplace(0);
        job.broadcast('first', { batchId: 'a' });
        expect(nullsOf(job, 'a')).toEqual(['0']);
        at.report(1);
        job.worker(0);
        job.broadcast('second', { batchId: 'b' });
        expect(nullsOf(job, 'b')).toEqual(['1']);
      },
      { onDeadWorker: 'null' },
    ),
  );
});

test(
  'a worker that is lost may come back for as long as its job allows, also if its sentinel may report sooner (S18, S19)',
  simulated((server) => {
    const grace = 10 * BOUNDS.reportSeconds.value;
    const at = new Supervised(server, { ranks: 2, registered: 0 }, { reconnectGrace: String(grace) });
    const worker = at.job.worker(0, { session: 'mine' });
    worker.leave();
    server.advance(grace * 1_000 - 1);
    expect(at.groupOf(0)).toBe('Lost');
    server.advance(1);
    expect(at.groupOf(0)).toBe('Dead');
  }),
);

test(
  'each further attempt of a task has the next number, if its master counts them (S26)',
  simulated((server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const { workers } = job.openCrew(3);
    job.task('counted', { attempt: '5' });
    const attempts = workers.map((worker) => {
      const { metadata } = worker.get('fetch', 'task');
      worker.leave();
      return metadata['attempt'];
    });
    expect(attempts).toEqual(['5', '6', '7']);
  }),
);

test('a worker that comes back needs no memory for copies, and a new one does (P12)', () => {
  const server = new SimulatedServer({ limits: { memoryBytes: 400_000 } });
  const job = new Job(server, { join: 'elastic', reconnectGrace: '60' });
  job.sentinel(3);
  job.worker(0, { session: 'mine' });
  for (let n = 0; n < 40; n++) job.broadcast('to all', { batchId: 'a', reach: 'all' });
  const [fresh, back] = [job.visitor(), job.visitor()];
  const fill = (variable: string, bytes: number) => job.master.store(variable, 'x'.repeat(bytes)).status;
  fill('spare', 2_000);
  while (fill('filling', 500) === OK.status);
  // There is room for a registration, and not for so many copies.
  job.master.delete('spare');
  expect(register(fresh, '1', 'new').reason).toMatch(/^Refused: the server holds .* in memory/);
  expect(register(back, '0', 'mine')).toMatchObject(OK);
  job.master.delete('filling');
  expect(register(fresh, '1', 'new')).toMatchObject(OK);
  server.end();
});
