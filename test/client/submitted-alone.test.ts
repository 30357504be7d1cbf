import { setImmediate as endOfTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { CallValue, type CallElement } from '../../src/client/master/call-value.ts';
import type { CancelMarks } from '../../src/client/master/cancel-marks.ts';
import { LeftValues, type LeftValue } from '../../src/client/master/left-values.ts';
import { Submission, type SubmissionOptions } from '../../src/client/master/submission.ts';
import { TaskGroup, type TaskSender } from '../../src/client/master/task-group.ts';
import type { Sent } from '../../src/client/master/task-parts.ts';
import { failureOf } from '../../src/client/task/outcome.ts';
import { KEY } from '../../src/wire/names.ts';
import { ManualClock } from '../support/manual-clock.ts';

// Calls of `submit` and their values without a server, which the test plays.

/** The variables of a server with the values that calls have left there. */
class LeftAtServer {
  readonly stored = new Map<string, unknown>();
  readonly deleted: string[] = [];
  fault: Error | undefined;
  /** What deletions wait for. */
  deletion: Promise<void> = Promise.resolve();
  readonly values: LeftValues;

  constructor() {
    const main = {
      findTry: (_workspace: string, variable: string) =>
        this.fault === undefined
          ? Promise.resolve(this.stored.has(variable) ? { value: this.stored.get(variable) } : undefined)
          : Promise.reject(this.fault),
      deleteVariable: (_workspace: string, variable: string) => {
        this.deleted.push(variable);
        return this.stored.delete(variable) ? this.deletion : Promise.reject(new Error('no such variable'));
      },
    };
    this.values = new LeftValues(unsafeCast<ConnectionPool>({ main }), 'job', 'me');
  }

  /** A worker leaves a value there. */
  leave(left: LeftValue, bytes: number, promise?: Promise<unknown>): void {
    this.stored.set(left.variable, `of ${left.variable}`);
    this.values.add(left, bytes, promise);
  }
}

describe('a value at the server', () => {
  it('has a variable of its own, and cannot be found before it is there or after it was deleted', async () => {
    const { values, leave, stored, deleted } = bound(new LeftAtServer());
    const [first, second] = [values.next(), values.next()];
    expect([first.variable, second.variable]).toEqual(['#left me 1', '#left me 2']);
    expect(await values.find(first)).toBeUndefined();
    values.use(first);
    leave(first, 9);
    expect((await values.find(first))?.value).toBe('of #left me 1');
    values.release(first);
    values.letGo(first);
    expect([await values.find(first), deleted, stored.size]).toEqual([undefined, ['#left me 1'], 0]);
    await values.dropAll();
    expect(deleted).toHaveLength(1);
  });

  it('is deleted once, when no call uses it and the program has it; the rest when the master ends', async () => {
    const step = fc.record({ at: fc.nat(3), act: fc.constantFrom('use', 'release', 'leave', 'letGo') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { values, leave, deleted } = bound(new LeftAtServer());
        const all = Array.from({ length: 4 }, () => ({
          left: values.next(),
          uses: 0,
          isThere: false,
          isHad: false,
          isDeleted: false,
        }));
        for (const { at, act } of steps) {
          const one = all[at];
          if (one === undefined || one.isDeleted) continue;
          const { left } = one;
          if (act === 'use') {
            values.use(left);
            one.uses++;
          } else if (act === 'release') {
            if (one.uses === 0) continue;
            values.release(left);
            one.uses--;
          } else if (act === 'leave') {
            if (one.isThere) continue;
            leave(left, 10);
            one.isThere = true;
          } else {
            // What is not there is let go by nobody, and what the program has is not taken by another call.
            if (!one.isThere || one.isHad) continue;
            values.letGo(left);
            one.isHad = true;
          }
          one.isDeleted = one.isThere && one.isHad && one.uses === 0;
          expect(deleted.toSorted()).toEqual(
            all.filter((each) => each.isDeleted).map((each) => each.left.variable),
          );
          expect([left.uses, left.bytes]).toEqual([one.uses, one.isThere ? 10 : 0]);
        }
        await values.dropAll();
        expect(deleted.toSorted()).toEqual(
          all.filter((each) => each.isThere).map((each) => each.left.variable),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('is gone from the server when the end of the master is over', async () => {
    const server = new LeftAtServer();
    const left = server.values.next();
    server.leave(left, 9);
    let end: (() => void) | undefined;
    server.deletion = new Promise((resolve) => (end = resolve));
    let isOver = false;
    void server.values.dropAll().then(() => (isOver = true));
    await endOfTurn();
    expect([server.deleted, isOver]).toEqual([[left.variable], false]);
    end?.();
    await endOfTurn();
    expect(isOver).toBe(true);
  });

  it('is deleted as the oldest when those that nobody uses have more than 256 MiB', () => {
    const { values, leave, deleted } = bound(new LeftAtServer());
    const half = 128 * 2 ** 20;
    const lefts = [half, half, 1, half - 1].map((bytes) => {
      const left = values.next();
      values.use(left);
      leave(left, bytes);
      return left;
    });
    const [first, second, third, fourth] = lefts;
    if (!first || !second || !third || !fourth) throw new Error('there are four');
    for (const each of [second, first]) values.release(each);
    expect(deleted).toEqual([]);
    values.use(second);
    values.release(second);
    values.release(third);
    expect(deleted).toEqual([first.variable]);
    values.release(fourth);
    expect(deleted).toEqual([first.variable]);
  });
});

function bound(server: LeftAtServer) {
  const { values, stored, deleted } = server;
  return { values, stored, deleted, leave: server.leave.bind(server) };
}

/** What has become of a promise, without awaiting it as a program would. */
function watched(call: CallValue): { readonly now: () => unknown } {
  let outcome: unknown = 'pending';
  call.promise.whenSettled(
    (value) => (outcome = value),
    (error) => (outcome = `failed: ${String(error)}`),
  );
  return { now: () => outcome };
}

describe('the promise of a call', () => {
  it('leaves its value at the server if only another call takes it, and fetches it for a program that awaits it', async () => {
    const server = new LeftAtServer();
    const call = new CallValue(server.values);
    expect(CallValue.of(call.promise, server.values)).toBe(call);
    expect(CallValue.of(call.promise, new LeftAtServer().values)).toBeUndefined();
    expect(CallValue.of(Promise.resolve(1), server.values)).toBeUndefined();
    const takers: CallElement[] = [];
    const take = (): void => void call.take().then((element) => takers.push(element));
    take();
    take();
    expect(call.sent(0)).toBe('#left me 1');
    const { now } = watched(call);
    server.stored.set('#left me 1', 'large');
    call.left(1);
    await endOfTurn();
    take();
    await endOfTurn();
    expect([takers.map((each) => 'left' in each && each.left.bytes), now()]).toEqual([[1, 1, 1], 'pending']);
    const awaited = call.promise.then((value) => value);
    expect([await awaited, now(), server.deleted]).toEqual(['large', 'large', []]);
    for (let n = 0; n < 3; n++) call.release();
    expect(server.deleted).toEqual(['#left me 1']);
  });

  it.each([
    ['nobody takes', () => undefined],
    ['the program awaits', (call: CallValue) => void call.promise.then(() => undefined)],
  ])('gets its value with the result if %s it', async (_what, before) => {
    const server = new LeftAtServer();
    const call = new CallValue(server.values);
    before(call);
    expect(call.sent(0)).toBeUndefined();
    const taken = call.take();
    call.resolve('small');
    expect([await taken, await call.promise]).toEqual([{ value: 'small' }, 'small']);
    call.release();
    expect(server.deleted).toEqual([]);
  });

  it('fails for the program and for the calls that take it', async () => {
    const call = new CallValue(new LeftAtServer().values);
    const taken = call.take();
    call.sent(0);
    call.reject(new Error('it threw'));
    await expect(taken).rejects.toThrow('it threw');
    await expect(call.promise).rejects.toThrow('it threw');
  });

  it('says so if its value was deleted, or cannot be fetched', async () => {
    const server = new LeftAtServer();
    const leftCall = (): CallValue => {
      const call = new CallValue(server.values);
      void call.take();
      call.sent(4);
      call.left(5);
      return call;
    };
    await expect(leftCall().promise).rejects.toMatchObject({
      index: 4,
      message: expect.stringContaining('5 bytes'),
    });
    server.fault = new Error('the connection is lost');
    const call = leftCall();
    await expect(call.promise).rejects.toThrow('the connection is lost');
    call.release();
    expect(server.deleted).toHaveLength(1);
  });
});

class Hands {
  readonly clock = new ManualClock();
  readonly log: string[] = [];
  readonly tasks: { readonly sent: Sent; readonly metadata: ReadonlyMap<string, string> }[] = [];
  refusal: Error | undefined;
  readonly group: TaskGroup;

  constructor() {
    const sender: TaskSender = {
      workers: 1,
      maxAttempts: 3,
      mayRepeat: true,
      send: (_group, sent, _value, metadata) => {
        if (this.refusal !== undefined) return Promise.reject(this.refusal);
        this.tasks.push({ sent, metadata });
        return Promise.resolve();
      },
    };
    this.group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 'auto', loadFactor: 1 });
  }

  submit(index: number, options: Partial<SubmissionOptions> = {}): Submission {
    const note = (text: string): void => void this.log.push(text);
    const marks = {
      set: (id: string, how: string) => note(`mark ${id} ${how}`),
      delete: (id: string) => note(`unmark ${id}`),
    };
    const submission = new Submission({
      batch: '7',
      index,
      element: 'x',
      lending: undefined,
      group: this.group,
      marks: unsafeCast<CancelMarks>(marks),
      onAbort: 'ask',
      retry: undefined,
      clock: this.clock,
      onOutcome: (outcome, sent) =>
        note(
          `${outcome.index}: ${'error' in outcome ? outcome.error.code : String(outcome.value)} ${sent === undefined ? 'unsent' : String(sent.body.body)}`,
        ),
      onFault: (reason) => note(`fault: ${String(reason)}`),
      ...options,
    });
    void submission.settled.then(() => note(`settled ${index}`));
    return submission;
  }

  async answer(value: unknown, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
    const task = this.tasks.shift();
    if (task === undefined) throw new Error('there is no task');
    const all = new Map(Object.entries({ [KEY.workerRank]: '4', ...metadata }));
    this.group.received(task.sent, { value, metadata: all, descriptor: 1, variableId: '', index: 0 });
    await endOfTurn();
  }
}

describe('a submitted call', () => {
  it('has its number in its batch, and one outcome', async () => {
    const hands = new Hands();
    const call = hands.submit(5);
    expect([call.id, call.unfinished, call.isWanted]).toEqual(['7.5', [5], true]);
    expect([hands.tasks[0]?.metadata.get(KEY.batchId), hands.tasks[0]?.metadata.get(KEY.index)]).toEqual([
      '7.5',
      '5',
    ]);
    await hands.answer('done');
    expect([hands.log, call.unfinished, call.isWanted, hands.group.isIdle]).toEqual([
      ['5: done x', 'unmark 7.5', 'settled 5'],
      [],
      false,
      true,
    ]);
    call.cancel(new Error('late'));
    call.end(new Error('late'));
    expect(hands.log).toHaveLength(3);
  });

  it('that is cancelled is marked until its task has ended, and dropped if it was not sent', async () => {
    const hands = new Hands();
    const [sent, unsent] = [hands.submit(0), hands.submit(1)];
    expect(hands.tasks).toHaveLength(1);
    unsent.cancel(new Error('enough'));
    await endOfTurn();
    expect(hands.log).toEqual(['fault: Error: enough', 'unmark 7.1', 'settled 1']);
    hands.log.length = 0;
    sent.cancel(new Error('enough'));
    sent.cancel(new Error('enough'));
    expect([sent.isWanted, sent.unfinished]).toEqual([false, [0]]);
    await hands.answer('done');
    expect(hands.log.filter((each) => !each.startsWith('fault'))).toEqual([
      'mark 7.0 ask',
      'unmark 7.0',
      'settled 0',
    ]);
    expect(hands.group.isIdle).toBe(true);
  });

  it('ends with its job', async () => {
    const hands = new Hands();
    const call = hands.submit(0);
    call.end(new Error('over'));
    call.end(new Error('over'));
    await endOfTurn();
    expect([hands.log, call.unfinished]).toEqual([['fault: Error: over', 'settled 0'], []]);
    await hands.answer('late');
    expect(hands.log).toHaveLength(2);
  });

  it('is refused if no worker is left, or none can load its module; what was sent is awaited', async () => {
    const hands = new Hands();
    const failure = failureOf({ code: 'no-workers', message: 'none' });
    const calls = [hands.submit(0), hands.submit(1)];
    for (const call of calls) call.noWorkers(failure);
    await endOfTurn();
    expect(hands.log).toEqual(['1: no-workers unsent', 'unmark 7.1', 'settled 1']);
    await hands.answer('done');
    expect(hands.log.slice(3)).toEqual(['0: done x', 'unmark 7.0', 'settled 0']);
    const unloadable = new Hands();
    unloadable.submit(0);
    await unloadable.answer('', {
      [KEY.null]: '1',
      [KEY.nullWhy]: 'not-loaded',
      [KEY.nullLastWords]: 'no file',
    });
    expect(unloadable.log.filter((each) => !each.includes('mark'))).toEqual(['0: not-loaded x', 'settled 0']);
    const stopped = new Hands();
    const call = stopped.submit(0);
    call.refuse(failureOf({ code: 'not-loaded', message: 'no file' }));
    expect(stopped.log).toEqual(['mark 7.0 ask']);
    await stopped.answer(failureOf({ code: 'cancelled', message: 'cancelled' }), { [KEY.error]: '1' });
    expect(stopped.log.slice(1)).toEqual(['0: not-loaded unsent', 'unmark 7.0', 'settled 0']);
  });

  it('is tried again as its policy says, until it is cancelled', async () => {
    const hands = new Hands();
    const call = hands.submit(0, { retry: { attempts: 3, backoff: 50 } });
    const fail = (): Promise<void> =>
      hands.answer(failureOf({ code: 'threw', message: 'no' }), { [KEY.error]: '1' });
    await fail();
    expect([hands.log, hands.tasks.length, hands.clock.running]).toEqual([[], 0, 1]);
    hands.clock.advance(50);
    expect(hands.tasks[0]?.metadata.get(KEY.attempt)).toBe('2');
    await fail();
    call.cancel(new Error('enough'));
    await endOfTurn();
    expect([hands.log, hands.clock.running]).toEqual([
      ['fault: Error: enough', 'unmark 7.0', 'settled 0'],
      0,
    ]);
    const other = hands.submit(1, { retry: { attempts: 3, backoff: 50 } });
    await fail();
    hands.clock.advance(50);
    await hands.answer('done');
    expect([hands.log.slice(3), hands.clock.running, other.unfinished]).toEqual([
      ['1: done x', 'unmark 7.1', 'settled 1'],
      0,
      [],
    ]);
  });
});
