import { setImmediate as settle } from 'node:timers/promises';
import { hostClock } from '../../src/client/clock.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { Batch } from '../../src/client/master/batch.ts';
import type { CancelMarks } from '../../src/client/master/cancel-marks.ts';
import { Chunk, chunkPart } from '../../src/client/values/chunk.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import type { Outcome } from '../../src/client/task/outcome.ts';
import { TaskGroup, type TaskSender } from '../../src/client/master/task-group.ts';
import type { Sent } from '../../src/client/master/task-parts.ts';
import type { ChunkOutcome, OnAbort } from '../../src/client/task/task-metadata.ts';
import { decodeValue, encodeTogether, type EncodedValue } from '../../src/client/values/values.ts';
import { allOf } from '../support/all-of.ts';

/** A task that was sent, as a worker would receive it. */
interface Task {
  readonly sent: Sent;
  readonly metadata: ReadonlyMap<string, string>;
  readonly elements: readonly unknown[];
}

let tasks: Task[];
let marks: Map<string, OnAbort>;
let group: TaskGroup;
let sender: { workers: number; maxAttempts: number; mayRepeat: boolean } & TaskSender;
beforeEach(() => {
  tasks = [];
  marks = new Map();
  sender = {
    workers: 1,
    maxAttempts: 3,
    mayRepeat: true,
    send: (_, sent, value, metadata) => {
      tasks.push({ sent, metadata, elements: elementsOf(value) });
      return Promise.resolve();
    },
  };
  group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 4, loadFactor: 8 });
});

function elementsOf({ descriptor, bytes, type }: EncodedValue): unknown[] {
  const value = decodeValue(descriptor, Buffer.from(bytes), new Map([['type', type]]));
  return value instanceof Chunk ? Array.from(value, (each) => 'value' in each && each.value) : [value];
}

let made = 0;
function batchOf(elements: Iterable<unknown> | AsyncIterable<unknown>, isOrdered = true): Batch {
  return new Batch({
    id: String(++made),
    elements,
    group,
    isOrdered,
    marks: unsafeCast<CancelMarks>(marks),
    onAbort: 'kill',
    clock: hostClock,
    onProgress: undefined,
  });
}

async function next(): Promise<Task> {
  await settle();
  const task = tasks.shift();
  if (task === undefined) throw new Error('no task was sent');
  return task;
}

const origin = { descriptor: 0, variableId: '', index: 0 };
function answer({ sent, metadata, elements }: Task, count = elements.length): void {
  const outcomes = elements.slice(0, count).map((value): ChunkOutcome => ({ value }));
  const parts = outcomes.map((outcome) => chunkPart(outcome, 'result', 'threw'));
  const value = metadata.has('chunk') ? new Chunk(Buffer.from(encodeTogether(parts).bytes)) : elements[0];
  group.received(sent, { ...origin, value, metadata: new Map([['nwsWorkerRank', '0']]) });
}
function lose({ sent }: Task, loss: Readonly<Record<string, string>> = {}): void {
  const metadata = new Map(Object.entries({ nwsNull: '1', nwsWorkerRank: '0', ...loss }));
  group.received(sent, { ...origin, value: '', metadata });
}
const inShort = (outcomes: readonly Outcome[]): unknown[] =>
  outcomes.map((each) => ('error' in each ? `${each.index} ${each.error.code}` : each.value));

describe('a chunk whose worker died', () => {
  it('is tried once, and then each of its elements alone; only the element that kills again fails', async () => {
    const running = allOf(batchOf(['a', 'b', 'c', 'd']).outcomes());
    const chunk = await next();
    expect([chunk.elements, chunk.metadata.get('maxAttempts')]).toEqual([['a', 'b', 'c', 'd'], '1']);
    lose(chunk, { nwsHow: 'signal SIGSEGV' });
    for (const element of ['a', 'b', 'c', 'd']) {
      const task = await next();
      expect([task.elements, task.metadata.get('maxAttempts')]).toEqual([[element], undefined]);
      if (element === 'b') lose(task, { nwsHow: 'exit status 3', nwsLastWords: 'out of\nmemory\n' });
      else answer(task);
    }
    const outcomes = await running;
    expect(inShort(outcomes)).toEqual(['a', '1 worker-died', 'c', 'd']);
    expect(outcomes[1]).toMatchObject({
      error: {
        exitStatus: 3,
        signal: undefined,
        lastWords: 'out of\nmemory',
        worker: 0,
        message: 'element 1: given up after 3 attempts: its worker ended (exit status 3; memory)',
      },
    });
  });

  it('may contain two such elements', async () => {
    const running = allOf(batchOf(['a', 'b', 'c', 'd'], false).outcomes());
    lose(await next());
    for (const isDeadly of [true, false, true, false]) {
      const task = await next();
      if (isDeadly) lose(task, { nwsHow: 'signal SIGKILL' });
      else answer(task);
    }
    expect(inShort(await running)).toEqual(['0 worker-died', 'b', '2 worker-died', 'd']);
  });

  it('fails as a whole if no element may be called twice', async () => {
    sender.mayRepeat = false;
    const running = allOf(batchOf(['a', 'b']).outcomes());
    const chunk = await next();
    expect(chunk.metadata.has('maxAttempts')).toBe(false);
    lose(chunk);
    expect(inShort(await running)).toEqual(['0 worker-died', '1 worker-died']);
    expect(tasks).toEqual([]);
  });

  it('is not tried again if the batch is cancelled meanwhile', async () => {
    const batch = batchOf(['a', 'b']);
    const rejected = expect(allOf(batch.outcomes())).rejects.toThrow('enough');
    const chunk = await next();
    batch.cancel(new Error('enough'));
    expect([...marks]).toEqual([[batch.id, 'kill']]);
    lose(chunk, { nwsWhy: 'cancelled' });
    await rejected;
    await batch.settled;
    expect([tasks, marks.size]).toEqual([[], 0]);
  });
});

describe('a call that is stopped at its timeout', () => {
  it('fails its element; the other elements of its chunk are tried again and count no attempt', async () => {
    const running = allOf(batchOf(['a', 'b', 'c']).outcomes());
    lose(await next(), { nwsWhy: 'timed-out', nwsAt: '1', nwsHow: 'signal SIGKILL' });
    for (const element of ['a', 'c']) {
      const task = await next();
      expect(task.elements).toEqual([element]);
      answer(task);
    }
    expect(inShort(await running)).toEqual(['a', '1 timed-out', 'c']);
  });

  it('causes each element to be tried alone if it is unknown which one was running', async () => {
    const running = allOf(batchOf(['a', 'b']).outcomes());
    lose(await next(), { nwsWhy: 'timed-out' });
    answer(await next());
    lose(await next(), { nwsWhy: 'timed-out' });
    expect(inShort(await running)).toEqual(['a', '1 timed-out']);
  });
});

describe('a chunk that a worker returns', () => {
  it('is tried again, whatever its size', async () => {
    const running = allOf(batchOf(['a', 'b', 'c', 'd']).outcomes());
    answer(await next(), 1);
    for (const element of ['b', 'c', 'd']) {
      const task = await next();
      expect(task.elements).toEqual([element]);
      answer(task);
    }
    expect(inShort(await running)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('an input that never yields its next element', () => {
  it('is abandoned when the batch is cancelled', async () => {
    let left = 0;
    const input: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          left++;
          return Promise.reject(new Error('that nobody hears'));
        },
      }),
    };
    const batch = batchOf(input);
    await settle();
    batch.cancel(new Error('enough'));
    await batch.settled;
    expect(left).toBe(1);
  });
});

describe('a module that no worker can load', () => {
  it('fails the unfinished elements with the reason, and hands out no more', async () => {
    const batch = batchOf(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
    const running = allOf(batch.outcomes());
    const first = await next();
    const second = await next();
    lose(first, { nwsWhy: 'not-loaded', nwsLastWords: 'cannot load /x.mjs: there is no such file' });
    expect([...marks]).toEqual([[batch.id, 'kill']]);
    // The queued task of the same batch is not called.
    lose(second, { nwsWhy: 'cancelled' });
    lose(await next(), { nwsWhy: 'cancelled' });
    const outcomes = await running;
    expect(inShort(outcomes)).toEqual(Array.from({ length: 9 }, (_, n) => `${n} not-loaded`));
    expect(outcomes[8]).toMatchObject({ error: { reason: 'cannot load /x.mjs: there is no such file' } });
    await batch.settled;
    expect([tasks, marks.size]).toEqual([[], 0]);
  });

  it('leaves earlier results available', async () => {
    const running = allOf(batchOf(['a', 'b', 'c', 'd', 'e']).outcomes());
    answer(await next());
    lose(await next(), { nwsWhy: 'not-loaded' });
    expect(inShort(await running)).toEqual(['a', 'b', 'c', 'd', '4 not-loaded']);
  });
});

describe('a batch that has lost all its workers', () => {
  const FAILURE = { code: 'no-workers', message: 'nobody', stack: 'nobody' } as const;

  it('fails every unfinished element, including those not yet read from the input, and then throws the error of the input', async () => {
    group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 1, loadFactor: 2 });
    const batch = batchOf(failingAfter(['a', 'b', 'c', 'd', 'e', 'f']));
    const outcomes: Outcome[] = [];
    const running = (async () => {
      for await (const outcome of batch.outcomes()) outcomes.push(outcome);
    })();
    const rejected = expect(running).rejects.toThrow('no more');
    answer(await next());
    const [one, other] = [await next(), await next()];
    batch.noWorkers(FAILURE);
    for (const { sent } of [one, other]) group.fail(sent, FAILURE);
    await rejected;
    expect(inShort(outcomes)).toEqual(['a', ...[1, 2, 3, 4, 5].map((n) => `${n} no-workers`)]);
    expect(tasks).toEqual([]);
  });
});

describe('elements of several batches', () => {
  beforeEach(async () => {
    group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 'auto', loadFactor: 2 });
    const running = allOf(batchOf(['warm', 'up']).outcomes());
    for (let n = 0; n < 2; n++) {
      const task = await next();
      group.received(task.sent, {
        ...origin,
        value: task.elements[0],
        metadata: new Map([
          ['nwsWorkerRank', '0'],
          ['took', '0.01'],
        ]),
      });
    }
    await running;
  });

  it('share one task, and each batch counts its own elements', async () => {
    const batches = [batchOf(['a']), batchOf(['b']), batchOf(['c'])];
    const running = batches.map((batch) => allOf(batch.outcomes()));
    const chunk = await next();
    expect(chunk.elements).toEqual(['a', 'b', 'c']);
    expect(chunk.metadata.get('batchId')).toBe(batches.map(({ id }) => id).join(','));
    expect(chunk.metadata.get('shares')).toBe('1,1,1');
    answer(chunk);
    expect((await Promise.all(running)).map(inShort)).toEqual([['a'], ['b'], ['c']]);
    expect(tasks).toEqual([]);
  });

  it('count no attempt when an element of another batch kills the worker, and are not retried once their batch is cancelled', async () => {
    const batches = [batchOf(['a']), batchOf(['b']), batchOf(['c'])];
    const [first, second, third] = batches.map((batch) => allOf(batch.outcomes()));
    const chunk = await next();
    const cancelled = expect(third).rejects.toThrow('enough');
    batches[2]?.cancel(new Error('enough'));
    lose(chunk);
    const task = await next();
    expect(task.elements).toEqual(['a']);
    lose(task);
    answer(await next());
    expect(inShort((await first) ?? [])).toEqual(['0 worker-died']);
    expect(inShort((await second) ?? [])).toEqual(['b']);
    await cancelled;
    await settle();
    expect([tasks, marks.size]).toEqual([[], 0]);
  });

  it('never exceed the window before the duration of an element is known', async () => {
    group = new TaskGroup({ sender, metadata: new Map(), chunkSize: 'auto', loadFactor: 2 });
    const running = Array.from({ length: 50 }, (_, n) => allOf(batchOf([n]).outcomes()));
    await settle();
    expect(tasks).toHaveLength(2);
    for (let left = 50; left > 0;) {
      const task = await next();
      left -= task.elements.length;
      answer(task);
    }
    expect((await Promise.all(running)).map(inShort)).toEqual(Array.from({ length: 50 }, (_, n) => [n]));
  });
});

function* failingAfter(elements: readonly string[]): Generator<string> {
  yield* elements;
  throw new Error('no more');
}
