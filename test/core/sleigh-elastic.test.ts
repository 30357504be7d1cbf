import { describe, expect } from 'vitest';
import { Job } from '../support/job.ts';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { SessionClient } from './session-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { sleighsOf } from '../support/invariants.ts';
import type { Entries } from '../support/simulated-client.ts';

const elastic = (server: SimulatedServer, options: Entries = {}): Job =>
  new Job(server, { join: 'elastic', ...options });

/** The answers to a batch, by rank: the value, or null; and the number of copies in each. */
const answers = (job: Job, batchId: string): string[] =>
  job
    .results(batchId)
    .map(({ metadata, value }) =>
      [
        metadata['nwsWorkerRank'],
        metadata['nwsNull'] === '1' ? 'null' : value,
        `of ${metadata['nwsCopies'] ?? 'one'}`,
      ].join(' '),
    );

describe('an elastic group (S17)', () => {
  it('never closes: join_status is elastic, and a worker with a rank may register at any time', (server) => {
    const job = elastic(server);
    const { sentinel } = job.crew(2);
    expect(job.master.get('find', 'status').value).toBe('2');
    expect(job.phase).toBe('elastic');
    job.worker(job.rank(sentinel));
    expect([job.phase, job.master.read('rankCount')]).toEqual(['elastic', '3']);
  });

  it('lets workers join and leave, never reuses a rank, and has at most as many ranks in use as the maximum allows', (server) => {
    const job = elastic(server, { rankCount: '2' });
    const { sentinel, workers } = job.crew(2);
    expect(sentinel.get('fetch', 'worker_ids').value).toBe('-1');
    workers[0]?.leave();
    expect(job.master.read('rankCount')).toBe('1');
    expect(job.rank(sentinel)).toBe(2);
    expect(sentinel.get('fetch', 'worker_ids').value).toBe('-1');
    // A rank that is assigned and whose sentinel disconnects is free again, too.
    const other = elastic(new SimulatedServer(), { rankCount: '1' });
    const gone = other.sentinel();
    gone.leave();
    expect(other.rank(other.visitor())).toBe(1);
    job.master.store('workerCount', '3');
    expect(job.rank(sentinel)).toBe(3);
  });

  it(
    'limits no ranks for a maximum of 0 or less, except by the limit of the server (P12)',
    (server) => {
      const job = elastic(server, { rankCount: '0' });
      const sentinel = job.sentinel(2);
      expect(sentinel.get('fetch', 'worker_ids').value).toBe('-1');
      const worker = job.worker(0);
      expect(sentinel.get('fetch', 'worker_ids').value).toBe('-1');
      worker.leave();
      expect(job.rank(sentinel)).toBe(2);
    },
    { limits: { workerCount: 2 } },
  );

  it('answers waitForWorkers when all ranks have registered, at the maximum or after the delay, and never closes', (server) => {
    const job = elastic(server, { rankCount: '3' });
    const [first, second] = [job.visitor(), job.visitor()];
    expect(first.get('findTry', 'status')).toMatchObject(refused('no value available.'));
    first.wait('find', 'status');
    second.wait('find', 'waitForWorkers', { metadata: { delay: '5' } });
    const sentinel = job.sentinel(2);
    job.worker(0);
    expect(first.isWaiting).toBe(true);
    server.advance(5_000);
    expect(second.reply().value).toBe('1');
    job.worker(1);
    expect(first.reply().value).toBe('2');
    expect(second.get('find', 'waitForWorkers').value).toBe('2');
    const ranks = [job.rank(sentinel)];
    second.wait('find', 'status', { metadata: { delay: '7' } });
    first.wait('find', 'status');
    server.advance(7_000);
    expect(second.reply().value).toBe('2');
    job.worker(ranks[0] ?? 0);
    expect(first.reply().value).toBe('3');
    expect(job.phase).toBe('elastic');
  });

  it('answers waitForWorkers when a reserved rank expires, or when the maximum is lowered', (server) => {
    const job = elastic(server);
    job.worker(job.rank(job.visitor()));
    const late = job.sentinel();
    const asker = job.visitor();
    asker.wait('find', 'status');
    late.leave();
    expect(asker.reply().value).toBe('1');
    const sentinel = job.sentinel();
    asker.wait('find', 'status');
    job.master.store('workerCount', '1');
    expect(asker.reply().value).toBe('1');
    expect(sentinel.get('fetch', 'worker_ids').value).toBe('-1');
  });

  it('has as workerCount the number of registered workers, and reading it freezes nothing', (server) => {
    const job = elastic(server);
    const sentinel = job.sentinel(2);
    job.worker(0);
    expect(job.master.read('workerCount')).toBe('1');
    job.master.list();
    job.worker(1);
    expect(job.master.read('workerCount')).toBe('2');
    expect(job.rank(sentinel)).toBe(2);
  });

  it('ignores the closed connection of a worker without a task or copy: the worker has left, whatever the policy', (server) => {
    const job = elastic(server, { onDeadWorker: 'shutdown' });
    const { workers } = job.crew(3);
    workers[0]?.leave();
    workers[1]?.wait('fetch', 'task');
    workers[1]?.leave();
    workers[2]?.leave();
    expect(job.isShuttingDown).toBe(false);
    expect(job.master.read('agentStatus')).not.toContain('- Worker');
    expect(job.master.read('rankCount')).toBe('0');
  });

  it('treats such a worker in the same way when its sentinel disconnects first, and notifies a waiting client', (server) => {
    const job = elastic(server, { onDeadWorker: 'shutdown' });
    const { sentinel, workers } = job.crew(2);
    workers[0]?.wait('fetch', 'task');
    sentinel.leave();
    expect(workers[0]?.reply()).toMatchObject(refused('worker is dead'));
    expect([job.isShuttingDown, job.master.read('rankCount')]).toEqual([false, '0']);
  });

  it('treats a worker with a task as dead when its connection closes, and the default policy is requeue', (server) => {
    const job = elastic(server);
    const { workers } = job.crew(2);
    job.task('t', { batchId: 'b' });
    workers[0]?.get('fetch', 'task');
    workers[0]?.leave();
    expect(job.master.read('agentStatus')).toContain('Dead workers\n  - Worker 0');
    expect(workers[1]?.get('fetch', 'task').value).toBe('t');
    const chosen = elastic(new SimulatedServer(), { onDeadWorker: 'shutdown' });
    const [worker] = chosen.crew(1).workers;
    chosen.task('t');
    worker?.get('fetch', 'task');
    worker?.leave();
    expect(chosen.isShuttingDown).toBe(true);
  });

  it('survives the death of its last worker, and a job without workers ends with the grace period (S15)', (server) => {
    const job = elastic(server, { workerGracePeriod: '10', onDeadWorker: 'null' });
    const { sentinel, workers } = job.crew(1);
    server.advance(10_000);
    job.task('t');
    workers[0]?.get('fetch', 'task');
    workers[0]?.leave();
    expect(job.isShuttingDown).toBe(false);
    expect(job.worker(job.rank(sentinel))).toBeDefined();
    const nobody = elastic(new SimulatedServer(), { workerGracePeriod: '10' });
    nobody.server.advance(10_000);
    expect(nobody.isShuttingDown).toBe(true);
  });

  it('refuses an invalid option by name (S1)', (server) => {
    expect(() => new Job(server, { join: 'open', reconnectGrace: '-1' })).toThrow(
      'join must be closing or elastic, not "open"; reconnectGrace must be a number of seconds from 0, not "-1".',
    );
  });

  it('is not assumed for a closing group, whose replies name no copies and which ignores reach', (server) => {
    const job = new Job(server, { join: 'closing' });
    const { workers } = job.crew(1);
    expect(job.phase).toBe('closed');
    expect(job.broadcast('b', { batchId: 'b', reach: 'x' })).toEqual({
      ...OK,
      metadata: {},
      reason: '',
      value: '',
    });
    expect(workers[0]?.get('fetch', 'task').metadata).toEqual({ batchId: 'b', reach: 'x' });
    workers[0]?.store('result', 'r');
    expect(answers(job, 'b')).toEqual(['0 r of one']);
  });
});

describe('broadcasts of an elastic group (S17)', () => {
  it('reach the current workers, and the reply and each result contain the number of copies', (server) => {
    const job = elastic(server);
    const { sentinel, workers } = job.crew(2);
    expect(job.broadcast('b', { batchId: 'b' }).metadata).toEqual({ nwsCopies: '2' });
    expect(job.phase).toBe('elastic');
    const all = [...workers, job.worker(job.rank(sentinel))];
    expect(all.map((worker) => worker.get('fetchTry', 'task').value)).toEqual(['b', 'b', '']);
    for (const worker of workers.slice(0, 2)) worker.store('result', 'r');
    expect(answers(job, 'b')).toEqual(['0 r of 2', '1 r of 2']);
  });

  it('to no workers have no copy and no result, and use no memory', (server) => {
    const job = elastic(server);
    expect(job.broadcast('b').metadata).toEqual({ nwsCopies: '0' });
    expect(server.core.accounting.bytes).toBe(0);
    const worker = job.worker(job.rank(job.visitor()));
    expect(worker.get('fetchTry', 'task')).toMatchObject(refused('no value available.'));
  });

  it('with reach=all give a copy to every later worker as well, before anything else and in order', (server) => {
    const job = elastic(server);
    const { sentinel, workers } = job.crew(1);
    const all = (value: string) => job.broadcast(value, { batchId: value, reach: 'all' });
    expect(all('first').metadata).toEqual({ nwsCopies: '1' });
    job.broadcast('not for all', { batchId: 'x', reach: 'present' });
    all('second');
    job.task('t');
    const late = job.worker(job.rank(sentinel));
    all('third');
    const done = (worker: typeof late, values: string[]): void => {
      for (const value of values) {
        expect(worker.get('fetch', 'task').value).toBe(value);
        worker.store('result', `${value} done`);
      }
    };
    done(late, ['first', 'second', 'third', 't']);
    for (const worker of workers) done(worker, ['first', 'not for all', 'second', 'third']);
    expect(answers(job, 'first')).toEqual(['1 first done of 2', '0 first done of 2']);
    done(job.worker(job.rank(sentinel)), ['first', 'second', 'third']);
    expect(answers(job, 'first')).toEqual(['2 first done of 3']);
  });

  it('that a worker leaves unanswered are answered for it, so that a master gets as many results as copies', (server) => {
    const job = elastic(server);
    const { sentinel, workers } = job.crew(3);
    job.broadcast('b', { batchId: 'b' });
    job.broadcast('a', { batchId: 'a', reach: 'all' });
    workers[0]?.get('fetch', 'task');
    workers[0]?.leave();
    workers[1]?.leave();
    workers[2]?.get('fetch', 'task');
    workers[2]?.store('result', 'r');
    const late = job.worker(job.rank(sentinel));
    late.leave();
    expect(answers(job, 'b')).toEqual(['0 null of 3', '1 null of 3', '2 r of 3']);
    expect(answers(job, 'a')).toEqual(['0 null of 3', '1 null of 3', '3 null of 4']);
    expect(job.status()).toEqual({ pending: 0, running: 0 });
  });

  it('with an unknown reach are refused by name, and nothing changes (P5.5)', (server) => {
    const job = elastic(server);
    const { workers } = job.crew(1);
    expect(job.broadcast('b', { reach: 'some' })).toMatchObject(
      refused('reach must be present or all, not "some".'),
    );
    workers[0]?.wait('fetch', 'task');
  });

  it('are answered as before for a client without metadata (P3)', (server) => {
    const job = elastic(server);
    const old = server.connect({ handshake: '0000' });
    old.call(['use ws', 'job', '', 'no']);
    expect(old.call(['store', 'job', 'broadcast', '1', 'b'])).toEqual({
      ...OK,
      metadata: {},
      reason: '',
      value: '',
    });
    expect(job.phase).toBe('elastic');
  });

  it('are released when they are finished, even if an older one with reach=all remains for the whole job', (server) => {
    const job = elastic(server);
    const { sentinel, workers } = job.crew(1);
    const held = (): number => server.core.accounting.bytes;
    const before = held();
    job.broadcast('x'.repeat(1_000), { batchId: 'all', reach: 'all' });
    const late = job.worker(job.rank(sentinel));
    late.get('fetch', 'task');
    const [worker] = workers;
    for (let n = 0; n < 5; n++) {
      job.broadcast('y'.repeat(100), { batchId: 'some' });
      for (let task = worker?.get('fetchTry', 'task'); task?.status === OK.status;) {
        worker?.store('result', '');
        task = worker?.get('fetchTry', 'task');
      }
    }
    // The late worker is still busy with the first broadcast: it must answer all later ones as well.
    expect(held() - before).toBe(1_000 + 500 + 1);
    late.leave();
    job.results('some');
    job.results('all');
    expect(held() - before).toBe(1_000 + 1);
    job.master.store('Sleigh ride over', '1');
    server.advance(10_000);
    expect(held() - before).toBe(1 + 1);
  });
});

const sentinelsIn = (server: SimulatedServer): number[] =>
  sleighsOf(server)[0]?.crew.sentinels.map(({ id }) => id) ?? [];

it('an elastic group gives no number of a sentinel again after a restart, also if that sentinel is not kept (D20)', (first) => {
  const job = elastic(first);
  // This one is dead, because it is silent for three periods, and its client stays.
  const silent = new SessionClient(first);
  silent.call(['use ws', 'job', 'me', 'no']);
  silent.call(['fetch', 'job', 'worker_ids'], { session: 'secret' });
  silent.call(['fetchTry', 'job', 'sentinel_alive']);
  first.advance(180_000);
  expect(silent.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: '-1' });
  const crowd = Array.from({ length: 1_001 }, () => job.visitor());
  for (const sentinel of crowd) job.rank(sentinel);
  // The newest one ends first, so it is the first that is not kept.
  for (const sentinel of crowd.toReversed()) sentinel.leave();
  expect(sentinelsIn(first)).not.toContain(0);
  expect(sentinelsIn(first)).not.toContain(1_001);
  expect(silent.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: '-1' });
  const second = first.crash();
  // Of the silent one nothing is known any more: what it says late changes nothing, and it is told to stop (S9, S19).
  silent.resume(second);
  expect(silent.call(['fetch', 'job', 'sentinel_alive'])).toMatchObject({ value: '1' });
  for (const task of ['tried', 'untried'])
    expect(silent.call(['store', 'job', 'worker_dead', '1', '0'], { session: 'secret', task })).toMatchObject(
      refused('worker_dead: rank 0 was not given to a sentinel of that session.'),
    );
  expect(silent.call(['fetch', 'job', 'worker_ids'], { session: 'secret', replaces: '0' })).toMatchObject({
    status: '0001',
  });
  // It may be another sentinel.
  expect(silent.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: '1002' });
  expect(sentinelsIn(second)).toContain(1_002);
  expect(silent.call(['fetchTry', 'job', 'sentinel_alive'])).toMatchObject({ status: '0001' });
  silent.call(['end session']);
  silent.lose();
  second.end();
});

it(
  'an elastic group remembers at most 1,000 workers and sentinels that have ended (S17)',
  remembersThousand,
  {
    isStored: false,
  },
);

function remembersThousand(server: SimulatedServer): void {
  const job = elastic(server);
  const [sleigh] = sleighsOf(server);
  const first = job.visitor();
  for (let n = 0; n < 5; n++) job.worker(job.rank(first)).leave();
  for (let n = 0; n < 1_000; n++) {
    const sentinel = job.visitor();
    job.worker(job.rank(sentinel)).leave();
    sentinel.leave();
  }
  job.sentinel().leave();
  expect(sleigh?.crew.workers.map(({ rank }) => rank)).toEqual(
    Array.from({ length: 1_000 }, (_, n) => n + 6),
  );
  // The first one is connected; the ended ones are remembered except for the oldest.
  expect(sleigh?.crew.sentinels.map(({ id }) => id)).toEqual([
    0,
    ...Array.from({ length: 1_000 }, (_, n) => n + 2),
  ]);
  expect(sleigh?.crew.sentinels[0]?.workers.size).toBe(0);
  expect(job.master.read('scoreboard')?.split('\n').length).toBe(1_001);
  expect(job.visitor().store('worker_ids', '0')).toMatchObject(
    refused('Worker registration failed: the worker of rank 0 has ended.'),
  );
  expect(job.visitor().store('worker_ids', '5000')).toMatchObject(
    refused('Worker registration failed: rank 5000 was never given out.'),
  );
  expect(job.master.list().join('\n')).not.toContain('worker registrations');
  expect(sleigh?.workspace.variable('worker registrations').behaviour.counts.values).toBe(1_000);
  expect(job.master.get('fetch', 'worker registrations').value).toBe('5');
  // The next one can still join.
  job.worker(job.rank(first));
  expect(job.master.read('rankCount')).toBe('1');
}
