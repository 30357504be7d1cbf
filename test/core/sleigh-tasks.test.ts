import { describe, expect } from 'vitest';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { Job } from '../support/job.ts';

const NO_TASK = refused('Store failed: no current task to store a result of.');
const NO_VALUE = refused('no value available.');

describe('tasks (S7)', () => {
  it('are handed out in order to any worker that asks, each with its descriptor and metadata', (server) => {
    const job = new Job(server);
    const [first, second] = job.crew(2).workers;
    job.master.store('task', 'a', { descriptor: 3, metadata: { batchId: '1', x: 'y' } });
    job.task('b');
    expect(first?.get('fetch', 'task')).toMatchObject({
      ...OK,
      value: 'a',
      descriptor: 3,
      metadata: { batchId: '1', x: 'y' },
      index: 0,
      variableId: expect.stringMatching(/^.{20}$/),
    });
    expect(second?.get('fetchTry', 'task').value).toBe('b');
  });

  it('wake the worker that has waited longest, one worker for each task', (server) => {
    const job = new Job(server);
    const [first, second] = job.crew(2).workers;
    second?.wait('fetch', 'task');
    first?.wait('fetch', 'task');
    job.task('a');
    expect(second?.reply()).toMatchObject({ value: 'a', variableId: '', index: 0 });
    expect(first?.isWaiting).toBe(true);
    job.task('b');
    expect(first?.reply().value).toBe('b');
  });

  it('refuse fetchTry if there are none, and always refuse find', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    expect(worker?.get('fetchTry', 'task')).toMatchObject(NO_VALUE);
    for (const verb of ['find', 'findTry', 'ifind'])
      expect(worker?.get(verb, 'task')).toMatchObject(refused('find is not supported on the task queue'));
  });

  it('are never handed to a client that is not a worker, and such a client delays no worker', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    const stranger = job.visitor();
    stranger.wait('fetch', 'task');
    expect(job.master.get('fetchTry', 'task')).toMatchObject(NO_VALUE);
    worker?.wait('fetch', 'task');
    expect(job.master.list()).toContain('task\t0\t2\t0\tcustom');
    job.task('a');
    expect(worker?.reply().value).toBe('a');
    job.task('b');
    expect([stranger.isWaiting, job.status()]).toEqual([true, { pending: 2, running: 1 }]);
  });

  it('are not consumed by a worker that disconnects while it waits', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const [first, second] = job.crew(2).workers;
    first?.wait('fetch', 'task');
    first?.leave();
    job.task('a');
    expect(second?.get('fetch', 'task').value).toBe('a');
  });
});

describe('results (S7)', () => {
  it('join the batch of their task, with the metadata of the task overlaid by their own, the rank and the batch', (server) => {
    const job = new Job(server);
    const worker = job.crew(2).workers[1];
    job.task('a', { batchId: 'b', tag: '7', kept: 'yes' });
    worker?.get('fetch', 'task');
    expect(
      worker?.store('result', 'A', {
        descriptor: 3,
        metadata: { tag: '8', batchId: 'other', nwsWorkerRank: '9' },
      }),
    ).toMatchObject(OK);
    expect(job.master.get('fetchTry', 'result')).toMatchObject(NO_VALUE);
    expect(job.master.get('fetch', 'result', { metadata: { batchId: 'b' } })).toMatchObject({
      value: 'A',
      descriptor: 3,
      metadata: { tag: '8', kept: 'yes', batchId: 'b', nwsWorkerRank: '1' },
    });
  });

  it('are removed by find as by fetch', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    for (const task of ['a', 'b']) {
      job.task(task);
      worker?.get('fetch', 'task');
      worker?.store('result', task.toUpperCase());
    }
    const taken = ['find', 'findTry', 'findTry'].map((verb) => job.master.get(verb, 'result'));
    expect(taken).toMatchObject([{ value: 'A' }, { value: 'B' }, NO_VALUE]);
  });

  it('wake the master that has waited longest for their batch, and no other', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    const [other, first, second] = [job.visitor(), job.visitor(), job.visitor()];
    other.wait('fetch', 'result', { metadata: { batchId: 'other' } });
    first.wait('find', 'result', { metadata: { batchId: 'b' } });
    second.wait('fetch', 'result', { metadata: { batchId: 'b' } });
    expect(job.master.list()).toContain('result\t0\t2\t1\tcustom');
    for (const task of ['a', 'b']) {
      job.task(task, { batchId: 'b' });
      worker?.get('fetch', 'task');
      worker?.store('result', task.toUpperCase());
    }
    expect(first.reply()).toMatchObject({ value: 'A', variableId: '', index: 0 });
    expect(second.reply().value).toBe('B');
    expect(other.isWaiting).toBe(true);
  });

  it('are refused without effect if the worker has no current task', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    for (const storer of [worker, job.master]) expect(storer?.store('result', 'A')).toMatchObject(NO_TASK);
    job.task('a');
    worker?.get('fetch', 'task');
    expect(worker?.store('result', 'A')).toMatchObject(OK);
    expect(worker?.store('result', 'A')).toMatchObject(NO_TASK);
    expect(job.results().map(({ value }) => value)).toEqual(['A']);
  });

  it('are not consumed by a master that disconnects while it waits', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    const gone = job.visitor();
    gone.wait('fetch', 'result');
    gone.leave();
    job.task('a');
    worker?.get('fetch', 'task');
    worker?.store('result', 'A');
    expect(job.master.get('fetch', 'result').value).toBe('A');
  });
});

describe('a worker that requests a task while it has one (S7.1)', () => {
  it('under requeue: its task is queued first again, up to maxAttempts, and then answered with null', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue', maxAttempts: '2' });
    const [worker] = job.crew(1).workers;
    job.task('bad', { batchId: 'b', tag: '1' });
    job.task('good', { batchId: 'b' });
    const given = ['1', '2', '3'].map(() => worker?.get('fetch', 'task').value);
    expect(given).toEqual(['bad', 'bad', 'good']);
    worker?.store('result', 'GOOD');
    expect(job.results('b')).toMatchObject([
      { value: '', descriptor: 1, metadata: { nwsNull: '1', nwsWorkerRank: '0', batchId: 'b', tag: '1' } },
      { value: 'GOOD' },
    ]);
    expect(job.status('b')).toEqual({ pending: 0, running: 0 });
  });

  it('under requeue, while another worker waits: that worker gets the task', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const [first, second] = job.crew(2).workers;
    job.task('bad');
    first?.get('fetch', 'task');
    second?.wait('fetch', 'task');
    first?.wait('fetch', 'task');
    expect(second?.reply().value).toBe('bad');
    expect(job.status()).toEqual({ pending: 1, running: 1 });
  });

  it('under null: its task is answered with null, it gets the next task and stays registered', (server) => {
    const job = new Job(server, { onDeadWorker: 'null' });
    const [worker] = job.crew(1).workers;
    job.task('bad');
    worker?.get('fetch', 'task');
    expect(worker?.get('fetchTry', 'task')).toMatchObject(NO_VALUE);
    expect(job.results()).toMatchObject([{ metadata: { nwsNull: '1', nwsWorkerRank: '0' } }]);
    expect(job.master.read('rankCount')).toBe('1');
  });

  it('under shutdown: the sleigh shuts down', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    job.task('bad');
    worker?.get('fetch', 'task');
    expect(worker?.get('fetch', 'task')).toMatchObject(refused('sleigh is dead'));
    expect(job.isShuttingDown).toBe(true);
  });

  it('while it has a copy of a broadcast: it gets the copy again, before anything else, up to maxAttempts', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue', maxAttempts: '2' });
    const [worker, other] = job.crew(2).workers;
    job.broadcast('all', { batchId: 'b' });
    job.task('one', { batchId: 'b' });
    const given = ['1', '2', '3'].map(() => worker?.get('fetch', 'task').value);
    expect(given).toEqual(['all', 'all', 'one']);
    expect(other?.get('fetch', 'task').value).toBe('all');
    other?.store('result', 'ALL');
    expect(job.results('b').map(({ value }) => value)).toEqual(['', 'ALL']);
  });
});

describe('broadcasts (S8)', () => {
  it('give every registered worker a copy with its own metadata, before any task', (server) => {
    const job = new Job(server);
    const { workers } = job.crew(2);
    job.task('one', { batchId: 't' });
    job.broadcast('all', { batchId: 'b', tag: '1' });
    for (const worker of workers) {
      expect(worker.get('fetch', 'task')).toMatchObject({ value: 'all', metadata: { tag: '1' } });
      worker.store('result', 'ALL', {
        metadata: worker === workers[0] ? { tag: 'changed', more: 'x' } : {},
      });
    }
    expect(job.results('b').map(({ metadata }) => metadata)).toEqual([
      { batchId: 'b', tag: 'changed', more: 'x', nwsWorkerRank: '0' },
      { batchId: 'b', tag: '1', nwsWorkerRank: '1' },
    ]);
    expect(workers[0]?.get('fetch', 'task').value).toBe('one');
  });

  it('reach the workers that join before the group closes, oldest broadcast first', (server) => {
    const job = new Job(server, { rankCount: '3' });
    const sentinel = job.sentinel(3);
    const first = job.worker(0);
    job.broadcast('1');
    job.broadcast('2');
    expect([first.get('fetch', 'task').value, first.store('result', '').status]).toEqual(['1', '0000']);
    const late = job.worker(1);
    for (const value of ['1', '2']) {
      expect(late.get('fetch', 'task').value).toBe(value);
      late.store('result', '');
    }
    expect(first.get('fetch', 'task').value).toBe('2');
    expect(sentinel.isWaiting).toBe(false);
  });

  it('wake all waiting workers', (server) => {
    const job = new Job(server);
    const { workers } = job.crew(3);
    for (const worker of workers) worker.wait('fetch', 'task');
    job.broadcast('all');
    expect(workers.map((worker) => worker.reply().value)).toEqual(['all', 'all', 'all']);
  });

  it('do not count copies without a worker as pending (S10)', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(2).workers;
    job.broadcast('all', { batchId: 'b' });
    expect(job.status('b')).toEqual({ pending: 0, running: 0 });
    worker?.get('fetch', 'task');
    expect(job.status('b')).toEqual({ pending: 1, running: 1 });
  });

  it('begin the join phase (S5)', (server) => {
    const job = new Job(server, { rankCount: '2' });
    job.crew(1);
    job.broadcast('all');
    expect(job.phase).toBe('joining');
    server.advance(60_000);
    expect(job.phase).toBe('closed');
  });
});

describe('jobStatus (S10)', () => {
  it('counts queued and running tasks of one batch, of the unnamed batch, or of all batches', (server) => {
    const job = new Job(server);
    const [worker] = job.crew(1).workers;
    const seen = () => ({
      all: job.status(),
      b: job.status('b'),
      none: job.master.get('find', 'jobStatus').metadata,
    });
    for (const batch of [{ batchId: 'b' }, { batchId: 'b' }, {}]) job.task('x', batch);
    const none = { nwsPending: '1', nwsRunning: '0' };
    expect(seen()).toEqual({ all: { pending: 3, running: 0 }, b: { pending: 2, running: 0 }, none });
    worker?.get('fetch', 'task');
    expect(seen()).toEqual({ all: { pending: 3, running: 1 }, b: { pending: 2, running: 1 }, none });
    worker?.store('result', '');
    expect(seen()).toEqual({ all: { pending: 2, running: 0 }, b: { pending: 1, running: 0 }, none });
    expect(job.master.get('fetch', 'jobStatus', { metadata: { all: '1' } })).toMatchObject({ value: '2' });
  });

  for (const attempts of [1, 2])
    it(`does not count a copy of a broadcast that attempt ${attempts} did not bring to its worker (S18)`, (server) => {
      const job = new Job(server, { onDeadWorker: 'requeue', reconnectGrace: '60' });
      const rank = job.rank(job.sentinel(0));
      const worker = job.worker(rank, { session: 'mine' });
      job.broadcast('to all');
      expect(job.status()).toEqual({ pending: 0, running: 0 });
      for (let n = 0; n < attempts; n++) {
        expect(worker.get('fetch', 'task').value).toBe('to all');
        expect(job.status()).toEqual({ pending: 1, running: 1 });
      }
      worker.leave();
      expect(job.status()).toEqual({ pending: 1, running: 1 });
      const back = job.worker(rank, { session: 'mine', doing: String(attempts - 1) });
      expect(job.status()).toEqual({ pending: 0, running: 0 });
      expect(back.get('fetch', 'task').value).toBe('to all');
      expect(job.status()).toEqual({ pending: 1, running: 1 });
    });
});
