import { createMachine } from 'xstate';
import { describe, expect, test } from 'vitest';
import type { JobPolicy } from '../../src/sleigh/job-policy.ts';
import { flawOfMachine, machinesOf } from '../../src/sleigh/policy-machines.ts';
import { requeueWithBackoff } from '../../src/sleigh/ready-policies.ts';
import { TraceCheck } from '../../src/trace/check.ts';
import { Job } from '../support/job.ts';
import { simulated, SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';

const boom = (): never => {
  throw new Error('on purpose');
};
const requeue = { onDeadWorker: 'requeue', join: 'elastic' };
const backoff = requeueWithBackoff({ firstMilliseconds: 1_000, mostMilliseconds: 1_500 });

/** A machine that takes one transition. */
const machineOf = (onUnfinished: object, others: object = {}): NonNullable<JobPolicy['recovery']> =>
  createMachine({
    id: 'test',
    initial: 'deciding',
    states: { deciding: { on: { 'task.unfinished': onUnfinished } }, decided: { type: 'final' }, ...others },
  });

/** A worker dies with a task. */
function loseTask(job: Job, worker: Visitor | undefined, batchId = 'a'): void {
  job.task('a task', { batchId });
  worker?.get('fetch', 'task');
  worker?.leave();
}

describe('requeue with backoff (S30.3)', () => {
  test(
    'a task whose worker has died waits, counts as pending, and goes to another worker',
    simulated(
      (server) => {
        const job = new Job(server, requeue);
        const [first, second, third] = job.openCrew(3).workers;
        loseTask(job, first);
        second?.wait('fetch', 'task');
        expect(job.status('a')).toEqual({ pending: 1, running: 0 });
        server.advance(999);
        expect(second?.isWaiting).toBe(true);
        server.advance(1);
        expect(second?.reply().value).toBe('a task');
        expect(job.status('a')).toEqual({ pending: 1, running: 1 });
        // The second wait is as long as the longest.
        second?.leave();
        third?.wait('fetch', 'task');
        server.advance(1_499);
        expect(third?.isWaiting).toBe(true);
        server.advance(1);
        third?.reply();
        third?.store('result', 'done');
        expect(job.results('a').map(({ value }) => value)).toEqual(['done']);
      },
      { policy: backoff, verifies: true },
    ),
  );

  test(
    'a task without attempts left is answered at once',
    simulated(
      (server) => {
        const job = new Job(server, { ...requeue, maxAttempts: '1' });
        const [first] = job.openCrew(1).workers;
        loseTask(job, first);
        expect(job.results('a')).toMatchObject([{ metadata: { nwsNull: '1' } }]);
      },
      { policy: backoff },
    ),
  );

  test('a job that shuts down drops a task that waits', () => {
    // Longer than the drain period.
    const server = new SimulatedServer({ policy: requeueWithBackoff({ firstMilliseconds: 30_000 }) });
    const job = new Job(server, requeue);
    loseTask(job, job.openCrew(2).workers[0]);
    job.master.store('Sleigh ride over', '1');
    server.advance(20_000);
    expect(job.status()).toEqual({ pending: 0, running: 0 });
    server.end();
  });

  test('the wait goes on after a crash of the server', () => {
    let server = new SimulatedServer({ policy: backoff });
    const job = new Job(server, requeue);
    loseTask(job, job.openCrew(1).workers[0]);
    server.advance(400);
    server = server.crash();
    const worker = laterWorker(server);
    server.advance(599);
    expect(worker.isWaiting).toBe(true);
    server.advance(1);
    expect(worker.reply().value).toBe('a task');
    worker.disconnect();
    server.end();
  });

  test('a server without the plugin says so, and gives the task to other workers when its time has passed', () => {
    const before = new SimulatedServer({ policy: backoff });
    const job = new Job(before, requeue);
    loseTask(job, job.openCrew(1).workers[0]);
    const server = before.crash({ policy: {} });
    expect(server.warnings.join()).toMatch(/a policy is missing.*"machine":"requeueWithBackoff"/);
    const worker = laterWorker(server);
    server.advance(1_000);
    expect(worker.reply().value).toBe('a task');
    worker.disconnect();
    server.end();
  });

  test('its steps are in the trace, where they are checked', () => {
    const server = new SimulatedServer({ policy: backoff, traces: true });
    const job = new Job(server, requeue);
    loseTask(job, job.openCrew(2).workers[0]);
    server.advance(1_000);
    const steps = server.trace.filter(({ chart }) => chart === 'requeueWithBackoff');
    expect(steps.map(({ actor, before, after, scope }) => [scope, actor, before, after])).toEqual([
      ['sleigh job', 'recovery.1', '', 'deciding'],
      ['sleigh job', 'recovery.1', 'deciding', 'waiting'],
      ['sleigh job', 'recovery.1', 'waiting', 'requeued'],
    ]);
    const check = new TraceCheck(machinesOf(backoff));
    expect(steps.map((step) => check.step(step))).toEqual([undefined, undefined, undefined]);
    const strange = { ...steps[1], after: 'requeued' };
    const again = new TraceCheck(machinesOf(backoff));
    if (steps[0] === undefined || steps[1] === undefined) throw new Error('there are no steps');
    again.step(steps[0]);
    expect(again.step({ ...steps[1], ...strange })?.reason).toMatch(/goes from "deciding" to "waiting"/);
  });
});

/** A worker that comes after the restart, and waits for a task. */
function laterWorker(server: SimulatedServer): ReturnType<SimulatedServer['connect']> {
  const client = server.connect();
  client.call(['use ws', 'job', 'x', 'no']);
  const rank = client.call(['fetch', 'job', 'worker_ids']).value ?? '';
  client.call(['store', 'job', 'worker_ids', '1', rank]);
  client.send(['fetch', 'job', 'task']);
  return client;
}

describe('a policy that fails (S30.3)', () => {
  const decided = { target: 'decided' };
  test.each<[string, JobPolicy['recovery'], RegExp]>([
    ['throws', machineOf({ ...decided, guard: boom }), /has thrown.*on purpose/],
    ['throws after a command', machineOf({ ...decided, actions: ['answer', boom] }), /has thrown/],
    ['commands nothing', machineOf(decided), /commanded nothing, and must command one thing/],
    ['does not know the event', machineOf({ guard: () => false, target: 'decided' }), /commanded nothing/],
    ['commands two things', machineOf({ ...decided, actions: ['answer', 'requeue'] }), /answer and requeue/],
    ['wants another worker to retry', machineOf({ ...decided, actions: 'retry' }), /cannot try it again/],
    [
      'waits for no time',
      machineOf({ actions: { type: 'wait', params: { milliseconds: NaN } } }),
      /wait of NaN milliseconds/,
    ],
  ])('because it %s, is logged with its name, and the server decides instead', (_what, recovery, why) => {
    for (const traces of [false, true]) {
      const server = new SimulatedServer({ policy: { recovery }, expectsErrors: true, traces });
      const job = new Job(server, requeue);
      const [first, second] = job.openCrew(2).workers;
      second?.wait('fetch', 'task');
      job.task('not for the dead');
      second?.reply();
      loseTask(job, first);
      expect(server.errors).toHaveLength(1);
      expect(server.errors[0]).toMatch(/a policy failed.*"plugin":"test","machine":"test"/);
      expect(server.errors[0]).toMatch(why);
      second?.store('result', 'done');
      expect(second?.get('fetch', 'task').value).toBe('a task');
      second?.store('result', 'done');
      expect(job.results('a')).toHaveLength(1);
      job.results();
      expect(server.errors).toHaveLength(1);
      if (!traces) server.end();
    }
  });
});

describe('a machine that is no policy', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /is no machine of XState/],
    ['a config', { initial: 'a' }, /is no machine of XState/],
    ...['worker', 'connection', 'session', 'valueLease'].map((id): [string, unknown, RegExp] => [
      `one with the name of the machine ${id} of the server`,
      createMachine({ id }),
      /the server has a machine ".*" itself/,
    ]),
    [
      'one with another command',
      machineOf({ actions: 'explode' }),
      /commands "explode"; the commands for recovery are \w+(, \w+)+$/,
    ],
    ['one with a delay', machineOf({}, { later: { after: { 10: 'decided' } } }), /cannot be compiled/],
  ])('such as %s is refused with a sentence', (_what, machine, why) => {
    expect(flawOfMachine('recovery', machine)).toMatch(why);
  });

  test('options of a ready policy are checked', () => {
    expect(() => requeueWithBackoff({ firstMilliseconds: -1 })).toThrow(
      '`firstMilliseconds` must be a number of milliseconds from 0, got -1',
    );
  });
});
