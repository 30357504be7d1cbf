import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createServer } from '../../src/index.ts';
import { thisHost } from '../../src/client/platform.ts';
import { NwsError, TimeoutError } from '../../src/client/connection/errors.ts';
import { JobEnd } from '../../src/client/master/job-end.ts';
import { firstOf, SleighError } from '../../src/client/master/sleigh-error.ts';
import { TaskError } from '../../src/client/task/outcome.ts';
import { failureOf, TaskStopped } from '../../src/client/task/task-failure.ts';
import { framesOf, userStack } from '../../src/client/task/stacks.ts';
import { failureOfLoss, workerLossIn } from '../../src/client/task/worker-loss.ts';
import { variableOfLine, workspaceOfLine } from '../../src/client/workspace/listings.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('the error of a job that has ended', () => {
  const why = { code: 'no-workers', message: 'no worker is left' } as const;

  it('names the first ten elements that are not done, and has all of them', () => {
    expect([firstOf(upTo(10)), firstOf(upTo(11)), firstOf([])]).toEqual([
      '0, 1, 2, 3, 4, 5, 6, 7, 8, 9',
      '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …',
      '',
    ]);
    const cause = new Error('the cause');
    const error = new SleighError(why, [3, 4], cause);
    expect(error).toMatchObject({ ...why, message: 'no worker is left; elements not done: 3, 4', cause });
    expect(error).toMatchObject({ name: 'SleighError', why: 'no worker is left', unfinished: [3, 4] });
    expect(error.without([5])).toMatchObject({ message: 'no worker is left; elements not done: 5', cause });
    expect(new SleighError(why).message).toBe('no worker is left');
  });

  it('is decided once, and told to all', async () => {
    const end = new JobEnd();
    expect([end.isDecided, end.signal.aborted]).toEqual([false, false]);
    end.throwIfDecided();
    expect(end.error([1])).toMatchObject({ code: 'over', unfinished: [1] });
    end.decide(new SleighError(why));
    end.decide(new SleighError({ code: 'stopped', message: 'later' }));
    expect([end.isDecided, end.signal.aborted]).toEqual([true, false]);
    expect(() => end.throwIfDecided()).toThrow('no worker is left');
    end.notify();
    expect(end.signal.reason).toMatchObject(why);
    expect(await end.decided).toMatchObject(why);
    expect(end.error([2])).toMatchObject({ ...why, message: 'no worker is left; elements not done: 2' });
  });
});

/** The failure of a task whose worker has ended like that. */
const ended = (how: string, lastWords = ''): TaskError =>
  new TaskError(3, 1, { code: 'worker-died', message: 'it died', stack: '', death: { how, lastWords } }, 2);

describe('the failure of a task', () => {
  it('has what ended its worker', () => {
    const died = ended('exit status 7', 'out of memory');
    expect(died).toMatchObject({ index: 3, worker: 1, attempt: 2, code: 'worker-died', exitStatus: 7 });
    expect(died).toMatchObject({
      message: 'element 3: it died',
      reason: 'it died',
      lastWords: 'out of memory',
    });
    expect([died.signal, 'cause' in died]).toEqual([undefined, false]);
    const killed = ended('signal SIGKILL');
    expect([killed.signal, killed.exitStatus, killed.lastWords]).toEqual(['SIGKILL', undefined, undefined]);
  });

  it('that threw has what was thrown, and the lines of the program in its stack', () => {
    const thrown = new Error('no');
    const failure = failureOf(thrown);
    expect(failure).toMatchObject({ code: 'threw', message: 'Error: no', thrown });
    const error = new TaskError(0, undefined, { ...failure, stack: 'Error: no\n    at /srv/tasks.mjs:1:1' });
    expect(error.cause).toBe(thrown);
    expect(error.stack).toBe('TaskError: element 0: Error: no\n    at /srv/tasks.mjs:1:1');
    expect(error.remoteStack).toBe('Error: no\n    at /srv/tasks.mjs:1:1');
    expect(failureOf('text')).toMatchObject({ message: "thrown: 'text'", stack: "thrown: 'text'" });
    const stopped = new TaskStopped({ code: 'timed-out', message: 'too late' });
    expect(failureOf(stopped)).toEqual({ code: 'timed-out', message: 'too late', stack: 'too late' });
    const bad = Object.assign(new Error('x'), {
      toString: () => {
        throw new Error('not even a text');
      },
    });
    expect(failureOf(bad).message).toMatch(/^thrown: /);
  });

  it('has no frames of this package or of Node', () => {
    const frames = [
      '    at a (/srv/tasks.mjs:1:1)',
      '    at node:internal/process:1:1',
      '    at async b (/srv/b.mjs:2:2)',
    ];
    const own = `    at c (${import.meta.resolve('../../src/client/task/task.ts')}:1:1)`;
    const stack = ['Error: first', '    at of the message', 'second', ...frames, own].join('\n');
    expect(userStack(stack)).toBe(
      ['Error: first', '    at of the message', 'second', frames[0], frames[2]].join('\n'),
    );
    expect(framesOf(userStack(stack))).toBe(`\n${String(frames[0])}\n${String(frames[2])}`);
    expect([framesOf('Error: no'), framesOf('')]).toEqual(['', '']);
  });

  it('is told from the metadata of a null result (S13, S19)', () => {
    expect(workerLossIn(new Map())).toBeUndefined();
    expect(workerLossIn(new Map([['nwsNull', '1']]))).toEqual({
      why: 'died',
      how: '',
      lastWords: '',
      at: undefined,
    });
    const died = { why: 'died', how: 'signal SIGKILL', lastWords: 'first\nlast', at: 2 };
    expect(failureOfLoss(died, 1)).toMatchObject({
      code: 'worker-died',
      message: 'given up after its one attempt: its worker ended (signal SIGKILL; last)',
      death: { how: 'signal SIGKILL', lastWords: 'first\nlast' },
    });
    expect(failureOfLoss({ ...died, how: '', lastWords: '' }, 3).message).toBe(
      'given up after 3 attempts: its worker ended',
    );
    expect(failureOfLoss({ ...died, why: 'timed-out' }, 1)).toMatchObject({ code: 'timed-out', death: {} });
    expect(failureOfLoss({ ...died, why: 'cancelled' }, 1)).toMatchObject({ code: 'cancelled', death: {} });
    expect(failureOfLoss({ ...died, why: 'not-loaded' }, 1)).toEqual({
      code: 'not-loaded',
      message: 'first\nlast',
      stack: 'first\nlast',
    });
    expect(failureOfLoss({ ...died, why: 'not-loaded', lastWords: '' }, 1).message).toBe(
      'no worker can load its module',
    );
  });
});

describe('the refusal of a request', () => {
  it.each([
    ['0002', '', 'no-workspace'],
    ['0001', 'no value is available', 'no-value'],
    ['0001', 'something else', 'failed'],
  ])('with status %s and the reason %j has a code', (status, reason) => {
    const error = new NwsError('fetch', status, reason);
    expect(error).toMatchObject({ name: 'NwsError', verb: 'fetch', status, reason });
    expect(error.message).toContain(reason === '' ? `status ${status}` : reason);
  });

  it('is not a wait that took too long', () => {
    expect(new TimeoutError('there is no x', 20)).toMatchObject({ code: 'timed-out', name: 'TimeoutError' });
  });
});

describe('a line of a listing', () => {
  it('of variables may have tabs in the name', () => {
    expect(variableOfLine('a\tb\t1\t2\t3\tfifo')).toEqual({
      name: 'a\tb',
      values: 1,
      fetchers: 2,
      finders: 3,
      mode: 'fifo',
    });
  });

  it('of workspaces says whose it is, and what it contains', () => {
    expect(workspaceOfLine('>a\tb\thost:1 (x)\tTrue\t2\tx,y')).toEqual({
      name: 'a\tb',
      isOwned: true,
      owner: 'host:1 (x)',
      isPersistent: true,
      variables: ['x', 'y'],
    });
    expect(workspaceOfLine(' w\t\tFalse\t0\t')).toEqual({
      name: 'w',
      isOwned: false,
      owner: '',
      isPersistent: false,
      variables: [],
    });
  });
});

describe('a connection that may come back to a server with a store', () => {
  it('has a minute for it, unless the program says otherwise, and none on other servers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-grace-'));
    const graces: unknown[] = [];
    const limits = { sessionSeconds: 100 };
    for (const data of [undefined, { folder }]) {
      const server = await createServer({ port: 0, logLevel: 'error', limits, ...(data && { data }) });
      for (const reconnectGrace of ['stored', 7, undefined] as const) {
        const connection = await thisHost.connect({ port: server.port, reconnectGrace });
        graces.push(connection.grace);
        connection.close();
      }
      await server.close();
    }
    expect(graces).toEqual([0, 7, 0, 60, 7, 0]);
    rmSync(folder, { recursive: true });
  });
});
