import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { Found } from '../../src/client/connection/connection.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { ConnectionLostError, NwsError } from '../../src/client/connection/errors.ts';
import { CONNECTION } from '../../src/client/errors/connection.ts';
import { Dispatcher, type BroadcastReceiver, type Calls } from '../../src/client/master/dispatcher.ts';
import type { ElementOwner } from '../../src/client/master/element-owner.ts';
import type { JobEndReason } from '../../src/client/master/job-end.ts';
import type { TaskGroup } from '../../src/client/master/task-group.ts';
import { failureOf, type Outcome } from '../../src/client/task/outcome.ts';
import { KEY, VARIABLE } from '../../src/wire/names.ts';
import { STATUS } from '../../src/wire/reply.ts';
import { ManualClock } from '../support/manual-clock.ts';

// The dispatcher without a server: the test answers its requests, and knows how many results its mailbox waits for.

class Hands {
  readonly clock = new ManualClock();
  readonly tasks: ReadonlyMap<string, string>[] = [];
  readonly ends: JobEndReason[] = [];
  readonly outcomes: string[] = [];
  /** What the next task is refused with. */
  refusal: Error | undefined;
  /** The answers to `rankCount` and `jobStatus`. */
  workers = 1;
  pending = 0;
  running = 0;
  status: Error | undefined;
  readonly dispatcher: Dispatcher;
  readonly #fetches: { give: (found: Found) => void; fail: (error: Error) => void }[] = [];

  constructor() {
    const connection = {
      fetch: () =>
        new Promise<Found>((give, fail) => {
          this.#fetches.push({ give, fail });
        }),
      fetchTry: () => Promise.resolve(undefined),
    };
    const main = {
      storeEncoded: (
        _workspace: string,
        _variable: string,
        _value: unknown,
        metadata: Map<string, string>,
      ) => {
        const { refusal } = this;
        this.refusal = undefined;
        if (refusal !== undefined) return Promise.reject(refusal);
        this.tasks.push(metadata);
        return Promise.resolve(new Map());
      },
      store: () => Promise.resolve(),
      find: (_workspace: string, variable: string, about: ReadonlyMap<string, string> = new Map()) => {
        if (variable === VARIABLE.jobStatus) expect([...about]).toEqual([[KEY.all, '1']]);
        if (this.status !== undefined) return Promise.reject(this.status);
        const metadata = new Map([
          [KEY.pending, String(this.pending)],
          [KEY.running, String(this.running)],
        ]);
        return Promise.resolve({
          value: variable === VARIABLE.rankCount ? String(this.workers) : '',
          metadata,
        });
      },
    };
    const lend: ConnectionPool['lend'] = (_workspace, use) => use(unsafeCast(connection), () => undefined);
    this.dispatcher = new Dispatcher({
      lines: unsafeCast<ConnectionPool>({ main, lend }),
      workspace: 'job',
      clock: this.clock,
      workers: 1,
      maxAttempts: 2,
      mayRepeat: true,
      mailbox: 'm',
      extra: () => [['extra', '1']],
      onEnd: (why) => this.ends.push(why),
    });
  }

  /** The number of requests of the mailbox that wait for a result. */
  get waiting(): number {
    return this.#fetches.length;
  }

  /** @param text what each element is, in a task of its own */
  async send(...text: readonly string[]): Promise<void> {
    const group = this.dispatcher.group({ metadata: new Map(), chunkSize: 1, loadFactor: 9 });
    for (const [index, each] of text.entries()) group.add(this.owner, index, each);
    await endOfTurn();
  }

  readonly owner: ElementOwner = {
    id: '1',
    isWanted: true,
    countParts: () => undefined,
    refuse: () => undefined,
    settle: (_index, outcomes) => void this.outcomes.push(...outcomes.map(textOf)),
  };

  async answer(value: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    const all = new Map(Object.entries({ [KEY.workerRank]: '3', ...metadata }));
    this.#fetches.shift()?.give({ value, metadata: all, descriptor: 1, variableId: '', index: 0 });
    await endOfTurn();
  }

  async failMailbox(error: Error): Promise<void> {
    this.#fetches.shift()?.fail(error);
    await endOfTurn();
  }
}

const textOf = (outcome: Outcome): string =>
  'error' in outcome
    ? `${outcome.index}: ${outcome.error.code}`
    : `${outcome.index}: ${String(outcome.value)}`;

const LOST = new ConnectionLostError(CONNECTION.closedHere('ada:8765'));
const ENDED = new NwsError('store', STATUS.noWorkspace, 'the workspace is gone');

describe('a dispatcher', () => {
  it('waits for results as long as tasks are under way, and passes each to its task', async () => {
    const hands = new Hands();
    await hands.send('a', 'b');
    expect(
      hands.tasks.map((metadata) => [
        metadata.get(KEY.task),
        metadata.get(KEY.mailbox),
        metadata.get('extra'),
      ]),
    ).toEqual([
      ['0', 'm', '1'],
      ['1', 'm', '1'],
    ]);
    await hands.answer('B', { [KEY.task]: '1', [KEY.host]: 'ada' });
    // A result that nobody waits for is not counted, nor one that comes twice.
    await hands.answer('B', { [KEY.task]: '1' });
    await hands.answer('?', { [KEY.batchId]: '9' });
    expect([hands.outcomes, hands.waiting, hands.dispatcher.hosts.get(3)]).toEqual([['1: B'], 1, 'ada']);
    await hands.answer('A', { [KEY.task]: '0' });
    expect([hands.outcomes, hands.waiting, hands.ends]).toEqual([['1: B', '0: A'], 0, []]);
  });

  it('fails the elements of a task that the server refuses, and waits for no result of it', async () => {
    const hands = new Hands();
    hands.refusal = new NwsError('store', STATUS.failed, 'too large');
    await hands.send('a', 'b');
    expect([hands.outcomes, hands.ends]).toEqual([['0: not-sent'], []]);
    await hands.answer('B', { [KEY.task]: '1' });
    expect([hands.outcomes.at(-1), hands.waiting]).toEqual(['1: B', 0]);
    await hands.send('c');
    await hands.answer('C', { [KEY.task]: '2' });
    expect([hands.outcomes.at(-1), hands.waiting]).toEqual(['0: C', 0]);
  });

  it.each([
    ['is lost', LOST, LOST],
    ['shows that the job has ended', ENDED, { code: 'over', cause: ENDED }],
  ])(
    'ends its job when a request %s, whether it sends a task or waits for a result',
    async (_what, error, why) => {
      const sending = new Hands();
      sending.refusal = error;
      await sending.send('a');
      expect(sending.ends).toEqual([expect.objectContaining(why)]);
      const taking = new Hands();
      await taking.send('a');
      await taking.failMailbox(error);
      expect(taking.ends).toEqual([expect.objectContaining(why)]);
      const looking = new Hands();
      looking.status = error;
      await looking.dispatcher.noWorkers(failureOf({ code: 'no-workers', message: 'none' }));
      expect([looking.ends, looking.clock.running]).toEqual([[expect.objectContaining(why)], 0]);
    },
  );
});

describe('when no worker can be had any more (S23.4)', () => {
  const failure = failureOf({ code: 'no-workers', message: 'none' });

  it('what has no result fails once no worker is left, and the results that were on their way are taken', async () => {
    const hands = new Hands();
    const told: string[] = [];
    hands.dispatcher.add(callsOf('1', told));
    hands.dispatcher.addBroadcast('2', receiverOf(told));
    await hands.send('a', 'b');
    hands.running = 1;
    hands.pending = 2;
    const done = hands.dispatcher.noWorkers(failure).then(() => told.push('done'));
    const look = async (): Promise<void> => {
      await endOfTurn();
      hands.clock.advance(50);
      await endOfTurn();
    };
    await look();
    hands.workers = 0;
    // One of the two tasks is not in the queue: its result is still to come.
    await look();
    expect(told).toEqual([]);
    await hands.answer('A', { [KEY.task]: '0' });
    await look();
    hands.clock.advance(49);
    await endOfTurn();
    expect([told, hands.outcomes]).toEqual([[], ['0: A']]);
    hands.clock.advance(1);
    await done;
    expect([told, hands.outcomes]).toEqual([
      ['calls: none', 'broadcast: none', 'done'],
      ['0: A', '1: no-workers'],
    ]);
    // The mailbox had asked for the last one already, and asks no more.
    await hands.answer('B', { [KEY.task]: '1' });
    expect([hands.outcomes.length, hands.waiting]).toEqual([2, 0]);
  });
});

function callsOf(id: string, told: string[], more: Partial<Calls> = {}): Calls {
  return {
    id,
    settled: new Promise(() => undefined),
    unfinished: [4, 5],
    windowChanged: () => told.push('window'),
    noWorkers: ({ message }) => told.push(`calls: ${message}`),
    end: (reason) => told.push(`calls end: ${String(reason)}`),
    ...more,
  };
}

const receiverOf = (told: string[]): BroadcastReceiver => ({
  received: ({ value }) => told.push(`received ${String(value)}`),
  cancel: (reason) => told.push(`broadcast cancelled: ${String(reason)}`),
  noWorkers: ({ message }) => told.push(`broadcast: ${message}`),
  end: (reason) => told.push(`broadcast end: ${String(reason)}`),
});

describe('the calls of a dispatcher', () => {
  it('are told when the number of workers changes, and only then', async () => {
    const { dispatcher } = new Hands();
    const told: string[] = [];
    dispatcher.add(callsOf('1', told, { settled: Promise.resolve() }));
    dispatcher.add(callsOf('2', told));
    expect(dispatcher.isBusy).toBe(true);
    await endOfTurn();
    dispatcher.workers = 1;
    expect(told).toEqual([]);
    dispatcher.workers = 2;
    expect([told, dispatcher.workers]).toEqual([['window'], 2]);
  });

  it('are cancelled and retried by their id, and broadcasts get what names them', async () => {
    const hands = new Hands();
    const { dispatcher } = hands;
    const told: string[] = [];
    const late: string[] = [];
    dispatcher.reports.tooLate = (batch, index) => void late.push(`${batch} ${index}`);
    const cancelOnPage = (): void => void told.push('cancelled');
    dispatcher.add(callsOf('1', told, { cancelOnPage, retry: (index) => index === 4 }));
    dispatcher.add(callsOf('2', told, { cancelOnPage: () => told.push('the wrong one') }));
    dispatcher.addBroadcast('3', receiverOf(told));
    for (const id of ['1', '3', '9']) dispatcher.cancel(id);
    dispatcher.retry('1', [4, 5]);
    dispatcher.retry('9', [0]);
    expect([told.length, told[0], told[1], late]).toEqual([
      2,
      'cancelled',
      expect.stringContaining('broadcast cancelled: SleighError'),
      ['1 5', '9 0'],
    ]);
    dispatcher.expect(1);
    await endOfTurn();
    await hands.answer('x', { [KEY.batchId]: '3' });
    dispatcher.removeBroadcast('3');
    await hands.answer('y', { [KEY.batchId]: '3' });
    expect(told.slice(2)).toEqual(['received x']);
  });

  it('end with the job, each with its own elements', async () => {
    const hands = new Hands();
    const { dispatcher } = hands;
    await hands.send('a');
    dispatcher.reports.begin('1', { module: '/t.mjs', name: 'f' });
    expect(hands.clock.running).toBe(1);
    const told: string[] = [];
    dispatcher.add(callsOf('1', told));
    dispatcher.addBroadcast('2', receiverOf(told));
    dispatcher.end((unfinished) => `over with ${unfinished.join()}`);
    expect(told).toEqual(['calls end: over with 4,5', 'broadcast end: over with ']);
    // Nothing is reported any more, and a late result belongs to nobody.
    expect(hands.clock.running).toBe(0);
    await hands.answer('A', { [KEY.task]: '0' });
    expect(hands.outcomes).toEqual([]);
  });

  it('say how often their tasks are attempted if that is more than the job says (S23.10)', () => {
    const { dispatcher } = new Hands();
    expect([...dispatcher.attempts()]).toEqual([]);
    dispatcher.raiseAttempts(1);
    expect([dispatcher.maxAttempts, ...dispatcher.attempts()]).toEqual([2]);
    dispatcher.raiseAttempts(3);
    expect([dispatcher.maxAttempts, ...dispatcher.attempts()]).toEqual([3, [KEY.maxAttempts, '3']]);
  });
});

const auto = (dispatcher: Dispatcher, loadFactor: number): TaskGroup =>
  dispatcher.group({ metadata: new Map([['a', 'b']]), chunkSize: 'auto', loadFactor });

describe('the groups of a dispatcher', () => {
  it('are one for all calls of the same kind, and one for each batch with a fixed chunk size', () => {
    const { dispatcher } = new Hands();
    const group = auto(dispatcher, 1);
    expect(auto(dispatcher, 1)).toBe(group);
    expect(dispatcher.group({ metadata: new Map(), chunkSize: 'auto', loadFactor: 1 })).not.toBe(group);
    const fixed = (): TaskGroup => dispatcher.group({ metadata: new Map(), chunkSize: 2, loadFactor: 1 });
    expect(fixed()).not.toBe(fixed());
  });

  it('are kept while they are idle, as long as they are among the 64 that were used before the latest', () => {
    const { dispatcher } = new Hands();
    const groups = Array.from({ length: 65 }, (_, n) => auto(dispatcher, n));
    for (const [n, group] of groups.entries()) expect(auto(dispatcher, n)).toBe(group);
    expect(auto(dispatcher, 0)).toBe(groups[0]);
    auto(dispatcher, 65);
    for (const n of [0, 2, 3, 64]) expect(auto(dispatcher, n)).toBe(groups[n]);
    expect(auto(dispatcher, 1)).not.toBe(groups[1]);
  });

  it('are kept while elements are under way, however many they are', async () => {
    const hands = new Hands();
    const { dispatcher } = hands;
    const groups = Array.from({ length: 66 }, (_, n) => {
      const group = auto(dispatcher, n);
      group.add(hands.owner, n, 'x');
      return group;
    });
    for (const [n, group] of groups.entries()) expect(auto(dispatcher, n)).toBe(group);
    await endOfTurn();
    // Three of them are idle then, and two are too many.
    for (const n of [1, 2, 5]) await hands.answer('done', { [KEY.task]: String(n) });
    auto(dispatcher, 66);
    for (const n of [0, 3, 4, 5, 65]) expect(auto(dispatcher, n)).toBe(groups[n]);
    for (const n of [1, 2]) expect(auto(dispatcher, n)).not.toBe(groups[n]);
  });
});
