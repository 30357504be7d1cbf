import { describe, expect, test } from 'vitest';
import { requeueWithBackoff } from '../../src/sleigh/ready-policies.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { miscounted } from '../support/memory-held.ts';
import { OK, refused } from '../support/replies.ts';
import { restartedWith } from '../support/restarted-with.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';
import { SessionClient } from './session-client.ts';

const elastic = { onDeadWorker: 'requeue', join: 'elastic' };

/** A worker that comes after the restart. */
function newWorker(server: SimulatedServer): Visitor {
  const visitor = Visitor.of(server, 'job');
  const rank = visitor.get('fetch', 'worker_ids').value;
  expect(visitor.store('worker_ids', rank)).toMatchObject(OK);
  return visitor;
}

/** The broadcasts and ranks of the next results. */
const ranks = (visitor: Visitor, count: number): string[] =>
  Array.from({ length: count }, () => {
    const { metadata } = visitor.get('fetchTry', 'result', { metadata: { batchId: 'b' } });
    return `${metadata['of']} ${metadata['nwsWorkerRank']}`;
  });

const spentIn = (server: SimulatedServer) =>
  sleighsOf(server).flatMap(({ work }) => Array.from(work.batches.totals.spent, ({ id }) => id));

const statusOf = (server: SimulatedServer): (string | undefined)[] => {
  const { metadata } = Visitor.of(server, 'job').get('findTry', 'jobStatus', { metadata: { all: '1' } });
  return [metadata['nwsPending'], metadata['nwsRunning']];
};

describe('a job whose server is started again (D8)', () => {
  test('has its tasks in the order in which they were queued, and counts them', () => {
    const first = new SimulatedServer();
    const job = new Job(first, elastic);
    const [one, two] = job.openCrew(2).workers;
    for (const value of ['a', 'b', 'c']) job.task(value);
    for (const worker of [one, two]) worker?.get('fetch', 'task');
    // Each task goes back to the front of the queue.
    one?.leave();
    two?.leave();
    const second = first.crash();
    expect(statusOf(second)).toEqual(['3', '0']);
    const worker = newWorker(second);
    const values = [1, 2, 3].map(() => {
      const { value } = worker.get('fetch', 'task');
      worker.store('result', 'done');
      return value;
    });
    expect(values).toEqual(['b', 'a', 'c']);
    expect(statusOf(second)).toEqual(['0', '0']);
    second.end();
  });

  test('counts a task that waits for another worker as pending (S30.3)', () => {
    const first = new SimulatedServer({ policy: requeueWithBackoff({ firstMilliseconds: 1_000 }) });
    const job = new Job(first, elastic);
    const [worker] = job.openCrew(1).workers;
    job.task('a task');
    worker?.get('fetch', 'task');
    worker?.leave();
    const second = first.crash();
    expect(statusOf(second)).toEqual(['1', '0']);
    const later = newWorker(second);
    later.wait('fetch', 'task');
    second.advance(1_000);
    expect(later.reply().value).toBe('a task');
    later.store('result', 'done');
    expect(statusOf(second)).toEqual(['0', '0']);
    second.end();
  });

  test('gives each null result once, of each broadcast (S13)', () => {
    const first = new SimulatedServer();
    const job = new Job(first, { onDeadWorker: 'null', rankCount: '5', reconnectGrace: '60' });
    const sentinel = new SessionClient(first);
    sentinel.call(['use ws', 'job', 'me', 'no']);
    for (let rank = 0; rank < 5; rank++) sentinel.call(['fetch', 'job', 'worker_ids']);
    job.worker(0, { session: 'mine' });
    job.close();
    for (const value of ['one', 'two']) job.broadcast(value, { batchId: 'b', of: value });
    expect(ranks(job.master, 2)).toEqual(['one 1', 'one 2']);
    const second = first.crash();
    expect(miscounted(second.core)).toEqual([]);
    const master = Visitor.of(second, 'job');
    const expected = ['one 3', 'one 4', 'two 1', 'two 2', 'two 3', 'two 4'];
    expect(ranks(master, 6).sort()).toEqual(expected);
    second.end();
  });

  test('keeps the memory of a broadcast until its last copy is answered (P12)', () => {
    const first = new SimulatedServer();
    const job = new Job(first, { ...elastic, reconnectGrace: '60' });
    job.sentinel(3);
    const mine = { session: 'mine' };
    const [early] = [job.worker(0, mine), job.worker(1)];
    job.broadcast('for all', { batchId: 'a', reach: 'all' });
    job.broadcast('for those who are there', { batchId: 'b' });
    const late = job.worker(2);
    late.get('fetch', 'task');
    early?.get('fetch', 'task');
    const second = first.crash();
    expect(miscounted(second.core)).toEqual([]);
    second.expectRightStore();
    second.end();
  });

  test('gives the next fixed argument the next name (S11)', () => {
    const first = new SimulatedServer();
    const job = new Job(first);
    for (let n = 0; n < 2; n++) job.master.get('fetch', 'fixedargID');
    const second = first.crash();
    expect(Visitor.of(second, 'job').get('fetch', 'fixedargID').value).toBe('#fixedArg3');
    second.end();
  });

  test('gives no number of a sentinel again, also with a store of an earlier version', () => {
    const first = new SimulatedServer();
    const job = new Job(first, elastic);
    job.sentinel();
    job.sentinel();
    const second = restartedWith(first, (entity) => {
      const { key, fields } = entity;
      const crew = fields['crew'];
      if (key[0] !== 'job' || typeof crew !== 'object' || crew === null) return entity;
      const known = Object.entries(crew).filter(([name]) => name !== 'sentinels');
      return { key, fields: { ...fields, crew: Object.fromEntries(known) } };
    });
    newWorker(second);
    expect(sleighsOf(second)[0]?.crew.sentinels.map(({ id }) => id)).toEqual([0, 1, 2]);
    second.end();
  });

  test('has a worker whose sentinel is not kept (S17)', () => {
    const first = new SimulatedServer();
    const job = new Job(first, elastic);
    job.sentinel();
    const sentinel = job.sentinel();
    const worker = job.worker(1);
    worker.leave();
    sentinel.leave();
    const second = restartedWith(first, (entity) =>
      entity.key[0] === 'sentinel' && entity.key[2] === 1 ? undefined : entity,
    );
    const crew = sleighsOf(second)[0]?.crew;
    expect(crew?.sentinels.map(({ id }) => id)).toEqual([0]);
    expect(crew?.worker(1).sentinel).toMatchObject({ id: 1, session: undefined });
    expect(Visitor.of(second, 'job').store('worker_ids', '1')).toMatchObject(
      refused('Worker registration failed: the worker of rank 1 is left.'),
    );
    // Its number is not given again.
    newWorker(second);
    expect(crew?.sentinels.map(({ id }) => id)).toEqual([0, 2]);
  });

  test('knows in which order its batches became empty, because the oldest is forgotten first (S7)', () => {
    const first = new SimulatedServer();
    const job = new Job(first, elastic);
    const [worker] = job.openCrew(1).workers;
    for (const batchId of ['a', 'b', 'c']) job.task('a task', { batchId });
    for (let n = 0; n < 3; n++) {
      worker?.get('fetch', 'task');
      worker?.store('result', 'done');
    }
    for (const batchId of ['c', 'a', 'b']) job.results(batchId);
    expect(spentIn(first)).toEqual(['c', 'a', 'b']);
    const second = first.crash();
    expect(spentIn(second)).toEqual(['c', 'a', 'b']);
    second.end();
  });

  test('stays failed if it has failed, and refuses every request', () => {
    const first = new SimulatedServer({ expectsErrors: true });
    const job = new Job(first);
    job.crew(1);
    sleighsOf(first)[0]?.fail('sleigh', new Error('on purpose'));
    expect(job.master.get('fetch', 'task')).toMatchObject({ status: '2000' });
    const second = first.crash();
    const visitor = Visitor.of(second, 'job');
    expect(visitor.get('fetch', 'task')).toMatchObject({ status: '2000' });
    expect(visitor.store('task', 'x')).toMatchObject({ status: '2000' });
    const [sleigh] = sleighsOf(second);
    for (const id of ['sleigh', 'work', 'joinPhase', 'shutdown']) expect(sleigh?.actor(id)?.id).toBe(id);
    visitor.leave();
    expect(second.core.counts.timers).toBe(0);
    second.end();
  });
});
