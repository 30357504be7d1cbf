import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import type { JobPolicy } from '../../src/sleigh/job-policy.ts';
import { localityByHost, requeueWithBackoff } from '../../src/sleigh/ready-policies.ts';
import { machinesOf } from '../../src/sleigh/policy-machines.ts';
import { TraceCheck } from '../../src/trace/check.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';
import { SessionClient } from './session-client.ts';

const requeue = { onDeadWorker: 'requeue', join: 'elastic' };
const locality = localityByHost({ waitMilliseconds: 500 });
const ON_ADA = { batchId: 'a', taskHost: 'ada' };

interface Play {
  readonly server: SimulatedServer;
  readonly job: Job;
  /** Two on the host ada, one on the host bob. */
  readonly ada: Visitor;
  readonly ada2: Visitor;
  readonly bob: Visitor;
}

function begin(policy: JobPolicy, options: ConstructorParameters<typeof SimulatedServer>[0] = {}): Play {
  const server = new SimulatedServer({ policy, ...options });
  const job = new Job(server, requeue);
  job.sentinel(3);
  const [ada, ada2, bob] = [
    job.worker(0, { host: 'ada' }),
    job.worker(1, { host: 'ada' }),
    job.worker(2, { host: 'bob' }),
  ];
  return { server, job, ada, ada2, bob };
}

/** Runs a test, and checks at its end that nothing is left. */
const play =
  (act: (play: Play) => void, policy = locality) =>
  (): void => {
    const at = begin(policy, { verifies: true });
    act(at);
    at.job.results('a');
    at.server.end();
  };

const done = (worker: Visitor): string => worker.store('result', 'done').status;
/** The task that it gets at once; empty if there is none for it. */
const tried = (worker: Visitor): string | undefined => worker.get('fetchTry', 'task').value;
const timersOf = (server: SimulatedServer): string =>
  [...(sleighsOf(server)[0]?.timers.running.keys() ?? [])].join();

describe('locality by host (S32)', () => {
  test(
    'a task that names a host waits for a worker of it, however long others have waited',
    play(({ server, job, ada, bob }) => {
      bob.wait('fetch', 'task');
      job.task('of ada', ON_ADA);
      expect(bob.isWaiting).toBe(true);
      expect(job.status('a')).toEqual({ pending: 1, running: 0 });
      expect(timersOf(server)).toContain('placement of task 1');
      expect(ada.get('fetch', 'task').value).toBe('of ada');
      expect(timersOf(server)).not.toContain('placement');
      job.task('of anybody', { batchId: 'a' });
      expect(bob.reply().value).toBe('of anybody');
      expect([done(ada), done(bob)]).toEqual(['0000', '0000']);
    }),
  );

  test(
    'it is given to a worker of the host that waits already, although another one has waited longer',
    play(({ job, ada, bob }) => {
      bob.wait('fetch', 'task');
      ada.wait('fetch', 'task');
      job.task('of ada', ON_ADA);
      expect(ada.reply().value).toBe('of ada');
      expect(bob.isWaiting).toBe(true);
      done(ada);
    }),
  );

  test(
    'after its time every worker gets it',
    play(({ server, job, bob }) => {
      bob.wait('fetch', 'task');
      job.task('of ada', ON_ADA);
      server.advance(499);
      expect(bob.isWaiting).toBe(true);
      server.advance(1);
      expect(bob.reply().value).toBe('of ada');
      done(bob);
    }),
  );

  test(
    'it goes anywhere when the last worker of the host has ended, and not before',
    play(({ job, ada, ada2, bob }) => {
      bob.wait('fetch', 'task');
      job.task('of ada', ON_ADA);
      ada.leave();
      expect(bob.isWaiting).toBe(true);
      ada2.leave();
      expect(bob.reply().value).toBe('of ada');
      job.task('another', ON_ADA);
      done(bob);
      expect(tried(bob)).toBe('another');
      done(bob);
    }),
  );

  test(
    'a task whose host has no worker, or that names none, is not kept',
    play(({ server, job, bob }) => {
      for (const metadata of [{ batchId: 'a', taskHost: 'eve' }, { batchId: 'a' }]) {
        job.task('a task', metadata);
        expect(timersOf(server)).not.toContain('placement');
        expect(tried(bob)).toBe('a task');
        done(bob);
      }
    }),
  );

  test(
    'tasks that have waited keep their order among the others',
    play(({ server, job, bob }) => {
      for (const [value, metadata] of [
        ['1', ON_ADA],
        ['2', { batchId: 'a' }],
        ['3', ON_ADA],
        ['4', { batchId: 'a' }],
      ] as const)
        job.task(value, metadata);
      server.advance(500);
      const order = [1, 2, 3, 4].map(() => {
        const value = tried(bob);
        done(bob);
        return value;
      });
      expect(order).toEqual(['1', '2', '3', '4']);
    }),
  );

  test(
    'a task that returns to the queue is asked about again, after it has waited for its backoff',
    play(
      ({ server, job, ada, ada2, bob }) => {
        job.task('of ada', ON_ADA);
        ada.get('fetch', 'task');
        ada.leave();
        server.advance(100);
        expect(tried(bob)).toBe('');
        expect(tried(ada2)).toBe('of ada');
        ada2.leave();
        server.advance(200);
        expect(tried(bob)).toBe('of ada');
        done(bob);
      },
      { ...locality, ...requeueWithBackoff({ firstMilliseconds: 100 }) },
    ),
  );

  test(
    'copies of broadcasts are not kept',
    play(({ job, ada, ada2, bob }) => {
      job.broadcast('for all', ON_ADA);
      for (const worker of [ada, ada2, bob]) {
        expect(tried(worker)).toBe('for all');
        done(worker);
      }
    }),
  );

  test('a job that shuts down, or is deleted, drops them', () => {
    for (const end of ['rideover', 'delete'] as const) {
      const { server, job, ada, ada2, bob } = begin(locality);
      job.task('of ada', ON_ADA);
      if (end === 'delete') job.owner.client.call(['delete ws', 'job']);
      else {
        job.master.store('Sleigh ride over', '1');
        server.advance(60_000);
      }
      for (const client of [ada, ada2, bob]) client.leave();
      expect(timersOf(server)).not.toContain('placement');
      server.end();
    }
  });

  test('each step is in the trace', () => {
    const { server, job, ada } = begin(locality, { traces: true });
    job.task('first', ON_ADA);
    ada.get('fetch', 'task');
    job.task('second', ON_ADA);
    server.advance(500);
    const steps = server.trace.filter(({ chart }) => chart === 'localityByHost');
    expect(steps.map(({ actor, before, after }) => [actor, before, after])).toEqual([
      ['placement.1', '', 'deciding'],
      ['placement.1', 'deciding', 'waiting'],
      ['placement.1', 'waiting', 'taken'],
      ['placement.2', '', 'deciding'],
      ['placement.2', 'deciding', 'waiting'],
      ['placement.2', 'waiting', 'anywhere'],
    ]);
    const check = new TraceCheck(machinesOf(locality));
    expect(steps.map((step) => check.step(step))).toEqual(steps.map(() => undefined));
  });

  test('begins again after a crash of the server: the task is in the queue, and waits anew', () => {
    const before = new SimulatedServer({ policy: locality });
    const master = new SessionClient(before, 'of the master');
    master.call(['open ws', 'job', 'me', 'no'], { wstype: 'sleigh', ...requeue });
    const workers = ['ada', 'bob'].map((host, rank) => {
      const worker = new SessionClient(before, `of ${host}`);
      master.call(['fetch', 'job', 'worker_ids']);
      worker.call(['use ws', 'job', 'me', 'no']);
      worker.call(['store', 'job', 'worker_ids', '1', String(rank)], { host });
      return worker;
    });
    const [ada, bob] = workers;
    if (ada === undefined || bob === undefined) throw new Error('no workers');
    for (const value of ['first', 'second']) master.call(['store', 'job', 'task', '1', value], ON_ADA);
    before.advance(300);
    const server = before.crash();
    for (const client of [master, ada, bob]) client.resume(server);
    expect(bob.call(['fetchTry', 'job', 'task']).status).toBe('0001');
    expect(ada.call(['fetch', 'job', 'task']).value).toBe('first');
    server.advance(500);
    expect(bob.call(['fetch', 'job', 'task']).value).toBe('second');
    for (const worker of workers) worker.call(['store', 'job', 'result', '1', 'done']);
    for (const _ of workers) master.call(['fetchTry', 'job', 'result'], { batchId: 'a' });
    server.end();
  });

  test('a negative time is refused', () => {
    expect(() => localityByHost({ waitMilliseconds: -1 })).toThrow(
      '`waitMilliseconds` must be a number of milliseconds from 0, got -1',
    );
  });
});

const onHost = (host: string, milliseconds = 100) => ({
  actions: { type: 'onHost', params: { host, milliseconds } },
});
const placing = (onQueued: object, onElapsed: object = {}): JobPolicy => ({
  placement: createMachine({
    id: 'test',
    initial: 'deciding',
    states: {
      deciding: { on: { 'task.queued': onQueued, 'wait.elapsed': onElapsed, 'task.taken': 'taken' } },
      taken: { type: 'final' },
    },
  }),
});

describe('a policy for placement (S32)', () => {
  test(
    'may let a task wait for one host after the other, three times',
    play(
      ({ server, job, bob }) => {
        bob.wait('fetch', 'task');
        job.task('a task', { batchId: 'a' });
        server.advance(299);
        expect(bob.isWaiting).toBe(true);
        server.advance(1);
        expect(bob.reply().value).toBe('a task');
        done(bob);
      },
      placing(onHost('ada'), [
        { guard: ({ event }: { event: { waits: number } }) => event.waits < 3, ...onHost('ada') },
        { actions: 'anywhere' },
      ]),
    ),
  );

  test(
    'may move a task from one host to another',
    play(
      ({ server, job, ada, bob }) => {
        bob.wait('fetch', 'task');
        job.task('a task', { batchId: 'a' });
        expect(bob.isWaiting).toBe(true);
        server.advance(100);
        expect(bob.reply().value).toBe('a task');
        expect(tried(ada)).toBe('');
        done(bob);
      },
      placing(onHost('ada'), onHost('bob')),
    ),
  );

  test.each<[string, JobPolicy, RegExp]>([
    ['commands nothing', placing({ actions: [] }), /commanded nothing/],
    ['commands two things', placing({ actions: ['anywhere', 'anywhere'] }), /anywhere and anywhere/],
    [
      'names a host without workers',
      placing(onHost('eve')),
      /onHost for the host .*eve.*, where no worker is/,
    ],
    ['waits for no time', placing(onHost('ada', -1)), /a wait of -1 milliseconds/],
    ['waits for ever', placing(onHost('ada', Infinity)), /a wait of Infinity milliseconds/],
    ['always waits again', placing(onHost('ada'), onHost('ada')), /a task that has waited 3 times/],
  ])('that %s is logged, and every worker may take the task', (_what, policy, why) => {
    const { server, job, bob } = begin(policy, { expectsErrors: true });
    job.task('a task', { batchId: 'a' });
    server.advance(300);
    expect(server.errors.join()).toMatch(why);
    expect(server.errors).toHaveLength(1);
    expect(tried(bob)).toBe('a task');
    done(bob);
    job.results('a');
    server.end();
  });
});
