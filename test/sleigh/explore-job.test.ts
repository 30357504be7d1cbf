import { readFileSync } from 'node:fs';
import { createMachine } from 'xstate';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  localityByHost,
  requeueWithBackoff,
  speculativeCopies,
  type JobPlugin,
  type JobPolicy,
} from '../../src/index.ts';
import { exploreJob, type JobCounterexample } from '../../src/verify/index.ts';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import { Placement } from '../../src/sleigh/placement.ts';
import { Stragglers } from '../../src/sleigh/stragglers.ts';
import { isShort } from '../support/form.ts';

afterEach(() => void vi.restoreAllMocks());

const boom = (): never => {
  throw new Error('on purpose');
};

/** A policy that decides in one step. */
const deciding = (onUnfinished: object, states: object = {}): JobPolicy => ({
  recovery: createMachine({
    id: 'test',
    initial: 'deciding',
    states: { deciding: { on: { 'task.unfinished': onUnfinished } }, decided: { type: 'final' }, ...states },
  }),
});

const counterexampleOf = (policy: JobPolicy, tasks = 1): JobCounterexample | undefined =>
  exploreJob({ policy, tasks }).counterexample;

/** Of examples/policies. */
const EXAMPLES = ['poison', 'hedge', 'avoid'];

describe('exploreJob (S30.3)', () => {
  test.skipIf(isShort).each(['requeue', 'null', 'shutdown'] as const)(
    'finds nothing wrong with the rules of the server, under %s',
    (onDeadWorker) => {
      const { counterexample, isComplete, states } = exploreJob({ onDeadWorker, tasks: 1 });
      expect(counterexample?.text).toBeUndefined();
      expect(isComplete).toBe(true);
      expect(states).toBeGreaterThan(20);
    },
  );

  test.skipIf(isShort)('finds nothing wrong with requeue with backoff', () => {
    const { counterexample, isComplete } = exploreJob({ policy: requeueWithBackoff(), tasks: 1 });
    expect(counterexample?.text).toBeUndefined();
    expect(isComplete).toBe(true);
  });

  test.skipIf(isShort)('finds nothing wrong with both, with two tasks', () => {
    for (const policy of [{}, requeueWithBackoff()]) {
      const { counterexample, isComplete } = exploreJob({ policy, maxStates: 20_000 });
      expect(counterexample?.text).toBeUndefined();
      expect(isComplete).toBe(true);
    }
  });

  test.each(isShort ? EXAMPLES.slice(0, 1) : EXAMPLES)(
    'finds nothing wrong with the policy %s that docs/plugins.md describes',
    async (name) => {
      const file = new URL(`../../examples/policies/${name}.mjs`, import.meta.url);
      const code = readFileSync(file, 'utf8').split('\n').slice(1).join('\n');
      expect(readFileSync(new URL('../../docs/plugins.md', import.meta.url), 'utf8')).toContain(code);
      const { default: plugin }: { readonly default: JobPlugin } = await import(file.href);
      const { counterexample } = exploreJob({ policy: plugin.policy ?? {}, tasks: 1 });
      expect(counterexample?.text).toBeUndefined();
    },
  );

  test('stops at the bound of states, and says that it is not complete', () => {
    expect(exploreJob({ maxStates: 10 })).toMatchObject({ isComplete: false, counterexample: undefined });
  });
});

describe('exploreJob finds a policy', () => {
  test('that drops a task, by the shortest way', () => {
    const found = counterexampleOf(deciding({ target: 'decided', actions: 'drop' }));
    expect(found?.what).toBe('task 1 is nowhere');
    expect(found?.steps).toEqual(['master: stores a task', 'worker 0: asks for a task', 'worker 0: dies']);
    expect(found?.text).toMatch(
      /^each task is in exactly one place.*but: task 1 is nowhere\n1\. master: stores/,
    );
    expect(found?.diagram).toContain('sequenceDiagram');
  });

  test('that forgets to decide, so that the task would be lost', () => {
    expect(counterexampleOf(deciding({ target: 'decided' }))?.what).toBe(
      'a policy failed: it has commanded nothing, and must command one thing',
    );
  });

  test('that gives a task twice without saying so', () => {
    expect(counterexampleOf(deciding({ target: 'decided', actions: ['answer', 'requeue'] }))?.what).toBe(
      'a policy failed: it has commanded answer and requeue, and must command one thing',
    );
  });

  test('that forgets a task that waits', () => {
    const waiting = { actions: { type: 'wait', params: { milliseconds: 10 } }, target: 'waiting' };
    const found = counterexampleOf(
      deciding(waiting, { waiting: { on: { 'wait.elapsed': { target: 'decided' } } } }),
    );
    expect(found?.what).toMatch(/commanded nothing/);
    expect(found?.steps.at(-1)).toBe('time: the wait of task 1 has passed');
  });

  test.skipIf(isShort)('that lets a task wait for ever', () => {
    const wait = { type: 'wait', params: { milliseconds: 10 } };
    const found = counterexampleOf(
      deciding(
        { actions: wait, target: 'waiting' },
        { waiting: { on: { 'wait.elapsed': { actions: wait } } } },
      ),
    );
    expect(found).toMatchObject({
      property: 'when no worker fails any more, every task gets a result, or the job ends',
      what: 'task 1 never gets a result',
    });
  });

  test('that throws', () => {
    expect(counterexampleOf(deciding({ target: 'decided', guard: boom }))?.what).toContain('on purpose');
  });

  test('that cannot be used, and bounds that are no numbers', () => {
    expect(() => exploreJob({ policy: deciding({ actions: 'explode' }) })).toThrow('commands "explode"');
    expect(() => exploreJob({ workers: 0 })).toThrow(
      '`workers` must be a whole number of at least 1, got 0.',
    );
  });
});

/** A policy that decides in one step when a worker has a task. */
const running = (...decisions: readonly object[]): JobPolicy => ({
  stragglers: createMachine({
    id: 'test',
    initial: 'deciding',
    states: {
      deciding: {
        on: { 'task.running': decisions.map((decision) => Object.assign({ target: 'decided' }, decision)) },
      },
      decided: { type: 'final' },
    },
  }),
});
const mayBeCopied = ({ event }: { event: { [fact: string]: unknown } }): boolean =>
  Number(event['attempts']) < Number(event['maxAttempts']);

describe('exploreJob, of the role stragglers (S31)', () => {
  test.skipIf(isShort)('finds nothing wrong with speculative copies, and gets to them', () => {
    const taken = vi.spyOn(Stragglers.prototype, 'takeFor');
    const { counterexample, isComplete } = exploreJob({
      policy: speculativeCopies({ finished: 1 }),
      failures: 1,
    });
    expect(counterexample?.text).toBeUndefined();
    expect(isComplete).toBe(true);
    expect(taken.mock.results.some(({ value }) => value !== undefined)).toBe(true);
  });

  test('finds a job in which the result of the second copy counts, too', () => {
    // oxlint-disable-next-line typescript/unbound-method -- it is called as a method below
    const { takeFor } = Stragglers.prototype;
    // The planted fault: the two workers do not share the task, so neither knows that it has its result.
    vi.spyOn(Stragglers.prototype, 'takeFor').mockImplementation(function (this: Stragglers, worker) {
      const task = takeFor.call(this, worker);
      return task && { ...task };
    });
    const found = counterexampleOf(running({ guard: mayBeCopied, actions: 'copy' }, { actions: 'runAlone' }));
    expect(found?.what).toBe('task 1 is in 2 places: with worker 1, answered');
    expect(found?.steps.at(-1)).toBe('worker 0: stores the result of task 1');
  });

  test('finds a policy that copies a task twice', () => {
    expect(counterexampleOf(running({ actions: ['copy', 'copy'] }))?.what).toBe(
      'a policy failed: it has commanded copy and copy, and must command one thing',
    );
  });

  test('finds a policy that copies a task that may not be handed out again', () => {
    const found = counterexampleOf(running({ actions: 'copy' }));
    expect(found?.what).toBe('a policy failed: it has commanded copy for a task that has no attempts left');
  });

  test('finds a policy that forgets a task that it watches', () => {
    const watch = { actions: { type: 'watch', params: { milliseconds: 1 } } };
    const found = counterexampleOf(running(watch));
    expect(found?.steps.at(-1)).toBe('time: the lateness of task 1 has passed');
    expect(found?.what).toMatch(/commanded nothing/);
  });
});

const ON_ITS_HOST = {
  type: 'onHost',
  params: ({ event }: { event: { [fact: string]: unknown } }) => ({ host: event['host'], milliseconds: 10 }),
};
const hostIsThere = ({ event }: { event: { [fact: string]: unknown } }): boolean => {
  const { hosts } = event;
  return Array.isArray(hosts) && hosts.includes(event['host']);
};

/** A policy that keeps a task for its host if a worker is there. */
const placing = (onElapsed: object, isOnlyIfThere = true): JobPolicy => ({
  placement: createMachine({
    id: 'test',
    initial: 'deciding',
    states: {
      deciding: {
        on: {
          'task.queued': [
            { ...(isOnlyIfThere && { guard: hostIsThere }), actions: ON_ITS_HOST },
            { actions: 'anywhere' },
          ],
          'wait.elapsed': onElapsed,
          'task.taken': 'taken',
        },
      },
      taken: { type: 'final' },
    },
  }),
});

describe('exploreJob, of the role placement (S32)', () => {
  test.skipIf(isShort)('finds nothing wrong with locality by host, and gets to tasks that wait', () => {
    const moved = vi.spyOn(FairQueue.prototype, 'move');
    const { counterexample, isComplete } = exploreJob({ policy: localityByHost(), tasks: 1 });
    expect(counterexample?.text).toBeUndefined();
    expect(isComplete).toBe(true);
    expect(new Set(moved.mock.calls.map(([, host]) => host))).toEqual(new Set(['host 0', undefined]));
  });

  test.skipIf(isShort)('finds nothing wrong with it, with two tasks and the other roles', () => {
    for (const policy of [
      localityByHost(),
      { ...localityByHost(), ...requeueWithBackoff(), ...speculativeCopies({ finished: 1 }) },
    ]) {
      const { counterexample, isComplete } = exploreJob({ policy, failures: 1, maxStates: 20_000 });
      expect(counterexample?.text).toBeUndefined();
      expect(isComplete).toBe(true);
    }
  });

  test('finds a policy that lets a task wait for ever', () => {
    const found = counterexampleOf(
      placing([{ guard: hostIsThere, actions: ON_ITS_HOST }, { actions: 'anywhere' }]),
    );
    expect(found?.what).toBe('a policy failed: it has commanded onHost for a task that has waited 3 times');
    expect(found?.steps).toEqual([
      'master: stores a task',
      ...Array.from({ length: 3 }, () => 'time: the placement of task 1 has passed'),
    ]);
  });

  test('finds a policy that gives a task to nobody', () => {
    const found = counterexampleOf(placing({ actions: 'anywhere' }, false));
    expect(found?.what).toBe(
      'a policy failed: it has commanded onHost for the host "host 0", where no worker is',
    );
    expect(found?.steps).toEqual(['worker 0: dies', 'master: stores a task']);
  });

  test('finds a policy that forgets a task that waits', () => {
    const found = counterexampleOf(placing({ target: 'taken' }));
    expect(found?.what).toMatch(/commanded nothing/);
    expect(found?.steps.at(-1)).toBe('time: the placement of task 1 has passed');
  });

  test('finds a job that keeps a task for a host whose last worker has ended', () => {
    vi.spyOn(Placement.prototype, 'workerEnded').mockImplementation(() => undefined);
    const found = counterexampleOf(localityByHost());
    expect(found?.what).toBe('task 1 is kept for host 0');
    expect(found?.steps.at(-1)).toBe('worker 0: dies');
  });

  test('finds a job in which nobody gets a task that has waited', () => {
    // oxlint-disable-next-line typescript/unbound-method -- it is called as a method below
    const { move } = FairQueue.prototype;
    // The planted fault: the task leaves the line of its host, and is in no other one.
    vi.spyOn(FairQueue.prototype, 'move').mockImplementation(function (this: FairQueue, task, onHost) {
      return onHost === undefined
        ? this.takeFor({ rank: 0, host: task.onHost ?? '' }, 0) === task
        : move.call(this, task, onHost);
    });
    expect(counterexampleOf(localityByHost())?.what).toBe('task 1 is nowhere');
  });
});
