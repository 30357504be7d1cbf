import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import type { Sleigh } from '../../src/sleigh/sleigh.ts';
import type { Stragglers } from '../../src/sleigh/stragglers.ts';
import type { Task } from '../../src/sleigh/task.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';

const WATCH_MS = 2_500;

interface Play {
  readonly server: SimulatedServer;
  readonly job: Job;
  readonly sleigh: Sleigh;
  readonly stragglers: Stragglers;
  readonly workers: readonly [Visitor, Visitor, Visitor];
  /** What the policy was told, in order. */
  readonly facts: Readonly<Record<string, unknown>>[];
}

/** A job with three workers and a policy that always says the same. */
function begin(decision: 'copy' | 'watch' | 'runAlone'): Play {
  const facts: Readonly<Record<string, unknown>>[] = [];
  const watches = { actions: { type: 'watch', params: { milliseconds: WATCH_MS } } };
  const decide = [
    { guard: 'noting' },
    decision === 'watch' ? watches : { target: 'decided', actions: decision },
  ];
  const stragglers = createMachine(
    {
      id: 'test',
      initial: 'deciding',
      states: {
        deciding: {
          on: { 'task.running': decide, 'watch.elapsed': decide, 'task.ended': { target: 'decided' } },
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
      },
    },
  );
  const server = new SimulatedServer({ policy: { stragglers }, isStored: false });
  const job = new Job(server, { onDeadWorker: 'requeue', join: 'elastic' });
  const [first, second, third] = job.openCrew(3).workers;
  const [sleigh] = sleighsOf(server);
  if (first === undefined || second === undefined || third === undefined || sleigh === undefined)
    throw new Error('no workers');
  return { server, job, sleigh, stragglers: sleigh.work.stragglers, workers: [first, second, third], facts };
}

function taskOf({ sleigh }: Play, rank: number): Task {
  const { task } = sleigh.crew.worker(rank);
  if (task === undefined) throw new Error(`worker ${rank} has no task`);
  return task;
}

describe('a second copy (S31)', () => {
  test('goes to a worker that waits already, and both have it until each is done', () => {
    const play = begin('copy');
    const { job, stragglers, workers } = play;
    const [first, second] = workers;
    second.wait('fetch', 'task');
    first.wait('fetch', 'task');
    job.task('a', { batchId: 'b', attempt: '1' });
    expect(first.reply()).toMatchObject({ value: 'a', metadata: { attempt: '2' } });
    expect(second.reply()).toMatchObject({ value: 'a', metadata: { attempt: '1' } });
    const task = taskOf(play, 0);
    expect([stragglers.wanted, stragglers.ranksOf(task), task.attempts]).toEqual([0, [1, 0], 2]);
    first.store('result', 'one');
    expect(stragglers.ranksOf(task)).toEqual([1]);
    expect(job.status('b')).toEqual({ pending: 0, running: 0 });
    second.store('result', 'two');
    expect(stragglers.ranksOf(task)).toEqual([]);
    expect(job.results('b').map(({ value }) => value)).toEqual(['one']);
  });

  test('is not wanted any more when the task has its result, or its worker has ended', () => {
    for (const end of [
      (worker: Visitor) => void worker.store('result', 'done'),
      (worker: Visitor) => worker.leave(),
    ]) {
      const { job, stragglers, workers } = begin('copy');
      job.task('a');
      workers[0].get('fetch', 'task');
      expect(stragglers.wanted).toBe(1);
      end(workers[0]);
      expect([stragglers.wanted, [...stragglers.wantedNumbers()]]).toEqual([0, []]);
    }
  });

  test('is not for a worker that has declined the task (S19)', () => {
    const play = begin('copy');
    const { job, stragglers, workers } = play;
    job.task('a');
    workers[0].get('fetch', 'task');
    const task = taskOf(play, 0);
    task.declined = { ranks: new Set([1]), last: { rank: 1, end: undefined } };
    expect([1, 2].map((rank) => stragglers.countFor({ rank }))).toEqual([0, 1]);
    expect(stragglers.takeFor({ rank: 1 })).toBeUndefined();
    expect(workers[1].get('fetchTry', 'task').status).toBe('0001');
    expect(workers[2].get('fetchTry', 'task').value).toBe('a');
    expect([1, 2].map((rank) => stragglers.countFor({ rank }))).toEqual([0, 0]);
  });

  test('is decided about again when one of two workers has ended, and not when it has the result', () => {
    const play = begin('copy');
    const { job, stragglers, workers } = play;
    job.task('a');
    for (const worker of [workers[0], workers[1]]) worker.get('fetch', 'task');
    const task = taskOf(play, 0);
    workers[0].leave();
    expect([stragglers.ranksOf(task), stragglers.wanted]).toEqual([[1], 1]);
    expect(workers[2].get('fetchTry', 'task').value).toBe('a');
    workers[1].store('result', 'done');
    expect([stragglers.ranksOf(task), stragglers.wanted]).toEqual([[2], 0]);
  });

  test('is not given when the job is over (S14)', () => {
    const { job, stragglers, workers } = begin('copy');
    job.task('a');
    workers[0].get('fetch', 'task');
    expect(stragglers.wanted).toBe(1);
    stragglers.clear();
    expect([stragglers.wanted, workers[1].get('fetchTry', 'task').status]).toEqual([0, '0001']);
  });

  test('counts among the tasks that a worker may take, beside those that are queued', () => {
    const { job, sleigh, stragglers, workers } = begin('copy');
    const { crew, work } = sleigh;
    const isAvailable = (): boolean[] => [0, 1, 2].map((rank) => work.isAvailableFor(crew.worker(rank)));
    expect(isAvailable()).toEqual([false, false, false]);
    job.task('a');
    expect(isAvailable()).toEqual([true, true, true]);
    workers[0].get('fetch', 'task');
    expect(isAvailable()).toEqual([true, true, true]);
    expect(stragglers.wanted + work.tasks.length).toBe(1);
    workers[1].get('fetch', 'task');
    expect(isAvailable()).toEqual([false, false, false]);
    expect(work.completed).toBe(0);
    for (const worker of [workers[0], workers[1]]) worker.store('result', 'done');
    expect(work.completed).toBe(1);
  });
});

describe('what decides about second copies (S31)', () => {
  test('watches until the task has its result', () => {
    const { job, stragglers, sleigh, workers } = begin('watch');
    const [first] = workers;
    job.task('a');
    first.get('fetch', 'task');
    expect([...stragglers.watched()]).toEqual([1]);
    expect([stragglers.actor('stragglers.1')?.id, stragglers.actor('stragglers.2')]).toEqual([
      'stragglers.1',
      undefined,
    ]);
    expect([...sleigh.timers.running.keys()]).toContain('lateness of task 1');
    first.store('result', 'done');
    expect([[...stragglers.watched()], stragglers.actor('stragglers.1')]).toEqual([[], undefined]);
    expect([...sleigh.timers.running.keys()]).not.toContain('lateness of task 1');
  });

  test('has decided once a second copy is wanted', () => {
    const { job, stragglers, workers } = begin('copy');
    job.task('a');
    workers[0].get('fetch', 'task');
    expect([[...stragglers.watched()], [...stragglers.wantedNumbers()]]).toEqual([[], [1]]);
  });

  test('is told who has the task for how long, and how long those before it took', () => {
    const { server, job, workers, facts } = begin('watch');
    const [first, second] = workers;
    job.task('a', { batchId: 'b', maxAttempts: '5', note: 'x' });
    second.get('fetch', 'task');
    expect(facts.splice(0)).toMatchObject([
      {
        type: 'task.running',
        task: 1,
        attempts: 1,
        maxAttempts: 5,
        onDeadWorker: 'requeue',
        rank: 1,
        metadata: { note: 'x' },
        milliseconds: 0,
        waitingWorkers: 0,
        finished: 0,
        medianMilliseconds: 0,
      },
    ]);
    first.wait('fetch', 'task');
    server.advance(2 * WATCH_MS - 1);
    expect(facts.splice(0)).toMatchObject([
      { type: 'watch.elapsed', milliseconds: WATCH_MS, waitingWorkers: 1 },
    ]);
    server.advance(1);
    expect(facts.splice(0)).toMatchObject([{ milliseconds: 2 * WATCH_MS }]);
    server.advance(500);
    second.store('result', 'done');
    job.task('b', { batchId: 'b' });
    first.reply();
    expect(facts).toMatchObject([
      { task: 2, rank: 0, maxAttempts: 3, finished: 1, medianMilliseconds: 2 * WATCH_MS + 500 },
    ]);
  });
});
