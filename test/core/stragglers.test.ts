import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import type { JobPolicy } from '../../src/sleigh/job-policy.ts';
import { requeueWithBackoff, speculativeCopies } from '../../src/sleigh/ready-policies.ts';
import { machinesOf } from '../../src/sleigh/policy-machines.ts';
import { TraceCheck } from '../../src/trace/check.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';
import { SessionClient } from './session-client.ts';

const requeue = { onDeadWorker: 'requeue', join: 'elastic' };
const speculation = speculativeCopies({ times: 3, finished: 2, everyMilliseconds: 1_000 });
/** Every task gets a second copy as soon as a worker has nothing else to do. @param spares the attempts that it leaves */
const copies = (spares: number): JobPolicy => ({
  stragglers: createMachine(
    {
      id: 'always',
      initial: 'deciding',
      states: {
        deciding: {
          on: {
            'task.running': [
              { guard: 'mayBeCopied', target: 'decided', actions: 'copy' },
              { target: 'decided', actions: 'runAlone' },
            ],
          },
        },
        decided: { type: 'final' },
      },
    },
    { guards: { mayBeCopied: ({ event }) => event['attempts'] + spares <= event['maxAttempts'] } },
  ),
});
const always = copies(1);

interface Play {
  readonly server: SimulatedServer;
  readonly job: Job;
  readonly workers: readonly [Visitor, Visitor, Visitor];
}

/** Runs a test with three workers, and checks at its end that nothing is left. */
const play =
  (act: (play: Play) => void, policy = always, options: Readonly<Record<string, string>> = requeue) =>
  (): void => {
    const server = new SimulatedServer({ policy, verifies: true });
    const job = new Job(server, options);
    const [first, second, third] = job.openCrew(3).workers;
    if (first === undefined || second === undefined || third === undefined) throw new Error('no workers');
    act({ server, job, workers: [first, second, third] });
    job.results('a');
    server.end();
  };

/** The first worker has the task, and the second one has a second copy. */
function copied({ job, workers: [first, second] }: Play): void {
  job.task('slow', { batchId: 'a', attempt: '1' });
  expect(first.get('fetch', 'task').value).toBe('slow');
  expect(second.get('fetch', 'task')).toMatchObject({ value: 'slow', metadata: { attempt: '2' } });
}

const done = (worker: Visitor, result = 'done'): string => worker.store('result', result).status;
const values = (job: Job): (string | undefined)[] => job.results('a').map(({ value }) => value);

/** Two tasks of the batch take one second each, and the third worker waits. */
function begin({ server, job, workers: [first, second, third] }: Play): void {
  for (const worker of [first, second]) {
    job.task('fast', { batchId: 'a' });
    worker.get('fetch', 'task');
  }
  server.advance(1_000);
  for (const worker of [first, second]) done(worker);
  job.results('a');
  job.task('slow', { batchId: 'a' });
  first.get('fetch', 'task');
  third.wait('fetch', 'task');
}

describe('speculative copies (S31)', () => {
  test(
    'a task that runs three times as long as the others gets a second copy, and the first result counts',
    play((at) => {
      begin(at);
      const { server, job, workers } = at;
      server.advance(2_999);
      expect(workers[2].isWaiting).toBe(true);
      server.advance(1);
      expect(workers[2].reply().value).toBe('slow');
      expect(job.status('a')).toEqual({ pending: 1, running: 1 });
      expect(done(workers[2], 'of the copy')).toBe('0000');
      expect(job.status('a')).toEqual({ pending: 0, running: 0 });
      expect(done(workers[0], 'too late')).toBe('0000');
      expect(values(job)).toEqual(['of the copy']);
      job.task('short', { batchId: 'a' });
      workers[0].get('fetch', 'task');
      const timers = (): string => [...(sleighsOf(server)[0]?.timers.running.keys() ?? [])].join();
      expect(timers()).toContain('lateness of task 4');
      done(workers[0]);
      expect(timers()).not.toContain('lateness');
    }, speculation),
  );

  test(
    'while every worker has something to do, none is copied; the next look finds one that has not',
    play((at) => {
      begin(at);
      const { server, job, workers } = at;
      job.task('other', { batchId: 'b' });
      expect(workers[2].reply().value).toBe('other');
      server.advance(5_000);
      done(workers[2]);
      job.results('b');
      workers[2].wait('fetch', 'task');
      server.advance(999);
      expect(workers[2].isWaiting).toBe(true);
      server.advance(1);
      expect(workers[2].reply().value).toBe('slow');
      for (const worker of [workers[0], workers[2]]) done(worker);
    }, speculation),
  );

  test('each step is in the trace, also that the task has ended', () => {
    const server = new SimulatedServer({ policy: speculation, traces: true });
    const job = new Job(server, requeue);
    const [first] = job.openCrew(1).workers;
    job.task('short', { batchId: 'a' });
    first?.get('fetch', 'task');
    first?.store('result', 'done');
    const steps = server.trace.filter(({ chart }) => chart === 'speculativeCopies');
    expect(steps.map(({ actor, before, after }) => [actor, before, after])).toEqual([
      ['stragglers.1', '', 'beginning'],
      ['stragglers.1', 'beginning', 'watching'],
      ['stragglers.1', 'watching', 'ended'],
    ]);
    const check = new TraceCheck(machinesOf(speculation));
    expect(steps.map((step) => check.step(step))).toEqual([undefined, undefined, undefined]);
  });

  test.each([
    ['by its last attempt', { ...requeue, maxAttempts: '1' }],
    ['under another policy for dead workers', { onDeadWorker: 'null', join: 'elastic' }],
  ])('a task that may not be handed out again, %s, is not copied', (_why, options) => {
    play(
      (at) => {
        begin(at);
        at.server.advance(60_000);
        expect(at.workers[2].isWaiting).toBe(true);
        done(at.workers[0]);
      },
      speculation,
      options,
    )();
  });

  test.each([
    [{ times: 0.5 }, '`times` must be a number from 1, got 0.5'],
    [{ finished: 33 }, '`finished` must be a whole number from 1 to 32, got 33'],
    [{ everyMilliseconds: -1 }, '`everyMilliseconds` must be a number of milliseconds from 0, got -1'],
  ])('the options %j are refused', (options, reason) => {
    expect(() => speculativeCopies(options)).toThrow(reason);
  });
});

/** A master and two workers with sessions (P15), and a task. */
function aJobOfSessions(server: SimulatedServer): { master: SessionClient; workers: SessionClient[] } {
  const master = new SessionClient(server, 'of the master');
  master.call(['open ws', 'job', 'me', 'no'], { wstype: 'sleigh', ...requeue });
  const workers = ['of one worker', 'of another worker'].map((secret) => new SessionClient(server, secret));
  for (const [rank, worker] of workers.entries()) {
    master.call(['fetch', 'job', 'worker_ids']);
    worker.call(['use ws', 'job', 'me', 'no']);
    worker.call(['store', 'job', 'worker_ids', '1', String(rank)]);
  }
  master.call(['store', 'job', 'task', '1', 'slow'], { batchId: 'a', attempt: '1' });
  return { master, workers };
}

describe('a task with a second copy (S31)', () => {
  test(
    'is counted once, and its first result counts, whoever gives it',
    play((at) => {
      copied(at);
      const { job, workers } = at;
      expect(job.status('a')).toEqual({ pending: 1, running: 1 });
      expect(done(workers[0], 'first')).toBe('0000');
      expect(done(workers[1], 'second')).toBe('0000');
      expect(done(workers[1], 'third')).not.toBe('0000');
      expect(values(job)).toEqual(['first']);
    }),
  );

  test(
    'the other worker may also ask for another task, or die: nothing is done again',
    play((at) => {
      for (const end of [
        (worker: Visitor) => void worker.get('fetchTry', 'task'),
        (worker: Visitor) => worker.leave(),
      ]) {
        copied(at);
        done(at.workers[0]);
        end(at.workers[1]);
        expect(at.job.status()).toEqual({ pending: 0, running: 0 });
      }
      expect(values(at.job)).toEqual(['done', 'done']);
    }),
  );

  test(
    'a worker that dies or fails it changes nothing while the other one has it',
    play((at) => {
      const { job, workers } = at;
      copied(at);
      workers[0].leave();
      expect(job.status('a')).toEqual({ pending: 1, running: 1 });
      expect(workers[2].get('fetchTry', 'task').value).toBe('slow');
      // The third attempt was its last.
      workers[1].get('fetchTry', 'task');
      expect(job.status('a')).toEqual({ pending: 1, running: 1 });
      expect(done(workers[2], 'of the third')).toBe('0000');
      expect(values(job)).toEqual(['of the third']);
    }),
  );

  test(
    'two deaths are two attempts, and the policy for dead workers decides after the second',
    play(
      (at) => {
        const { server, job, workers } = at;
        copied(at);
        workers[1].leave();
        workers[0].leave();
        expect(job.status('a')).toEqual({ pending: 1, running: 0 });
        server.advance(200);
        expect(workers[2].get('fetch', 'task')).toMatchObject({
          value: 'slow',
          metadata: { attempt: '3' },
        });
        workers[2].leave();
        expect(job.results('a')).toMatchObject([{ metadata: { nwsNull: '1' } }]);
      },
      { ...always, ...requeueWithBackoff({ firstMilliseconds: 100 }) },
    ),
  );

  test(
    'a second copy that nobody has begun is not given after the result',
    play(({ job, workers: [first, second] }) => {
      job.task('slow', { batchId: 'a' });
      first.get('fetch', 'task');
      done(first);
      expect(second.get('fetchTry', 'task').status).not.toBe('0000');
      expect(values(job)).toEqual(['done']);
    }),
  );

  test(
    'tasks come before second copies',
    play(({ job, workers: [first, second] }) => {
      job.task('slow', { batchId: 'a' });
      job.task('other', { batchId: 'a' });
      first.get('fetch', 'task');
      expect(second.get('fetch', 'task').value).toBe('other');
      for (const worker of [first, second]) done(worker);
    }),
  );

  test.each([
    ['untried', 'so that the attempt does not count', { value: 'slow', metadata: { attempt: '2' } }],
    ['declined', 'so that it does not get the task again', { status: '0001' }],
    ['failed', 'for good: it is the only attempt that counts', { value: 'slow', metadata: { attempt: '3' } }],
  ])('a worker returns it %s, %s, while the other one has it (S19)', (fate, _why, next) => {
    const server = new SimulatedServer({ policy: always, verifies: true });
    const job = new Job(server, requeue);
    const sentinel = job.visitor();
    const session = 'a secret';
    const [first, second] = [0, 1].map((rank) => {
      sentinel.get('fetch', 'worker_ids', { metadata: { session } });
      return job.worker(rank);
    });
    if (first === undefined || second === undefined) throw new Error('no workers');
    job.task('slow', { batchId: 'a', attempt: '1' });
    for (const worker of [first, second]) worker.get('fetch', 'task');
    sentinel.store('worker_dead', '1', { metadata: { session, task: fate, why: 'on purpose' } });
    expect(job.status('a')).toEqual({ pending: 1, running: 1 });
    sentinel.get('fetch', 'worker_ids', { metadata: { session, replaces: '1' } });
    expect(job.worker(1).get('fetchTry', 'task')).toMatchObject(next);
    expect(done(first)).toBe('0000');
    expect(values(job)).toEqual(['done']);
    server.end();
  });

  test('is decided again after a crash of the server, if nobody had it', () => {
    const before = new SimulatedServer({ policy: always });
    const { master, workers } = aJobOfSessions(before);
    expect(workers[0]?.call(['fetch', 'job', 'task']).value).toBe('slow');
    const server = before.crash();
    for (const client of [master, ...workers]) client.resume(server);
    expect(workers[1]?.call(['fetch', 'job', 'task']).value).toBe('slow');
    for (const worker of workers) worker.call(['store', 'job', 'result', '1', 'done']);
    master.call(['fetchTry', 'job', 'result'], { batchId: 'a' });
    server.end();
  });

  test('of which a worker has declined one gets another one (S19)', () => {
    const server = new SimulatedServer({ policy: always });
    const job = new Job(server, requeue);
    const sentinel = job.visitor();
    const session = 'a secret';
    const [first, second, third] = [0, 1, 2].map((rank) => {
      sentinel.get('fetch', 'worker_ids', { metadata: { session } });
      return job.worker(rank);
    });
    job.task('slow', { batchId: 'a' });
    for (const worker of [first, second]) worker?.get('fetch', 'task');
    sentinel.store('worker_dead', '1', { metadata: { session, task: 'declined', why: 'on purpose' } });
    job.task('another', { batchId: 'a' });
    expect(third?.get('fetch', 'task').value).toBe('another');
    sentinel.get('fetch', 'worker_ids', { metadata: { session, replaces: '1' } });
    const replacement = job.worker(1);
    expect(replacement.get('fetch', 'task').value).toBe('another');
    for (const worker of [first, third, replacement]) worker?.store('result', 'done');
    expect(values(job)).toHaveLength(2);
    server.end();
  });

  test('both workers have it after a crash of the server, and it is counted once', () => {
    const before = new SimulatedServer({ policy: always });
    const { master, workers } = aJobOfSessions(before);
    for (const worker of workers) expect(worker.call(['fetch', 'job', 'task']).value).toBe('slow');
    const server = before.crash();
    for (const client of [master, ...workers]) client.resume(server);
    const counts = (): unknown => master.call(['findTry', 'job', 'jobStatus'], { all: '1' }).metadata;
    expect(counts()).toMatchObject({ nwsPending: '1', nwsRunning: '1' });
    for (const worker of workers)
      expect(worker.call(['store', 'job', 'result', '1', 'done']).status).toBe('0000');
    expect(counts()).toMatchObject({ nwsPending: '0', nwsRunning: '0' });
    const taken = [0, 1].map(() => master.call(['fetchTry', 'job', 'result'], { batchId: 'a' }).status);
    expect(taken).toEqual(['0000', '0001']);
    server.end();
  });
});

const machineOf = (decision: object): JobPolicy => ({
  stragglers: createMachine({
    id: 'test',
    initial: 'deciding',
    states: { deciding: { on: { 'task.running': decision } } },
  }),
});

describe('a policy for stragglers that fails (S31)', () => {
  test.each<[string, JobPolicy, RegExp]>([
    ['copies twice', machineOf({ actions: ['copy', 'copy'] }), /copy and copy, and must command one thing/],
    ['commands nothing', machineOf({ actions: [] }), /commanded nothing/],
    [
      'watches for no time',
      machineOf({ actions: { type: 'watch', params: { milliseconds: -1 } } }),
      /a watch of -1 milliseconds/,
    ],
  ])('because it %s, is logged, and the task runs alone', (_what, policy, why) => {
    const server = new SimulatedServer({ policy, expectsErrors: true });
    const job = new Job(server, requeue);
    const [first, second] = job.openCrew(2).workers;
    job.task('a task', { batchId: 'a' });
    first?.get('fetch', 'task');
    expect(server.errors.join()).toMatch(why);
    expect(second?.get('fetchTry', 'task').status).not.toBe('0000');
    first?.store('result', 'done');
    expect(values(job)).toEqual(['done']);
    server.end();
  });

  test('such as a copy for a task without attempts left', () => {
    const server = new SimulatedServer({ policy: copies(0), expectsErrors: true });
    const job = new Job(server, { ...requeue, maxAttempts: '1' });
    const [first] = job.openCrew(2).workers;
    job.task('a task', { batchId: 'a' });
    first?.get('fetch', 'task');
    expect(server.errors.join()).toMatch(/commanded copy for a task that has no attempts left/);
    first?.store('result', 'done');
    values(job);
    server.end();
  });
});
