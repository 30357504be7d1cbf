import { describe, expect, test } from 'vitest';
import type { JobOperation } from '../../src/sleigh/job-operation.ts';
import { Job } from '../support/job.ts';
import { OK } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const requeue = { onDeadWorker: 'requeue' };
const HEARS = { hearsJobs: true };

/** The types of the events so far, with the rank or the number of each. */
function told({ jobEvents }: SimulatedServer): string[] {
  const texts = jobEvents.map((event) => {
    const task = 'task' in event && event.task !== undefined ? ` task ${event.task.number}` : '';
    const rank = 'rank' in event ? ` worker ${event.rank}` : '';
    const count =
      'workers' in event ? ` ${event.workers}` : 'sentinels' in event ? ` ${event.sentinels}` : '';
    return event.type + rank + task + count;
  });
  jobEvents.length = 0;
  return texts;
}

let operations = 0;
/** Carries out what a plugin asks for. @returns why it is refused, or undefined */
function operate(server: SimulatedServer, what: JobOperation, job = 'job'): string | undefined {
  const operation = ++operations;
  server.handle({ type: 'jobOperation', operation, job, what });
  expect(server.outcomes.has(operation)).toBe(true);
  return server.outcomes.get(operation);
}

describe('what happens in a job, for plugins (S30)', () => {
  it(
    'is told in the order in which it happens, as data that survives JSON',
    (server) => {
      const job = new Job(server, requeue);
      const sentinel = job.sentinel(3);
      const worker = job.worker(0, { host: 'ada' });
      const other = job.worker(1);
      expect(told(server)).toEqual([
        'declare_worker worker 0',
        'declare_worker worker 1',
        'declare_worker worker 2',
        'register_worker worker 0',
        'register_worker worker 1',
      ]);
      job.close();
      expect(told(server)).toEqual(['group_close_pre 2', 'deadbeat_worker worker 2', 'group_close_post 2']);
      worker.wait('fetch', 'task');
      job.task('first', { batchId: 'a' });
      worker.reply();
      expect(told(server)).toEqual([
        'new_unicast_pre task 1',
        'assign_task worker 0 task 1',
        'new_unicast_post task 1',
      ]);
      worker.store('result', 'done');
      expect(JSON.parse(JSON.stringify(server.jobEvents))).toEqual(server.jobEvents);
      expect(server.jobEvents[0]).toMatchObject({
        job: 'job',
        time: server.now,
        rank: 0,
        task: {
          number: 1,
          batchIds: ['a'],
          isCopy: false,
          attempts: 1,
          value: { payload: 'first', bytes: 5, metadata: { batchId: 'a' } },
        },
        result: { payload: 'done', metadata: { batchId: 'a', nwsWorkerRank: '0' } },
      });
      expect(told(server)).toEqual(['finish_task_pre worker 0 task 1', 'finish_task_post worker 0 task 1']);
      job.results('a');
      job.broadcast('for both', { batchId: 'b' });
      expect(told(server)).toEqual(['new_broadcast_pre task 2', 'new_broadcast_post task 2']);
      sentinel.wait('find', 'sentinel_alive');
      server.advance(60_000);
      sentinel.reply();
      expect(told(server)).toEqual(['woke_sentinels 1']);
      other.get('fetch', 'task');
      other.leave();
      expect(told(server)).toEqual(['assign_task worker 1 task 2', 'dead_worker worker 1 task 2']);
      job.results('b');
    },
    HEARS,
  );

  it(
    'a dead worker is reported before its task goes to another one',
    (server) => {
      const job = new Job(server, requeue);
      const [first, second] = job.openCrew(2).workers;
      job.task('a task');
      first?.get('fetch', 'task');
      second?.wait('fetch', 'task');
      told(server);
      first?.leave();
      second?.reply();
      expect(told(server)).toEqual(['dead_worker worker 0 task 1', 'assign_task worker 1 task 1']);
    },
    HEARS,
  );

  it('costs nothing without a plugin: no event is made', (server) => {
    const job = new Job(server, requeue);
    const [worker] = job.openCrew(1).workers;
    job.task('a task');
    worker?.get('fetch', 'task');
    worker?.store('result', 'done');
    expect(server.jobEvents).toEqual([]);
    job.results();
  });
});

describe('what a plugin does in a job (S30)', () => {
  it('a task that it submits is done by a worker', (server) => {
    const job = new Job(server, requeue);
    const [worker] = job.openCrew(1).workers;
    worker?.wait('fetch', 'task');
    const value = { payload: 'of the plugin', metadata: { batchId: 'p' } };
    expect(operate(server, { type: 'submit', value })).toBeUndefined();
    expect(worker?.reply()).toMatchObject({ ...OK, value: 'of the plugin', descriptor: 1 });
    worker?.store('result', 'done');
    expect(job.results('p').map((result) => result.value)).toEqual(['done']);
  });

  it('a task is refused when the sleigh shuts down, or there is no such job', (server) => {
    const job = new Job(server, requeue);
    job.master.store('Sleigh ride over', '1');
    const submit = { type: 'submit', value: { payload: 'late' } } as const;
    expect(operate(server, submit)).toBe('Store failed: sleigh is shutting down.');
    expect(operate(server, submit, 'none')).toBe('there is no job in a workspace "none"');
  });

  it('a result that it puts for a worker goes to the master, and that of the worker is discarded', (server) => {
    const job = new Job(server, requeue);
    const [worker] = job.openCrew(1).workers;
    job.task('slow', { batchId: 'a' });
    job.task('next', { batchId: 'a' });
    worker?.get('fetch', 'task');
    const put = { type: 'putResult', rank: 0, value: { payload: 'from elsewhere' } } as const;
    expect(operate(server, put)).toBeUndefined();
    expect(job.results('a')).toMatchObject([{ value: 'from elsewhere', metadata: { nwsWorkerRank: '0' } }]);
    expect(job.status('a')).toEqual({ pending: 1, running: 0 });
    expect(operate(server, put)).toBe('Store failed: no current task to store a result of.');
    // The worker knows nothing of it.
    expect(worker?.store('result', 'its own')).toMatchObject(OK);
    expect(job.results('a')).toEqual([]);
    expect(worker?.get('fetch', 'task')).toMatchObject({ value: 'next' });
    worker?.store('result', 'done');
    expect(job.results('a')).toMatchObject([{ value: 'done' }]);
  });

  test.each(['dies', 'skips', 'is restarted'])(
    'a worker whose task has its result %s, and the task is not done again',
    (how) => {
      let server = new SimulatedServer();
      const job = new Job(server, { ...requeue, join: 'elastic' });
      const [worker] = job.openCrew(1).workers;
      job.task('slow', { batchId: 'a' });
      worker?.get('fetch', 'task');
      operate(server, { type: 'putResult', rank: 0, value: { payload: 'from elsewhere' } });
      if (how === 'dies') worker?.leave();
      if (how === 'skips') worker?.wait('fetch', 'task');
      if (how === 'is restarted') {
        // The connections have closed, and the worker with its task has left.
        server = server.crash();
        const later = server.connect();
        later.call(['use ws', 'job', 'x', 'no']);
        expect(later.call(['fetchTry', 'job', 'result'], { batchId: 'a' }).value).toBe('from elsewhere');
        const status = later.call(['findTry', 'job', 'jobStatus'], { all: '1' });
        expect(status.metadata).toMatchObject({ nwsPending: '0', nwsRunning: '0' });
        later.disconnect();
      } else {
        expect(job.results('a').map((result) => result.value)).toEqual(['from elsewhere']);
        expect(job.status()).toEqual({ pending: 0, running: 0 });
      }
      server.end();
    },
  );

  it('a worker that it kills is dead, and its task goes to another one', (server) => {
    const job = new Job(server, requeue);
    const [first, second] = job.openCrew(2).workers;
    job.task('a task');
    first?.get('fetch', 'task');
    second?.wait('fetch', 'task');
    expect(operate(server, { type: 'killWorker', rank: 0 })).toBeUndefined();
    expect(second?.reply().value).toBe('a task');
    expect(first?.get('fetch', 'task').reason).toBe('worker is dead');
    expect(operate(server, { type: 'killWorker', rank: 0 })).toBe('no worker is registered under rank 0');
  });

  it('a sentinel that it kills is told to stop, and its workers are dead', (server) => {
    const job = new Job(server, requeue);
    const { sentinel, workers } = job.openCrew(1);
    sentinel.wait('find', 'sentinel_alive');
    workers[0]?.wait('fetch', 'task');
    expect(operate(server, { type: 'killSentinel', sentinel: 0 })).toBeUndefined();
    expect(sentinel.reply().value).toBe('1');
    expect(workers[0]?.reply().reason).toBe('worker is dead');
    expect(sentinel.get('find', 'sentinel_alive').value).toBe('1');
    const again = operate(server, { type: 'killSentinel', sentinel: 0 });
    expect(again).toBe('sentinel 0 has ended, or was never there');
  });

  it('it sees a worker with its task', (server) => {
    const job = new Job(server, requeue);
    job.openCrew(0);
    const worker = job.worker(0, { host: 'ada' });
    job.task('a task');
    worker.get('fetch', 'task');
    const { jobs } = server.core;
    expect(jobs.worker('job', 0)).toMatchObject({
      rank: 0,
      sentinel: 0,
      state: 'busy',
      host: 'ada',
      task: { number: 1, value: { payload: 'a task' } },
    });
    expect([jobs.worker('job', 7), jobs.worker('none', 0)]).toEqual([undefined, undefined]);
  });
});
