import { setImmediate as endOfTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { Found } from '../../src/client/connection/connection.ts';
import type { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { Batch } from '../../src/client/master/batch.ts';
import type { CancelMarks } from '../../src/client/master/cancel-marks.ts';
import { LeftElement } from '../../src/client/master/left-element.ts';
import { LeftValues } from '../../src/client/master/left-values.ts';
import { TaskGroup, type TaskGroupOptions, type TaskSender } from '../../src/client/master/task-group.ts';
import type { Sent } from '../../src/client/master/task-parts.ts';
import type { BatchOptions } from '../../src/client/options/batch-options.ts';
import { failureOf, type Outcome } from '../../src/client/task/outcome.ts';
import { chunkPart } from '../../src/client/values/chunk.ts';
import { decodeValue, encodeTogether, type EncodedValue } from '../../src/client/values/values.ts';
import { KEY } from '../../src/wire/names.ts';
import { ManualClock } from '../support/manual-clock.ts';

// Batches and the tasks that they become, without a server: the test answers each task itself.

interface StoredTask {
  readonly sent: Sent;
  readonly value: unknown;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A server and its workers, in the hands of the test. */
class Hands {
  readonly clock = new ManualClock();
  readonly log: string[] = [];
  readonly tasks: StoredTask[] = [];
  refusal: Error | undefined;
  workers = 1;
  mayRepeat = true;
  readonly group: TaskGroup;
  #batches = 0;

  constructor(options: Partial<TaskGroupOptions> = {}) {
    const { tasks } = this;
    const all = (): Pick<Hands, 'workers' | 'mayRepeat' | 'refusal'> => this;
    const sender: TaskSender = {
      get workers() {
        return all().workers;
      },
      maxAttempts: 3,
      get mayRepeat() {
        return all().mayRepeat;
      },
      send: (_group, sent, { descriptor, bytes, type }: EncodedValue, metadata) => {
        const { refusal } = all();
        if (refusal !== undefined) return Promise.reject(refusal);
        const value = decodeValue(descriptor, Buffer.from(bytes), new Map([['type', type]]));
        tasks.push({
          sent,
          value: type === 'chunk' ? [...unsafeCast<Iterable<unknown>>(value)] : value,
          metadata,
        });
        return Promise.resolve();
      },
    };
    this.group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 1, loadFactor: 3, ...options });
  }

  batch(elements: BatchOptions['elements'], options: Partial<BatchOptions> = {}): Batch {
    const note = (text: string): void => void this.log.push(text);
    const marks = {
      set: (id: string, how: string) => note(`mark ${id} ${how}`),
      delete: (id: string) => note(`unmark ${id}`),
    };
    return new Batch({
      id: String(++this.#batches),
      elements,
      group: this.group,
      isOrdered: true,
      marks: unsafeCast<CancelMarks>(marks),
      onAbort: 'ask',
      onProgress: undefined,
      clock: this.clock,
      report: {
        progress: ({ done, failed, read, total }) =>
          note(`${done} done, ${failed} failed of ${read}/${total}`),
        failed: ({ index, error }, element) =>
          note(`failed ${index} ${error.code} ${element?.body.body.toString()}`),
        retried: (index) => note(`retried ${index}`),
        ended: () => note('ended'),
      },
      ...options,
    });
  }

  /** The indexes of the tasks under way. */
  get indexes(): string[] {
    return this.tasks.map(({ metadata }) => metadata.get(KEY.index) ?? '');
  }

  /** Answers the oldest task. */
  async answer(value: unknown, more: Readonly<Record<string, string>> = {}): Promise<void> {
    const task = this.tasks.shift();
    if (task === undefined) throw new Error('there is no task');
    const metadata = new Map([[KEY.workerRank, '4'], ...Object.entries(more)]);
    const found: Found = { value, metadata, descriptor: 1, variableId: '', index: 0 };
    this.group.received(task.sent, found);
    await endOfTurn();
  }

  fail(text: string): Promise<void> {
    return this.answer(failureOf({ code: 'threw', message: text }), { [KEY.error]: '1' });
  }

  lose(more: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.answer('', { [KEY.null]: '1', ...more });
  }
}

/** Elements that come when the test says so. */
class Arrivals {
  readonly #elements: unknown[] = [];
  #arrived: () => void = () => undefined;

  add(element: unknown): void {
    this.#elements.push(element);
    this.#arrived();
  }

  async *elements(): AsyncGenerator {
    for (;;) {
      while (this.#elements.length > 0) yield this.#elements.shift();
      await new Promise<void>((resolve) => (this.#arrived = resolve));
    }
  }
}

/** The result of a task of several elements. */
function chunkOf(results: readonly unknown[]): unknown {
  const parts = results.map((value) => chunkPart({ value }, 'result', 'threw'));
  const { descriptor, bytes } = encodeTogether(parts);
  return decodeValue(descriptor, Buffer.from(bytes), new Map([['type', 'chunk']]));
}

/** The outcomes that the caller of a batch has taken so far. */
function taken(batch: Batch): { readonly outcomes: string[]; readonly end: Promise<unknown> } {
  const outcomes: string[] = [];
  const end = (async () => {
    for await (const outcome of batch.outcomes()) outcomes.push(textOf(outcome));
    return 'over';
  })().catch((error: unknown) => error);
  return { outcomes, end };
}
const textOf = (outcome: Outcome): string =>
  'error' in outcome
    ? `${outcome.index}: ${outcome.error.code} at ${outcome.error.worker} in ${outcome.error.attempt}`
    : `${outcome.index}: ${String(outcome.value)} at ${outcome.worker}`;

describe('a batch', () => {
  it('sends as many elements as its window allows, and yields their outcomes in order', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a', 'b', 'c', 'd']);
    const { outcomes, end } = taken(batch);
    await endOfTurn();
    expect([hands.indexes, hands.group.window, hands.group.isIdle]).toEqual([['0', '1', '2'], 3, false]);
    expect(hands.tasks.map(({ value }) => value)).toEqual(['a', 'b', 'c']);
    expect(batch.unfinished).toEqual([0, 1, 2]);
    const first = hands.tasks.shift();
    await hands.answer('B');
    // The outcome of the second one waits for the first, and counts as under way.
    expect([outcomes, hands.indexes]).toEqual([[], ['2']]);
    if (first !== undefined) hands.tasks.unshift(first);
    await hands.answer('A');
    expect([outcomes, hands.indexes]).toEqual([
      ['0: A at 4', '1: B at 4'],
      ['2', '3'],
    ]);
    await hands.answer('C');
    await hands.answer('D');
    await batch.settled;
    expect([await end, outcomes.slice(2), hands.group.isIdle]).toEqual([
      'over',
      ['2: C at 4', '3: D at 4'],
      true,
    ]);
    await endOfTurn();
    expect(hands.log).toEqual([
      '1 done, 0 failed of 3/4',
      '2 done, 0 failed of 3/4',
      '3 done, 0 failed of 4/4',
      '4 done, 0 failed of 4/4',
      'unmark 1',
      'ended',
    ]);
  });

  it('does not count outcomes that wait for an earlier one when its caller keeps all', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a', 'b', 'c', 'd', 'e']);
    await endOfTurn();
    const first = hands.tasks.shift();
    await hands.answer('B');
    expect(hands.indexes).toEqual(['2']);
    const outcomes: string[] = [];
    void batch.takeAll((outcome) => outcomes.push(textOf(outcome)));
    await endOfTurn();
    expect([hands.indexes, outcomes]).toEqual([['2', '3'], []]);
    if (first !== undefined) hands.tasks.unshift(first);
    await hands.answer('A');
    expect([hands.indexes, outcomes]).toEqual([
      ['2', '3', '4'],
      ['0: A at 4', '1: B at 4'],
    ]);
  });

  it('may have promises among its elements, which are rejected before their turn', async () => {
    const hands = new Hands({ loadFactor: 1 });
    const { outcomes, end } = taken(
      hands.batch([Promise.resolve('a'), 'b', Promise.reject(new Error('no c'))]),
    );
    await endOfTurn();
    expect(hands.tasks.map(({ value }) => value)).toEqual(['a']);
    await hands.answer('A');
    await hands.answer('B');
    expect([await end, outcomes]).toEqual([new Error('no c'), ['0: A at 4', '1: B at 4']]);
  });

  it('has a window of at least one, which grows with its workers', async () => {
    const hands = new Hands({ loadFactor: 0.4 });
    hands.workers = 0;
    const batch = hands.batch(['a', 'b', 'c', 'd']);
    void taken(batch);
    await endOfTurn();
    expect([hands.group.window, hands.indexes]).toEqual([1, ['0']]);
    hands.workers = 5;
    batch.windowChanged();
    await endOfTurn();
    expect([hands.group.window, hands.indexes]).toEqual([2, ['0', '1']]);
  });

  it('that is cancelled marks itself until nothing of it is left, and discards what comes', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a', 'b', 'c', 'd', 'e'], { onAbort: 'kill' });
    const { outcomes, end } = taken(batch);
    await endOfTurn();
    batch.cancel(new Error('enough'));
    batch.cancel(new Error('later'));
    expect([batch.isCancelled, batch.isWanted]).toEqual([true, false]);
    expect(await end).toMatchObject({ message: 'enough' });
    expect(hands.log).toEqual(['mark 1 kill']);
    await hands.answer('A');
    await hands.lose({ [KEY.nullWhy]: 'cancelled' });
    expect(hands.log).toEqual(['mark 1 kill']);
    await hands.fail('cancelled');
    await batch.settled;
    await endOfTurn();
    expect([outcomes, hands.indexes, hands.log]).toEqual([[], [], ['mark 1 kill', 'unmark 1', 'ended']]);
    expect(hands.group.isIdle).toBe(true);
  });

  it('that is left before its end is cancelled, and its input is closed', async () => {
    const hands = new Hands();
    let isClosed = false;
    const input = (function* () {
      try {
        for (;;) yield 'x';
      } finally {
        isClosed = true;
      }
    })();
    const batch = hands.batch(input);
    const outcomes = batch.outcomes();
    const first = outcomes.next();
    await endOfTurn();
    await hands.answer('A');
    expect((await first).value).toMatchObject({ index: 0 });
    await outcomes.return();
    await endOfTurn();
    expect([batch.isCancelled, isClosed, hands.log.at(-1)]).toEqual([true, true, 'mark 1 ask']);
  });

  it('that is cancelled leaves its input once, and an element that comes later is not sent', async () => {
    for (const isFull of [false, true]) {
      const hands = new Hands({ loadFactor: 1 });
      let leaves = 0;
      const giving: ((next: IteratorResult<string>) => void)[] = [];
      const elements = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<IteratorResult<string>>((resolve) => giving.push(resolve)),
          return: () => Promise.resolve({ done: true as const, value: ++leaves }),
        }),
      };
      const batch = hands.batch(elements);
      const { end } = taken(batch);
      await endOfTurn();
      if (isFull) {
        giving[0]?.({ done: false, value: 'a' });
        await endOfTurn();
      }
      batch.cancel(new Error('enough'));
      await endOfTurn();
      expect([await end, leaves, batch.unfinished]).toEqual([new Error('enough'), 1, isFull ? [0] : []]);
      // Nothing of it is left to be ended if no element was under way.
      expect(hands.log.filter((each) => each.startsWith('mark'))).toEqual(isFull ? ['mark 1 ask'] : []);
      giving[0]?.({ done: false, value: 'late' });
      await endOfTurn();
      expect([hands.indexes, leaves]).toEqual([isFull ? ['0'] : [], 1]);
    }
  });

  it('ends with its job: nothing is marked, and nothing is awaited', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a', 'b']);
    const { end } = taken(batch);
    await endOfTurn();
    batch.end(new Error('the job is over'));
    await batch.settled;
    expect(await end).toMatchObject({ message: 'the job is over' });
    expect([batch.unfinished, hands.log.filter((each) => each !== 'ended')]).toEqual([[], []]);
    batch.end(new Error('again'));
    batch.cancel(new Error('again'));
  });

  it('refuses what was not sent, and what is still read, when no worker is left', async () => {
    const hands = new Hands({ loadFactor: 1 });
    const batch = hands.batch(['a', 'b', 'c']);
    const { outcomes, end } = taken(batch);
    await endOfTurn();
    batch.noWorkers(failureOf({ code: 'no-workers', message: 'none' }));
    await endOfTurn();
    expect(outcomes).toEqual([]);
    await hands.answer('A');
    expect(await end).toBe('over');
    expect(outcomes).toEqual([
      '0: A at 4',
      '1: no-workers at undefined in 1',
      '2: no-workers at undefined in 1',
    ]);
  });

  it('refuses at once what waits for a chunk to fill, and each element that comes later', async () => {
    const hands = new Hands({ chunkSize: 3 });
    const queue = new Arrivals();
    const batch = hands.batch(queue.elements());
    const { outcomes } = taken(batch);
    queue.add('a');
    await endOfTurn();
    batch.noWorkers(failureOf({ code: 'no-workers', message: 'none' }));
    await endOfTurn();
    expect([outcomes, hands.indexes]).toEqual([['0: no-workers at undefined in 1'], []]);
    queue.add('b');
    await endOfTurn();
    expect([outcomes.slice(1), hands.indexes]).toEqual([['1: no-workers at undefined in 1'], []]);
    const running = new Hands();
    const more = new Arrivals();
    const other = running.batch(more.elements(), { isOrdered: false });
    const { outcomes: early } = taken(other);
    more.add('a');
    await endOfTurn();
    other.noWorkers(failureOf({ code: 'no-workers', message: 'none' }));
    more.add('b');
    await endOfTurn();
    expect([early, other.unfinished]).toEqual([['1: no-workers at undefined in 1'], [0]]);
  });

  it('whose module cannot be loaded fails with that reason, also what was cancelled for it', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a', 'b']);
    const { outcomes, end } = taken(batch);
    await endOfTurn();
    await hands.lose({ [KEY.nullWhy]: 'not-loaded', [KEY.nullLastWords]: 'no such file' });
    await hands.answer(failureOf({ code: 'cancelled', message: 'cancelled' }), { [KEY.error]: '1' });
    expect(await end).toBe('over');
    expect(outcomes).toEqual(['0: not-loaded at 4 in 1', '1: not-loaded at undefined in 1']);
    expect(hands.log.filter((each) => each.includes('mark'))).toEqual(['mark 1 ask', 'unmark 1']);
  });

  it('throws what its input throws, after all earlier outcomes', async () => {
    const hands = new Hands();
    const input = (function* () {
      yield 'a';
      throw new Error('no more');
    })();
    const { outcomes, end } = taken(hands.batch(input));
    await endOfTurn();
    await hands.answer('A');
    expect(await end).toMatchObject({ message: 'no more' });
    expect(outcomes).toEqual(['0: A at 4']);
  });

  it('tells its progress, with the rate and the time that is left, and is cancelled if that throws', async () => {
    const hands = new Hands();
    const told: unknown[] = [];
    const batch = hands.batch(['a', 'b', 'c', 'd'], { onProgress: (progress) => told.push(progress) });
    const { end } = taken(batch);
    await endOfTurn();
    hands.clock.advance(1_000);
    await hands.answer('A');
    const common = { failed: 0, total: 4 };
    expect(told).toEqual([{ ...common, done: 1, read: 3, ratePerSecond: 1, millisecondsLeft: 3_000 }]);
    hands.clock.advance(1_000);
    await hands.answer('B');
    hands.clock.advance(2_000);
    await hands.answer('C');
    expect(told.at(-1)).toMatchObject({ done: 3, ratePerSecond: 0.75, millisecondsLeft: 4_000 / 3 });
    await hands.answer('D');
    expect(told.at(-1)).toMatchObject({ done: 4, ratePerSecond: 1, millisecondsLeft: 0 });
    expect(await end).toBe('over');
    const endless = (function* () {
      for (;;) yield 'x';
    })();
    const failing = hands.batch(endless, {
      onProgress: ({ total, millisecondsLeft }) => {
        throw new Error(`${total} ${millisecondsLeft}`);
      },
    });
    const stopped = taken(failing);
    await endOfTurn();
    await hands.answer('A');
    expect(await stopped.end).toMatchObject({ message: 'undefined undefined' });
  });

  it('sends no faster than it is told', async () => {
    const hands = new Hands({ loadFactor: 9 });
    const batch = hands.batch(['a', 'b', 'c'], { ratePerSecond: 10 });
    void taken(batch);
    await endOfTurn();
    expect(hands.indexes).toEqual(['0']);
    hands.clock.advance(100);
    await endOfTurn();
    expect(hands.indexes).toEqual(['0', '1']);
    batch.cancel(new Error('enough'));
    hands.clock.advance(1_000);
    await endOfTurn();
    expect(hands.indexes).toEqual(['0', '1']);
  });

  it('gives all outcomes to a caller that keeps them, and another one for an element that is called again', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a', 'b'], { isOrdered: false });
    const outcomes: string[] = [];
    const all = batch.takeAll((outcome) => outcomes.push(textOf(outcome)));
    await endOfTurn();
    await hands.fail('no');
    expect(outcomes).toEqual(['0: threw at 4 in 1']);
    expect([batch.retry(1), batch.retry(0), batch.retry(0)]).toEqual([false, true, false]);
    await endOfTurn();
    expect(hands.tasks.at(-1)?.metadata.get(KEY.attempt)).toBe('2');
    await hands.answer('B');
    await hands.answer('A', { [KEY.attempt]: '2' });
    await all;
    expect(outcomes.slice(1)).toEqual(['1: B at 4', '0: A at 4']);
    expect(hands.log).toEqual([
      'failed 0 threw a',
      '1 done, 1 failed of 2/2',
      'retried 0',
      '0 done, 0 failed of 2/2',
      '1 done, 0 failed of 2/2',
      '2 done, 0 failed of 2/2',
      'unmark 1',
      'ended',
    ]);
    expect(batch.retry(0)).toBe(false);
  });

  it('tries failed elements again after a while, as its policy says (S27)', async () => {
    const hands = new Hands();
    const retry = { attempts: 2, backoff: 50 };
    const batch = hands.batch(['a', 'b'], { retry });
    const { outcomes, end } = taken(batch);
    await endOfTurn();
    await hands.fail('no');
    await hands.answer('B');
    expect([hands.indexes, hands.group.isIdle, outcomes]).toEqual([[], false, []]);
    hands.clock.advance(50);
    await endOfTurn();
    expect([hands.indexes, hands.tasks[0]?.value]).toEqual([['0'], 'a']);
    await hands.fail('no');
    // Metadata of the worker say which attempt it was; without them it is the one that was sent.
    expect(await end).toBe('over');
    expect(outcomes).toEqual(['0: threw at 4 in 2', '1: B at 4']);
    expect(hands.clock.running).toBe(0);
  });

  it('that is cancelled waits for no further attempt', async () => {
    const hands = new Hands();
    const batch = hands.batch(['a'], { retry: { attempts: 2, backoff: 50 } });
    const { end } = taken(batch);
    await endOfTurn();
    await hands.fail('no');
    batch.cancel(new Error('enough'));
    await batch.settled;
    expect(await end).toMatchObject({ message: 'enough' });
    hands.clock.advance(50);
    await endOfTurn();
    expect([hands.indexes, hands.group.isIdle, hands.clock.running]).toEqual([[], true, 0]);
  });
});

/** The values that its elements and its results have at the server, and those that were deleted. */
function atServer() {
  const deleted: string[] = [];
  const deleteVariable = (_workspace: string, variable: string): Promise<void> =>
    Promise.resolve(void deleted.push(variable.replace('#left ', '')));
  const valuesOf = (owner: string): LeftValues =>
    new LeftValues(unsafeCast<ConnectionPool>({ main: { deleteVariable } }), 'job', owner);
  const [earlier, leaves] = [valuesOf('in'), valuesOf('out')];
  const elements = Array.from({ length: 4 }, () => new LeftElement(earlier, earlier.next(), 9));
  return { deleted, elements, leaves };
}

describe('a batch of a pipeline', () => {
  it('releases each element when it has a result, and gives the result to the next stage (S35.5)', async () => {
    const hands = new Hands({ loadFactor: 4 });
    const { deleted, elements, leaves } = atServer();
    const batch = hands.batch(elements, { leaves });
    const results = batch.outcomes();
    const first = results.next();
    await endOfTurn();
    expect(
      hands.tasks.map(({ metadata }) => [metadata.get(KEY.elementIn), metadata.get(KEY.leaveIn)]),
    ).toEqual([
      ['#left in 1', '#left out 1'],
      ['#left in 2', '#left out 2'],
      ['#left in 3', '#left out 3'],
      ['#left in 4', '#left out 4'],
    ]);
    await hands.answer('', { [KEY.left]: '70000' });
    const { value } = await first;
    expect([value, deleted]).toEqual([{ index: 0, worker: 4, value: expect.any(LeftElement) }, ['in 1']]);
    await hands.answer('', { [KEY.left]: '70000' });
    expect(deleted).toEqual(['in 1', 'in 2']);
    // What was not given to the next stage is needed no more, and neither are elements without a result.
    await results.return();
    expect(deleted).toEqual(['in 1', 'in 2', 'out 2']);
    await hands.answer('', { [KEY.left]: '70000' });
    expect(deleted.slice(3)).toEqual(['in 3', 'out 3']);
    await hands.fail('no');
    await batch.settled;
    await endOfTurn();
    expect(deleted.slice(5)).toEqual(['in 4']);
  });
});

const metadataOf = ({ metadata }: StoredTask): Record<string, string> => Object.fromEntries(metadata);

describe('the tasks of a batch', () => {
  it('of one element each say which, and in which attempt', async () => {
    const hands = new Hands();
    void taken(hands.batch(['a']));
    await endOfTurn();
    expect(hands.tasks.map(metadataOf)).toEqual([
      { [KEY.batchId]: '1', [KEY.index]: '0', [KEY.share]: '1', [KEY.attempt]: '1' },
    ]);
  });

  it('in chunks have the elements of several batches, and the newest takes its turn with them (S28)', async () => {
    const hands = new Hands({ chunkSize: 3 });
    void taken(hands.batch(['a', 'b']));
    void taken(hands.batch(['c']));
    await endOfTurn();
    // Their inputs are read in turns.
    expect(hands.tasks.map(metadataOf)).toEqual([
      {
        [KEY.batchId]: '1,2,1',
        [KEY.index]: '0,0,1',
        [KEY.share]: '2',
        [KEY.shares]: '1,1,1',
        [KEY.chunk]: '1',
        [KEY.maxAttempts]: '1',
      },
    ]);
    expect(hands.tasks[0]?.value).toEqual([{ value: 'a' }, { value: 'c' }, { value: 'b' }]);
    void taken(hands.batch(['g']));
    await endOfTurn();
    // A chunk of one element is tried as often as any task.
    expect(hands.tasks.slice(1).map(metadataOf)).toEqual([
      { [KEY.batchId]: '3', [KEY.index]: '0', [KEY.share]: '3', [KEY.chunk]: '1', [KEY.attempt]: '1' },
    ]);
    hands.mayRepeat = false;
    void taken(hands.batch(['d', 'e', 'f']));
    await endOfTurn();
    expect(hands.tasks.at(-1)?.metadata.has(KEY.maxAttempts)).toBe(false);
  });

  it('that a worker left half done are sent again, one element each', async () => {
    const hands = new Hands({ chunkSize: 3 });
    const { outcomes } = taken(hands.batch(['a', 'b', 'c']));
    await endOfTurn();
    await hands.answer(chunkOf(['A']), { [KEY.took]: '1' });
    expect([outcomes, hands.indexes]).toEqual([['0: A at 4'], ['1', '2']]);
    expect(
      hands.tasks.map(({ metadata }) => [metadata.get(KEY.attempt), metadata.get(KEY.aloneFrom)]),
    ).toEqual([
      ['1', undefined],
      ['1', undefined],
    ]);
  });

  it('whose worker was ended by a call that took too long fail in that element only', async () => {
    const hands = new Hands({ chunkSize: 3 });
    const { outcomes } = taken(hands.batch(['a', 'b', 'c'], { isOrdered: false }));
    await endOfTurn();
    await hands.lose({ [KEY.nullWhy]: 'timed-out', [KEY.nullAt]: '1' });
    expect([outcomes, hands.indexes]).toEqual([['1: timed-out at 4 in 1'], ['0', '2']]);
    expect(
      hands.tasks.map(({ metadata }) => [metadata.get(KEY.attempt), metadata.get(KEY.aloneFrom)]),
    ).toEqual([
      ['2', '2'],
      ['2', '2'],
    ]);
  });

  it('that cannot be repeated fail as a whole when their worker ends', async () => {
    const hands = new Hands({ chunkSize: 2 });
    hands.mayRepeat = false;
    const { outcomes, end } = taken(hands.batch(['a', 'b']));
    await endOfTurn();
    await hands.lose();
    expect(await end).toBe('over');
    expect(outcomes).toEqual(['0: worker-died at 4 in 1', '1: worker-died at 4 in 1']);
  });

  it('of several elements that fail as a whole are tried one by one', async () => {
    const hands = new Hands({ chunkSize: 2 });
    const { outcomes } = taken(hands.batch(['a', 'b']));
    await endOfTurn();
    await hands.fail('the whole chunk');
    expect([outcomes, hands.indexes]).toEqual([[], ['0', '1']]);
    await hands.answer('A');
    await hands.fail('again');
    expect(outcomes).toEqual(['0: A at 4', '1: threw at 4 in 2']);
  });

  it('that the server refuses are divided, and fail when they are of one element', async () => {
    const hands = new Hands({ chunkSize: 2 });
    hands.refusal = new Error('no room');
    const { outcomes, end } = taken(hands.batch(['a', 'b']));
    expect(await end).toBe('over');
    expect(outcomes).toEqual(['0: not-sent at undefined in 1', '1: not-sent at undefined in 1']);
    expect(hands.group.isIdle).toBe(true);
  });

  it('contain no element that cannot be sent', async () => {
    const hands = new Hands();
    const { outcomes } = taken(hands.batch([() => 1, 'b']));
    await endOfTurn();
    expect([outcomes, hands.indexes]).toEqual([['0: not-sent at undefined in 1'], ['1']]);
  });

  it('of automatic size begin with one element, and are divided among idle workers', async () => {
    const hands = new Hands({ chunkSize: 'auto', loadFactor: 2 });
    hands.workers = 2;
    void taken(hands.batch(Array.from({ length: 9 }, (_, n) => n)));
    await endOfTurn();
    expect([hands.indexes, hands.tasks[0]?.metadata.get(KEY.budget)]).toEqual([['0', '1', '2', '3'], '5']);
    // The first task of a worker is not counted, and the second one says that an element takes 0.5 ms.
    await hands.answer('0', { [KEY.took]: '0.5' });
    await hands.answer('1', { [KEY.took]: '0.5' });
    await endOfTurn();
    const { sent, metadata } = hands.tasks.at(-1) ?? {};
    expect(sent?.count).toBeGreaterThan(1);
    expect(metadata?.get(KEY.chunk)).toBe('1');
  });

  it('of automatic size that come one by one do not wait for each other', async () => {
    const hands = new Hands({ chunkSize: 'auto', loadFactor: 2 });
    const queue = new Arrivals();
    const { outcomes } = taken(hands.batch(queue.elements()));
    // The first task of a worker is not counted, and the second one says that a hundred fit into a chunk.
    for (let n = 0; n < 6; n++) {
      queue.add(n);
      await endOfTurn();
      expect(hands.indexes).toEqual([String(n)]);
      await hands.answer(n, { [KEY.took]: '0.001' });
    }
    // Two of one turn travel together.
    queue.add(6);
    queue.add(7);
    await endOfTurn();
    expect([hands.indexes, hands.tasks[0]?.value]).toEqual([['6'], [{ value: 6 }, { value: 7 }]]);
    expect(outcomes).toHaveLength(6);
  });

  it('of automatic size have at most 64 KiB, and are not divided before', async () => {
    // Each element has a letter, its length in digits, and a newline before it.
    for (const [length, counts] of [
      [35_522, [2]],
      [35_523, [1]],
    ] as const) {
      const hands = new Hands({ chunkSize: 'auto', loadFactor: 1 });
      void taken(hands.batch(['x', 'x', 'x'.repeat(30_000), 'x'.repeat(length)]));
      await endOfTurn();
      for (let n = 0; n < 2; n++) await hands.answer('done', { [KEY.took]: '0.001' });
      expect(hands.tasks.map(({ sent }) => sent.count)).toEqual(counts);
    }
    // An element that is larger by itself is sent as it is.
    const hands = new Hands({ chunkSize: 'auto', loadFactor: 1 });
    const { outcomes } = taken(hands.batch(['x'.repeat(70_000)]));
    await endOfTurn();
    expect([hands.tasks.map(({ sent }) => [sent.count, sent.isAgain]), outcomes]).toEqual([[[1, false]], []]);
  });

  it('of automatic size are divided if they have more than 64 KiB', async () => {
    const hands = new Hands({ chunkSize: 'auto', loadFactor: 1 });
    const large = 'x'.repeat(40_000);
    const { outcomes } = taken(hands.batch(['x', 'x', large, large, 'x']));
    await endOfTurn();
    for (let n = 0; hands.tasks.length > 0 && n < 9; n++) {
      const { sent, value } = hands.tasks[0] ?? {};
      if (Array.isArray(value)) expect(JSON.stringify(value).length).toBeLessThan(70_000);
      const results = Array.from({ length: sent?.count ?? 0 }, () => 'done');
      await hands.answer(results.length === 1 ? 'done' : chunkOf(results), { [KEY.took]: '0.001' });
    }
    expect(outcomes).toHaveLength(5);
  });
});
