import { describe, expect, test } from 'vitest';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Job } from '../support/job.ts';

const DEAD = refused('worker is dead');
const OVER = refused('sleigh is dead');

const requeue = { onDeadWorker: 'requeue' };
const nulls = { onDeadWorker: 'null' };

/** The answers to a batch, by rank: the value, or null. */
const answers = (job: Job, batchId: string): Record<string, string | null> =>
  Object.fromEntries(
    job
      .results(batchId)
      .map(({ metadata, value }) => [
        metadata['nwsWorkerRank'] ?? '',
        metadata['nwsNull'] === '1' ? null : (value ?? ''),
      ]),
  );

describe('a worker is dead (S13)', () => {
  it('when its connection closes', (server) => {
    const job = new Job(server, requeue);
    job.openCrew(2).workers[0]?.leave();
    expect(job.master.read('rankCount')).toBe('1');
  });

  it('when the connection of its sentinel closes, with all workers of that sentinel', (server) => {
    const job = new Job(server, requeue);
    const { sentinel, workers } = job.openCrew(2);
    const [other] = job.openCrew(0).workers;
    const survivor = job.worker(3);
    workers[0]?.wait('fetch', 'task');
    sentinel.leave();
    expect(workers[0]?.reply()).toMatchObject(DEAD);
    expect(workers[1]?.get('fetch', 'task')).toMatchObject(DEAD);
    expect([job.master.read('rankCount'), other]).toEqual(['1', undefined]);
    survivor.wait('fetch', 'task');
  });

  it('when its sentinel misses its heartbeats', (server) => {
    const job = new Job(server, { ...requeue, sentinelRefreshPeriod: '1' });
    const { sentinel, workers } = job.openCrew(1);
    sentinel.wait('find', 'sentinel_alive');
    workers[0]?.wait('fetch', 'task');
    server.advance(1_000);
    sentinel.reply();
    server.advance(3_000);
    expect(workers[0]?.reply()).toMatchObject(DEAD);
  });

  it('when its rank is stored to worker_dead, which is otherwise an ordinary variable', (server) => {
    const job = new Job(server, requeue);
    const { sentinel, workers } = job.openCrew(2);
    workers[0]?.wait('fetch', 'task');
    expect(sentinel.store('worker_dead', ' 0 ')).toMatchObject(OK);
    expect(workers[0]?.reply()).toMatchObject(DEAD);
    expect(job.master.read('worker_dead')).toBe(' 0 ');
  });

  it('but nothing changes for a rank that is unregistered, dead already or unknown; a value that is no number is refused', (server) => {
    const job = new Job(server, requeue);
    const { sentinel } = job.openCrew(2);
    for (const rank of ['0', '0', '2', '9', '-1'])
      expect(sentinel.store('worker_dead', rank)).toMatchObject(OK);
    expect(sentinel.store('worker_dead', 'me')).toMatchObject(
      refused('worker_dead must be a number, not "me".'),
    );
    expect(job.master.read('rankCount')).toBe('1');
    expect(job.worker(2).get('fetchTry', 'task').reason).toBe('no value available.');
  });

  it('and gets neither tasks nor results, and is notified while it waits for either (S7)', (server) => {
    const job = new Job(server, requeue);
    const { sentinel, workers } = job.openCrew(2);
    workers[0]?.wait('fetch', 'result');
    sentinel.store('worker_dead', '0');
    expect(workers[0]?.reply()).toMatchObject(DEAD);
    for (const variable of ['task', 'result'])
      expect(workers[0]?.get('fetchTry', variable)).toMatchObject(DEAD);
    expect(workers[0]?.store('result', 'late').status).toBe('0001');
  });

  it('but a sentinel without registered workers leaves without harm, and its ranks are deadbeats', (server) => {
    const job = new Job(server);
    job.openCrew(1);
    job.sentinel(2).leave();
    expect(job.isShuttingDown).toBe(false);
    expect(job.visitor().store('worker_ids', '3').status).toBe('0001');
  });
});

describe('the policy shutdown (S13)', () => {
  it('shuts the sleigh down when a registered worker dies, and notifies all clients', (server) => {
    const job = new Job(server);
    const { sentinel, workers } = job.crew(2);
    job.master.wait('fetch', 'result');
    sentinel.wait('find', 'sentinel_alive');
    workers[1]?.wait('fetch', 'task');
    workers[0]?.leave();
    expect(job.master.reply()).toMatchObject(OVER);
    expect(sentinel.reply().value).toBe('1');
    expect(workers[1]?.reply()).toMatchObject(OVER);
    expect(job.visitor().read('Sleigh ride over')).toBe('1');
  });

  it('ignores the end of a worker that never registered', (server) => {
    const job = new Job(server);
    const { sentinel } = job.openCrew(1);
    sentinel.store('worker_dead', '1');
    expect(job.isShuttingDown).toBe(false);
  });
});

describe('the policy requeue (S13)', () => {
  it('returns the task with all its metadata to the head of the queue', (server) => {
    const job = new Job(server, requeue);
    const [first, second] = job.crew(2).workers;
    job.task('a', { batchId: 'b', tag: '1' });
    job.task('b', { batchId: 'b' });
    first?.get('fetch', 'task');
    first?.leave();
    expect(job.status('b')).toEqual({ pending: 2, running: 0 });
    expect(second?.get('fetch', 'task')).toMatchObject({
      value: 'a',
      metadata: { batchId: 'b', tag: '1' },
    });
  });

  it('gives the task directly to a waiting worker', (server) => {
    const job = new Job(server, requeue);
    const [first, second] = job.crew(2).workers;
    job.task('a');
    first?.get('fetch', 'task');
    second?.wait('fetch', 'task');
    first?.leave();
    expect(second?.reply().value).toBe('a');
  });

  it('returns the tasks of two busy workers that die, the later one first', (server) => {
    const job = new Job(server, requeue);
    const [first, second, third] = job.crew(3).workers;
    for (const task of ['a', 'b', 'c']) job.task(task);
    first?.get('fetch', 'task');
    second?.get('fetch', 'task');
    first?.leave();
    second?.leave();
    const given = ['1', '2', '3'].map(() => {
      const { value } = third?.get('fetch', 'task') ?? {};
      third?.store('result', '');
      return value;
    });
    expect(given).toEqual(['b', 'a', 'c']);
  });

  it('answers a task with null after maxAttempts attempts', (server) => {
    const job = new Job(server, { ...requeue, maxAttempts: '2' });
    const { workers } = job.crew(3);
    job.task('a', { batchId: 'b' });
    for (const worker of workers.slice(0, 2)) {
      worker.get('fetch', 'task');
      worker.leave();
    }
    expect(answers(job, 'b')).toEqual({ 1: null });
    expect(job.status('b')).toEqual({ pending: 0, running: 0 });
    expect(workers[2]?.get('fetchTry', 'task').status).toBe('0001');
  });
});

describe('the policy null (S13)', () => {
  it('gives the master a null result for the task', (server) => {
    const job = new Job(server, nulls);
    const [first] = job.crew(2).workers;
    job.task('a', { batchId: 'b', tag: '1' });
    first?.get('fetch', 'task');
    job.master.wait('fetch', 'result', { metadata: { batchId: 'b' } });
    first?.leave();
    expect(job.master.reply()).toMatchObject({
      value: '',
      descriptor: 1,
      metadata: { batchId: 'b', tag: '1', nwsNull: '1', nwsWorkerRank: '0' },
    });
  });

  it('loses nothing else: queued tasks, results and the other workers stay', (server) => {
    const job = new Job(server, nulls);
    const [first, second] = job.crew(2).workers;
    for (const task of ['a', 'b', 'c']) job.task(task);
    first?.get('fetch', 'task');
    first?.store('result', 'A');
    first?.get('fetch', 'task');
    first?.leave();
    expect(second?.get('fetch', 'task').value).toBe('c');
    second?.store('result', 'C');
    expect(job.results().map(({ value }) => value)).toEqual(['A', '', 'C']);
  });
});

describe.each(['requeue', 'null'])(
  'broadcasts under %s have exactly workerCount results (S13)',
  (onDeadWorker) => {
    const options = { onDeadWorker };

    it('when a worker dies before it takes its copy, while it has it, or after its answer', (server) => {
      const job = new Job(server, options);
      const [before, within, after, alive] = job.crew(4).workers;
      job.broadcast('x', { batchId: 'b' });
      within?.get('fetch', 'task');
      for (const worker of [after, alive]) {
        worker?.get('fetch', 'task');
        worker?.store('result', 'X');
      }
      for (const worker of [before, within, after]) worker?.leave();
      expect(answers(job, 'b')).toEqual({ 0: null, 1: null, 2: 'X', 3: 'X' });
      expect(job.results('b')).toEqual([]);
    });

    it('when they are stored after the death: dead and deadbeat ranks are answered at once', (server) => {
      const job = new Job(server, options);
      const [dead, alive] = job.openCrew(2).workers;
      dead?.leave();
      job.close();
      job.broadcast('x', { batchId: 'b' });
      alive?.get('fetch', 'task');
      alive?.store('result', 'X');
      expect(job.master.read('workerCount')).toBe('3');
      expect(answers(job, 'b')).toEqual({ 0: null, 1: 'X', 2: null });
      expect(job.results('b')).toEqual([]);
    });

    it('when they are stored before: unregistered ranks are answered when the group closes, including those that died earlier', (server) => {
      const job = new Job(server, { ...options, rankCount: '5' });
      const { workers } = job.openCrew(3);
      const [early, late, alive] = workers;
      early?.leave();
      job.broadcast('x', { batchId: 'b' });
      late?.leave();
      job.close();
      alive?.get('fetch', 'task');
      alive?.store('result', 'X');
      expect(answers(job, 'b')).toEqual({ 0: null, 1: null, 2: 'X', 3: null, 4: null });
      expect(job.results('b')).toEqual([]);
    });

    it('when no worker is left: all are answered', (server) => {
      const job = new Job(server, { ...options, rankCount: '2' });
      job.broadcast('x', { batchId: 'b' });
      job.close();
      job.broadcast('y', { batchId: 'c' });
      expect([answers(job, 'b'), answers(job, 'c')]).toEqual([
        { 0: null, 1: null },
        { 0: null, 1: null },
      ]);
    });
  },
);

describe('the death of the last worker (S13)', () => {
  test.each(['requeue', 'null'])('of a closed group shuts the sleigh down under %s, too', (onDeadWorker) =>
    simulated((server) => {
      const job = new Job(server, { onDeadWorker });
      const [first, last] = job.crew(2).workers;
      first?.leave();
      expect(job.isShuttingDown).toBe(false);
      job.master.wait('fetch', 'result');
      last?.leave();
      expect(job.master.reply()).toMatchObject(OVER);
      expect(job.visitor().read('Sleigh ride over')).toBe('1');
    })(),
  );

  it('of an open group does not end the sleigh, which shuts down if it closes after the grace period', (server) => {
    const job = new Job(server, { ...nulls, workerGracePeriod: '100' });
    const { workers } = job.openCrew(1);
    server.advance(100_000);
    workers[0]?.leave();
    expect(job.isShuttingDown).toBe(false);
    job.close();
    expect(job.isShuttingDown).toBe(true);
  });
});
