import { setImmediate as endOfTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Found } from '../../src/client/connection/connection.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { BroadcastResults } from '../../src/client/master/broadcast-results.ts';
import type { BroadcastReceiver, Dispatcher } from '../../src/client/master/dispatcher.ts';
import type { ThreadMemory } from '../../src/client/master/thread-memory.ts';
import { failureOf, type Outcome } from '../../src/client/task/outcome.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { Lending } from '../../src/client/values/lending.ts';
import type { EncodedValue } from '../../src/client/values/values.ts';
import { KEY } from '../../src/wire/names.ts';

// A broadcast without a server: the test answers in place of the workers, and keeps the books of the mailbox.

/** How a rank answers: with a value, a failure, the end of its worker, or not, because its process has called it already. */
type Kind = 'value' | 'failure' | 'loss' | 'beside';
const METADATA: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  value: {},
  failure: { [KEY.error]: '1' },
  loss: { [KEY.null]: '1' },
  beside: { [KEY.beside]: '1' },
};

interface Setting {
  readonly workers: number;
  readonly isLasting?: boolean;
  /** What the reply to the broadcast says (S17). */
  readonly copies?: number;
  readonly refusal?: Error;
  readonly argument?: unknown;
}

class Hands {
  readonly log: string[] = [];
  readonly late: string[] = [];
  progress: unknown;
  /** The number of results that the mailbox waits for. */
  awaited = 0;
  receiver: BroadcastReceiver | undefined;
  stored: ReadonlyMap<string, string> | undefined;
  argument = '';
  lending: Lending | undefined;

  async ask({
    workers,
    isLasting = false,
    copies,
    refusal,
    argument = 'x',
  }: Setting): Promise<BroadcastResults> {
    const main = {
      find: () => Promise.resolve({ value: String(workers) }),
      storeEncoded: (
        _workspace: string,
        _variable: string,
        { bytes }: EncodedValue,
        metadata: Map<string, string>,
      ) => {
        this.stored = metadata;
        this.argument = Buffer.from(bytes).toString();
        if (refusal !== undefined) return Promise.reject(refusal);
        return Promise.resolve(new Map(copies === undefined ? [] : [[KEY.copies, String(copies)]]));
      },
    };
    const dispatcher = {
      addBroadcast: (_id: string, receiver: BroadcastReceiver) => (this.receiver = receiver),
      removeBroadcast: () => (this.receiver = undefined),
      expect: (change: number) => (this.awaited += change),
      metadata: () => new Map([['mailbox', 'm']]),
      marks: {
        set: (id: string, how: string) => this.log.push(`mark ${id} ${how}`),
        delete: (id: string) => this.log.push(`unmark ${id}`),
      },
    };
    const results = await BroadcastResults.ask(argument, new Map([['a', 'b']]), {
      lines: unsafeCast<ConnectionPool>({ main }),
      workspace: 'job',
      dispatcher: unsafeCast<Dispatcher>(dispatcher),
      id: '7',
      onAbort: 'kill',
      isLasting,
      memory: unsafeCast<ThreadMemory>({ lending: () => this.lending }),
      report: {
        progress: (latest) => (this.progress = latest),
        failed: ({ index }) => this.log.push(`failed ${index}`),
        retried: () => this.log.push('retried'),
        ended: () => this.log.push('ended'),
      },
      calledFrom: '\n    at the caller',
    });
    results.onLate = (outcome) => this.late.push(textOf(outcome));
    return results;
  }

  /** A result reaches the mailbox, which waits for one less if there is a receiver. */
  answer(rank: number, kind: Kind = 'value', more: Readonly<Record<string, string>> = {}): void {
    const metadata = new Map(Object.entries({ ...METADATA[kind], [KEY.workerRank]: String(rank), ...more }));
    const value = kind === 'failure' ? failureOf({ code: 'threw', message: 'no' }) : `of ${rank}`;
    const found: Found = { value, metadata, descriptor: 1, variableId: '', index: 0 };
    const { receiver } = this;
    receiver?.received(found);
    if (receiver !== undefined) this.awaited--;
  }
}

const textOf = (outcome: Outcome): string =>
  'error' in outcome
    ? `${outcome.index}: ${outcome.error.code}`
    : `${outcome.index}: ${String(outcome.value)}`;

describe('a broadcast', () => {
  it('is stored with its batch and its mailbox, and yields the outcomes in the order of the ranks', async () => {
    const hands = new Hands();
    const results = await hands.ask({ workers: 3 });
    expect(Object.fromEntries(hands.stored ?? [])).toEqual({ a: 'b', mailbox: 'm', [KEY.batchId]: '7' });
    for (const rank of [2, 0]) hands.answer(rank);
    const present = results.present('collect');
    hands.answer(1, 'failure');
    const outcomes = await present;
    expect(outcomes.map(textOf)).toEqual(['0: of 0', '1: threw', '2: of 2']);
    const [, failure] = outcomes;
    if (failure === undefined || !('error' in failure)) throw new Error('it has not failed');
    expect([failure.error.worker, failure.error.stack]).toEqual([
      1,
      expect.stringContaining('at the caller'),
    ]);
    await endOfTurn();
    expect([hands.awaited, hands.receiver, hands.log]).toEqual([0, undefined, ['failed 1', 'ended']]);
  });

  it('fails for a rank whose worker has ended, with how it ended', async () => {
    const hands = new Hands();
    const results = await hands.ask({ workers: 1 });
    hands.answer(0, 'loss', { [KEY.nullHow]: 'signal SIGKILL' });
    const [outcome] = await results.present('collect');
    expect(outcome).toMatchObject({
      index: 0,
      error: {
        code: 'worker-died',
        worker: 0,
        signal: 'SIGKILL',
        reason: expect.stringContaining('its one attempt'),
      },
    });
  });

  it('keeps the memory that its argument refers to (S36)', async () => {
    const hands = new Hands();
    const memory = new SharedArrayBuffer(8);
    hands.lending = { refer: () => 'the reference', lent: () => 'the memory' };
    const results = await hands.ask({ workers: 1, argument: memory });
    expect([results.lent, hands.argument]).toEqual(['the memory', expect.stringContaining('the reference')]);
  });

  it('throws the first failure at once, or what it is cancelled or ended with', async () => {
    const failing = new Hands();
    const results = await failing.ask({ workers: 2 });
    const present = results.present('throw');
    failing.answer(1, 'failure');
    await expect(present).rejects.toMatchObject({ code: 'threw', index: 1 });
    const cancelled = await new Hands().ask({ workers: 2 });
    cancelled.cancel(new Error('enough'));
    cancelled.end(new Error('later'));
    await expect(cancelled.present('collect')).rejects.toThrow('enough');
    const ended = await new Hands().ask({ workers: 2 });
    ended.end(new Error('the job is over'));
    ended.cancel(new Error('later'));
    await expect(ended.present('collect')).rejects.toThrow('the job is over');
  });

  it('that the server refuses is awaited by nobody', async () => {
    const hands = new Hands();
    await expect(hands.ask({ workers: 2, isLasting: true, refusal: new Error('full') })).rejects.toThrow(
      'full',
    );
    expect([hands.awaited, hands.receiver]).toEqual([0, undefined]);
  });

  it('of a group without workers has no outcomes, and no wait', async () => {
    const hands = new Hands();
    const results = await hands.ask({ workers: 0 });
    expect([await results.present('throw'), hands.awaited]).toEqual([[], 0]);
  });

  it('that lasts passes on the outcomes of workers that join, until it is cancelled (S17)', async () => {
    const hands = new Hands();
    const results = await hands.ask({ workers: 1, isLasting: true });
    hands.answer(0);
    expect((await results.present('throw')).map(textOf)).toEqual(['0: of 0']);
    hands.answer(1, 'value', { [KEY.copies]: '3' });
    hands.answer(2, 'beside');
    expect([hands.late, hands.awaited]).toEqual([['1: of 1'], 1]);
    expect(hands.progress).toEqual({ done: 2, failed: 0, read: 2, total: undefined });
    results.cancel(new Error('enough'));
    results.cancel(new Error('later'));
    await endOfTurn();
    expect([hands.late.length, hands.awaited, hands.log]).toEqual([
      1,
      0,
      ['mark 7 kill', 'ended', 'unmark 7'],
    ]);
  });
});

const KINDS: readonly Kind[] = ['value', 'failure', 'loss', 'beside'];

it('in any order, whatever becomes of the workers, each rank is counted once and nothing is awaited in the end', async () => {
  const plan = fc.record({
    kinds: fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 6 }),
    joined: fc.nat(2),
    seed: fc.array(fc.nat(99), { minLength: 8, maxLength: 8 }),
    isLasting: fc.boolean(),
    last: fc.constantFrom('answers', 'noWorkers', 'end', 'cancel'),
    cut: fc.nat(6),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ kinds, joined, seed, isLasting, last, cut }) => {
      const hands = new Hands();
      const copies = kinds.length + joined;
      const results = await hands.ask({ workers: kinds.length, copies, isLasting });
      expect(hands.awaited).toBe(copies + (isLasting ? 1 : 0));
      const kindOf = (rank: number): Kind => kinds[rank] ?? 'value';
      const order = Array.from({ length: copies }, (_, rank) => rank).sort(
        (a, b) => (seed[a] ?? 0) - (seed[b] ?? 0),
      );
      const count = last === 'answers' ? copies : Math.min(cut, copies);
      const present = results.present('collect').catch((error: unknown) => error);
      for (const [place, rank] of order.slice(0, count).entries()) {
        hands.answer(rank, kindOf(rank));
        const answered = order.slice(0, place + 1).map(kindOf);
        const called = answered.filter((kind) => kind !== 'beside');
        const read = copies - answered.length + called.length;
        expect(hands.progress).toEqual({
          done: called.length,
          failed: called.filter((kind) => kind !== 'value').length,
          read,
          total: isLasting ? undefined : read,
        });
      }
      const failed = order.slice(0, count).filter((rank) => ['failure', 'loss'].includes(kindOf(rank)));
      expect(hands.log.filter((line) => line.startsWith('failed'))).toEqual(
        failed.map((rank) => `failed ${rank}`),
      );
      const isComplete = count === copies;
      await endOfTurn();
      if (last === 'noWorkers') {
        hands.receiver?.noWorkers(failureOf({ code: 'no-workers', message: 'none' }));
        const answered = hands.log.filter((line) => line.startsWith('failed')).length;
        expect(answered).toBe(failed.length + (copies - count));
      }
      if (last === 'end') hands.receiver?.end(new Error('over'));
      if (last === 'cancel') results.cancel(new Error('enough'));
      // Those under way answer a cancelled broadcast as well, and none that has ended.
      if (last === 'cancel') for (const rank of order.slice(count)) hands.answer(rank, kindOf(rank));
      const outcome = await present;
      if (Array.isArray(outcome))
        expect(outcome.map(({ index }) => Number(index))).toEqual(
          [...order].sort((a, b) => a - b).filter((rank) => kindOf(rank) !== 'beside' || !isAnswered(rank)),
        );
      else expect([last, isComplete && !isLasting]).toEqual([expect.stringMatching(/end|cancel/), false]);
      function isAnswered(rank: number): boolean {
        return order.indexOf(rank) < count;
      }
      if (isLasting) results.cancel(new Error('enough'));
      await endOfTurn();
      expect([hands.awaited, hands.receiver, hands.log.at(-1)]).toEqual([
        0,
        undefined,
        hands.log.some((line) => line.startsWith('mark')) ? 'unmark 7' : 'ended',
      ]);
    }),
    { numRuns: 100 },
  );
});
