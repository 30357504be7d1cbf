import { describe, expect } from 'vitest';
import { Job } from '../support/job.ts';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import type { SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';

const NO_VALUE = refused('no value available.');
const MINE = { metadata: { mailbox: 'mine' } };

function jobWith(workers: number, server: SimulatedServer): { job: Job; workers: readonly Visitor[] } {
  const job = new Job(server, { onDeadWorker: 'null' });
  return { job, workers: job.crew(workers + 1).workers };
}

/** Stores a result for the next task. */
function work(worker: Visitor | undefined, value: string): void {
  expect(worker?.get('fetch', 'task')).toMatchObject(OK);
  expect(worker?.store('result', value)).toMatchObject(OK);
}

describe('a mailbox (S21)', () => {
  it('has the results of several batches in the order of their arrival, each with its batch', (server) => {
    const { job, workers } = jobWith(1, server);
    for (const batchId of ['a', 'b', 'a']) job.task(batchId, { batchId, mailbox: 'mine' });
    for (const value of ['1', '2', '3']) work(workers[0], value);
    const taken = Array.from({ length: 3 }, () => job.master.get('fetchTry', 'result', MINE));
    expect(taken.map(({ value, metadata }) => [value, metadata['batchId']])).toEqual([
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'a'],
    ]);
    expect(job.master.get('fetchTry', 'result', MINE)).toMatchObject(NO_VALUE);
  });

  it("and a batch never deliver each other's results", (server) => {
    const { job, workers } = jobWith(1, server);
    job.task('x', { batchId: 'a', mailbox: 'mine' });
    job.task('y', { batchId: 'a' });
    work(workers[0], 'X');
    work(workers[0], 'Y');
    expect(job.results('a').map(({ value }) => value)).toEqual(['Y']);
    expect(job.master.get('fetchTry', 'result', { metadata: { mailbox: 'other' } })).toMatchObject(NO_VALUE);
    expect(job.master.get('fetchTry', 'result', MINE).value).toBe('X');
  });

  it('answers its waiting client, and loses nothing when that client disconnects', (server) => {
    const { job, workers } = jobWith(1, server);
    const first = job.visitor();
    const second = job.visitor();
    first.wait('fetch', 'result', MINE);
    second.wait('fetch', 'result', MINE);
    first.leave();
    job.task('x', { batchId: 'a', mailbox: 'mine' });
    work(workers[0], 'X');
    expect(second.reply().value).toBe('X');
  });

  it('cannot be chosen by a worker for its result', (server) => {
    const { job, workers } = jobWith(1, server);
    job.task('x', { batchId: 'a', mailbox: 'mine' });
    job.task('y', { batchId: 'a' });
    for (const value of ['X', 'Y']) {
      workers[0]?.get('fetch', 'task');
      workers[0]?.store('result', value, { metadata: { batchId: 'b', mailbox: 'other' } });
    }
    expect(job.master.get('fetchTry', 'result', MINE)).toMatchObject({
      value: 'X',
      metadata: { batchId: 'a' },
    });
    const [result] = job.results('a');
    expect([result?.value, result?.metadata['mailbox']]).toEqual(['Y', undefined]);
  });

  it('has the null results of dead workers (S13) and the answers to broadcasts (S8)', (server) => {
    const { job, workers } = jobWith(2, server);
    job.broadcast('all', { batchId: 'a', mailbox: 'mine' });
    work(workers[0], 'one');
    work(workers[2], 'three');
    workers[1]?.leave();
    const taken = Array.from({ length: 3 }, () => job.master.get('fetchTry', 'result', MINE));
    expect(taken.map(({ value, metadata }) => [value, metadata['nwsNull'] ?? '0'])).toEqual([
      ['one', '0'],
      ['three', '0'],
      ['', '1'],
    ]);
  });

  it('is notified of the end of the job as a batch is (S14)', (server) => {
    const { job } = jobWith(1, server);
    job.master.wait('fetch', 'result', MINE);
    job.visitor().store('Sleigh ride over', '1');
    expect(job.master.reply()).toMatchObject(refused('sleigh is dead'));
  });
});

describe('a task of several batches (S21)', () => {
  it('counts in each of its batches, as its result does until it is fetched', (server) => {
    const { job, workers } = jobWith(1, server);
    job.task('x', { batchId: 'a,b', mailbox: 'mine' });
    job.task('y', { batchId: 'b', mailbox: 'mine' });
    expect([job.status('a'), job.status('b'), job.status()]).toEqual([
      { pending: 1, running: 0 },
      { pending: 2, running: 0 },
      { pending: 2, running: 0 },
    ]);
    workers[0]?.get('fetch', 'task');
    expect([job.status('a'), job.status('b'), job.status()]).toEqual([
      { pending: 1, running: 1 },
      { pending: 2, running: 1 },
      { pending: 2, running: 1 },
    ]);
    workers[0]?.store('result', 'X');
    expect([job.status('a'), job.status('b')]).toEqual([
      { pending: 0, running: 0 },
      { pending: 1, running: 0 },
    ]);
    expect(job.master.get('fetchTry', 'result', MINE).metadata['batchId']).toBe('a,b');
  });

  it('is a task of one batch with any name if it has no mailbox, as for every old client', (server) => {
    const { job, workers } = jobWith(1, server);
    job.task('x', { batchId: 'a,b' });
    expect([job.status('a'), job.status('a,b')]).toEqual([
      { pending: 0, running: 0 },
      { pending: 1, running: 0 },
    ]);
    work(workers[0], 'X');
    expect(job.results('a,b').map(({ value }) => value)).toEqual(['X']);
  });
});
