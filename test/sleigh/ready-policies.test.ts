import { describe, expect, it } from 'vitest';
import { flawOfTime } from '../../src/sleigh/policy-failure.ts';
import { localityByHost, requeueWithBackoff, speculativeCopies } from '../../src/sleigh/ready-policies.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

type Make = (value: number) => unknown;

const MADE: readonly (readonly [
  option: string,
  make: Make,
  good: readonly number[],
  bad: readonly number[],
])[] = [
  ['firstMilliseconds', (n) => requeueWithBackoff({ firstMilliseconds: n }), [0, 0.5], [-0.5, NaN, Infinity]],
  ['mostMilliseconds', (n) => requeueWithBackoff({ mostMilliseconds: n }), [0, 1], [-1]],
  ['waitMilliseconds', (n) => localityByHost({ waitMilliseconds: n }), [0, 1], [-1, Infinity]],
  ['everyMilliseconds', (n) => speculativeCopies({ everyMilliseconds: n }), [0, 1], [-1]],
  ['times', (n) => speculativeCopies({ times: n }), [1, 1.5], [0.9, NaN, Infinity]],
  ['finished', (n) => speculativeCopies({ finished: n }), [1, 2, 32], [0, 1.5, 33, NaN]],
];

describe('the options of ready policies', () => {
  it.each(MADE)('%s is accepted up to its bounds, and refused by name beyond', (option, make, good, bad) => {
    for (const value of good) expect(() => make(value)).not.toThrow();
    for (const value of bad) expect(() => make(value)).toThrow(`\`${option}\` must be`);
  });

  const requeue = { onDeadWorker: 'requeue', join: 'elastic' };

  it('say how long a task waits for other workers (S30.3)', () => {
    const server = new SimulatedServer({ policy: requeueWithBackoff({ firstMilliseconds: 7_000 }) });
    const job = new Job(server, requeue);
    const [first, second] = job.openCrew(2).workers;
    job.task('a task');
    first?.get('fetch', 'task');
    first?.leave();
    second?.wait('fetch', 'task');
    server.advance(6_999);
    expect(second?.isWaiting).toBe(true);
    server.advance(1);
    expect(second?.reply().value).toBe('a task');
  });

  it('say how long a task waits for a worker of its host (S32)', () => {
    const server = new SimulatedServer({ policy: localityByHost({ waitMilliseconds: 7_000 }) });
    const job = new Job(server, requeue);
    job.sentinel(2);
    job.worker(0, { host: 'ada' });
    const bob = job.worker(1, { host: 'bob' });
    bob.wait('fetch', 'task');
    job.task('of ada', { taskHost: 'ada' });
    server.advance(6_999);
    expect(bob.isWaiting).toBe(true);
    server.advance(1);
    expect(bob.reply().value).toBe('of ada');
  });

  it('say when a task gets a second copy (S31)', () => {
    const policy = speculativeCopies({ times: 2, finished: 1, everyMilliseconds: 7_000 });
    const server = new SimulatedServer({ policy });
    const job = new Job(server, requeue);
    const [first, second] = job.openCrew(2).workers;
    for (const value of ['quick', 'slow']) job.task(value, { batchId: 'a' });
    second?.get('fetch', 'task');
    first?.get('fetch', 'task');
    server.advance(1_000);
    second?.store('result', 'done');
    second?.wait('fetch', 'task');
    server.advance(5_999);
    expect(second?.isWaiting).toBe(true);
    server.advance(1);
    expect(second?.reply().value).toBe('slow');
  });
});

describe('the time that a policy lets a task wait (S30.3)', () => {
  it('is from 0, and finite', () => {
    for (const time of [0, 0.5, 1e9]) expect(flawOfTime('wait', time)).toBeUndefined();
    for (const time of [-0.5, NaN, Infinity])
      expect(flawOfTime('wait', time)).toBe(`it has commanded a wait of ${time} milliseconds`);
  });
});
