import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Batch } from '../../src/client/master/batch.ts';
import { Chunk, chunkPart } from '../../src/client/values/chunk.ts';
import { hostClock } from '../../src/client/clock.ts';
import { NwsConnection, type Found } from '../../src/client/connection/connection.ts';
import type { TaskGroup } from '../../src/client/master/task-group.ts';
import { Dispatcher } from '../../src/client/master/dispatcher.ts';
import { JobEnd } from '../../src/client/master/job-end.ts';
import { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import type { Outcome } from '../../src/client/task/outcome.ts';
import type { ChunkOutcome } from '../../src/client/task/task-metadata.ts';
import { encodeTogether } from '../../src/client/values/values.ts';
import { createServer, type Server } from '../../src/index.ts';
import { KEY } from '../../src/wire/names.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { allOf } from '../support/all-of.ts';
import { eventually } from '../support/eventually.ts';

const WINDOW = 5;

let server: Server;
let lines: ConnectionPool;
let worker: NwsConnection;
let witness: NwsConnection;
let dispatcher: Dispatcher;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error', limits: { valueBytes: 1_000 } });
  const open = (): Promise<NwsConnection> => NwsConnection.open({ host: server.host, port: server.port });
  [worker, witness] = await Promise.all([open(), open()]);
  lines = await ConnectionPool.open({ host: server.host, port: server.port });
  const { main } = lines;
  const metadata = new Map(Object.entries({ wstype: 'sleigh', onDeadWorker: 'requeue', maxAttempts: '1' }));
  await main.openWorkspace('s', { metadata });
  // One more than the number of workers, so that the group stays open and the job outlives them (S4, S13).
  await main.store('s', 'workerCount', 3);
  const end = new JobEnd();
  dispatcher = new Dispatcher({
    lines,
    workspace: 's',
    clock: hostClock,
    workers: 1,
    maxAttempts: 1,
    mayRepeat: true,
    mailbox: 'master',
    extra: () => [],
    onEnd: (why) => {
      end.decide(why);
      dispatcher.end((unfinished) => end.error(unfinished));
    },
  });
  for (const each of [worker, witness]) await each.useWorkspace('s');
  await hire(worker);
});
afterEach(() => server.close());

async function hire(connection: NwsConnection): Promise<void> {
  const { value } = await witness.fetch('s', 'worker_ids');
  await connection.store('s', 'worker_ids', value);
}

let made = 0;
interface Chosen {
  readonly chunkSize?: number | 'auto';
  readonly workers?: number;
}
function batchOf(
  elements: AsyncIterable<unknown> | Iterable<unknown>,
  isOrdered = true,
  { chunkSize = 1, workers = 1 }: Chosen = {},
): Batch {
  dispatcher.workers = workers;
  const batch = new Batch({
    id: String(++made),
    elements,
    group: dispatcher.group({ metadata: NO_METADATA, loadFactor: WINDOW, chunkSize }),
    isOrdered,
    marks: dispatcher.marks,
    onAbort: 'ask',
    clock: hostClock,
    onProgress: ({ done }) => (answered = done),
  });
  dispatcher.add(batch);
  return batch;
}

/** Inputs that count how many of them were read. */
class Inputs {
  taken = 0;
  isReturned = false;

  *upTo(most: number): Generator<number> {
    try {
      while (this.taken < most) yield ++this.taken;
    } finally {
      this.isReturned = true;
    }
  }
}

const pending = async (): Promise<number> =>
  Number((await witness.find('s', 'jobStatus', new Map([['all', '1']]))).value);
/** No request is pending that could change it. */
async function settles(what: () => Promise<number>, at: number): Promise<void> {
  await eventually(async () => (await what()) === at, `${at} of them`);
  for (let i = 0; i < 20; i++) expect(await what()).toBe(at);
}
const answer = (value: unknown): Promise<unknown> => worker.store('s', 'result', value);
const task = (): Promise<Found> => worker.fetch('s', 'task');
/** Stores the value of the worker as the result of a number of tasks. */
async function doTasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await answer(`done ${String((await task()).value)}`);
}

/** Does the next task. @returns how often it says that it is attempted */
const attemptsAsked = async (): Promise<string | undefined> => {
  const { metadata } = await task();
  await answer('done');
  return metadata.get(KEY.maxAttempts);
};

describe('a batch', () => {
  it('has at most as many unfinished elements as its window allows', async () => {
    const inputs = new Inputs();
    const outcomes = batchOf(inputs.upTo(1_000)).outcomes();
    const first = outcomes.next();
    await settles(pending, WINDOW);
    expect(inputs.taken).toBe(WINDOW);
    await doTasks(1);
    expect((await first).value).toEqual({ index: 0, worker: 0, value: 'done 1' });
    await settles(pending, WINDOW);
    expect(inputs.taken).toBe(WINDOW + 1);
    await outcomes.return(undefined);
    await eventually(() => inputs.isReturned, 'the inputs are given back');
  });

  it('has tasks that say how often they are attempted if that is more than in the job (S23.10)', async () => {
    void batchOf([1]).outcomes().next();
    expect(await attemptsAsked()).toBe(undefined);
    dispatcher.raiseAttempts(1);
    void batchOf([1]).outcomes().next();
    expect(await attemptsAsked()).toBe(undefined);
    dispatcher.raiseAttempts(2);
    void batchOf([1]).outcomes().next();
    expect(await attemptsAsked()).toBe('2');
    // A chunk is attempted once: its elements are tried again alone (S23.6).
    void batchOf([1, 2], true, { chunkSize: 2 }).outcomes().next();
    expect(await attemptsAsked()).toBe('1');
  });

  it('counts results that wait for an earlier element, so that their number is bounded, too', async () => {
    const other = await NwsConnection.open({ host: server.host, port: server.port });
    await other.useWorkspace('s');
    await hire(other);
    const inputs = new Inputs();
    const given: Outcome[] = [];
    const running = (async () => {
      for await (const outcome of batchOf(inputs.upTo(8)).outcomes()) given.push(outcome);
    })();
    const slow = await other.fetch('s', 'task');
    expect(slow.value).toBe(1);
    await doTasks(WINDOW - 1);
    await settles(pending, 1);
    expect([inputs.taken, given]).toEqual([WINDOW, []]);
    await other.store('s', 'result', 'done 1');
    await doTasks(3);
    await running;
    expect(given.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('sends one request for a result that it must wait for, and several at once if several results are ready', async () => {
    using fetched = vi.spyOn(NwsConnection.prototype, 'fetch');
    using tried = vi.spyOn(NwsConnection.prototype, 'fetchTry');
    const asked = (spy: typeof fetched | typeof tried): number =>
      spy.mock.calls.filter(([, variable]) => variable === 'result').length;
    const batch = batchOf(new Inputs().upTo(3 + WINDOW));
    const outcomes = batch.outcomes();
    for (let n = 1; n <= 3; n++) {
      await eventually(() => asked(fetched) === n, `get ${n}`);
      await doTasks(1);
      await outcomes.next();
    }
    expect([asked(fetched), asked(tried)]).toEqual([4, 0]);
    // All remaining results arrive together: one answers the waiting get, one the next get, and Try forms fetch the
    // others.
    await settles(pending, WINDOW);
    const results = Array.from({ length: WINDOW }, async () => {
      await Promise.all([worker.fetchTry('s', 'task'), answer('done')]);
    });
    await Promise.all(results);
    expect(await allOf(outcomes)).toHaveLength(WINDOW);
    expect([asked(fetched), asked(tried)]).toEqual([6, 2]);
  });

  it('yields outcomes in the order of completion if requested', async () => {
    const other = await NwsConnection.open({ host: server.host, port: server.port });
    await other.useWorkspace('s');
    await hire(other);
    const outcomes = batchOf(new Inputs().upTo(3), false).outcomes();
    const first = outcomes.next();
    await other.fetch('s', 'task');
    await doTasks(2);
    expect((await first).value).toMatchObject({ index: 1 });
    expect((await outcomes.next()).value).toMatchObject({ index: 2 });
    await other.store('s', 'result', 'done 1');
    expect((await outcomes.next()).value).toMatchObject({ index: 0, worker: 1 });
    expect((await outcomes.next()).done).toBe(true);
  });

  it('completes at once if the input is empty', async () => {
    expect(await allOf(batchOf([]).outcomes())).toEqual([]);
  });

  it('yields an error in place of an element that the server refuses or that cannot be sent', async () => {
    const inputs = ['x'.repeat(2_000), 'good', () => 1];
    const running = allOf(batchOf(inputs).outcomes());
    await doTasks(1);
    expect(await running).toMatchObject([
      { index: 0, error: { reason: expect.stringContaining('a value of 2000 bytes') } },
      { index: 1, value: 'done good' },
      { index: 2, error: { code: 'not-sent' } },
    ]);
  });

  it('yields an error in place of an element whose workers die too often (S13)', async () => {
    const running = allOf(batchOf(['bad']).outcomes());
    await task();
    worker.close();
    expect(await running).toMatchObject([{ index: 0, error: { code: 'worker-died' } }]);
  });

  it('yields the earlier results when its input fails, then throws the error of the input', async () => {
    const outcomes = batchOf(failing()).outcomes();
    const first = outcomes.next();
    await doTasks(1);
    expect((await first).value).toMatchObject({ index: 0 });
    await expect(outcomes.next()).rejects.toThrow('no more');
  });

  it('reports the unfinished elements when the job ends early', async () => {
    const batch = batchOf(new Inputs().upTo(2));
    const running = allOf(batch.outcomes());
    const ended = expect(running).rejects.toMatchObject({ code: 'over', unfinished: [0, 1] });
    await settles(pending, 2);
    await witness.store('s', 'Sleigh ride over', 1);
    await ended;
  });

  it('ends when its connections close, even while it waits for inputs', async () => {
    const silent = new ReadableStream<number>();
    const running = expect(allOf(batchOf(silentThen(silent)).outcomes())).rejects.toMatchObject({
      code: 'closed',
    });
    await settles(pending, 1);
    lines.close();
    await running;
  });
});

/** The number of elements that have outcomes. */
let answered = 0;

/** The group of the batches of that kind. */
const groupOf = (kind: number): TaskGroup =>
  dispatcher.group({ metadata: new Map([['kind', String(kind)]]), loadFactor: WINDOW, chunkSize: 'auto' });

describe('a batch with automatic chunks', () => {
  it('finds what 64 earlier batches of other kinds have learnt, and not more', () => {
    const groups = Array.from({ length: 66 }, (_, kind) => groupOf(kind));
    // The first one is forgotten, and the one that is made again takes the place of the next.
    expect(groupOf(1)).toBe(groups[1]);
    expect(groupOf(0)).not.toBe(groups[0]);
    expect(groupOf(3)).toBe(groups[3]);
    expect(groupOf(2)).not.toBe(groups[2]);
  });

  const AUTO = { chunkSize: 'auto', workers: 2 } as const;
  beforeEach(() => (answered = 0));

  it('distributes elements that arrive together among idle workers', async () => {
    const running = allOf(batchOf(warmThen([2, 3, 4, 5, 6, 7, 8, 9]), true, AUTO).outcomes());
    await warmUp();
    for (const expected of [
      [2, 3, 4, 5],
      [6, 7, 8, 9],
    ]) {
      expect(await chunk()).toEqual(expected.map((value) => ({ value })));
      await answerSome(expected);
    }
    expect((await running).map((outcome) => 'value' in outcome && outcome.value)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('sends returned elements one at a time and in order, with no more unfinished than its window allows', async () => {
    const batch = batchOf(warmThen([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]), true, { ...AUTO, workers: 1 });
    const running = allOf(batch.outcomes());
    await warmUp();
    expect(await chunk()).toHaveLength(12);
    await answerSome([2]);
    await settles(pending, WINDOW);
    expect(batch.unfinished).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    for (let n = 3; n <= 13; n++) {
      const { value, metadata } = await task();
      expect([value, metadata.has('chunk')]).toEqual([n, false]);
      await worker.store('s', 'result', n, new Map([['took', '0.1']]));
    }
    expect((await running).map((outcome) => 'value' in outcome && outcome.value)).toEqual(
      Array.from({ length: 14 }, (_, n) => n),
    );
  });
});

/** Two of these, of which the first is ignored, and then others in one turn. */
async function* warmThen(others: number[]): AsyncGenerator<number> {
  yield 0;
  yield 1;
  await eventually(() => answered === 2, 'it is known what an element takes');
  yield* others;
}
async function warmUp(): Promise<void> {
  for (let n = 0; n < 2; n++)
    await worker.store('s', 'result', (await task()).value, new Map([['took', '0.1']]));
}
async function answerSome(values: unknown[]): Promise<void> {
  const parts = values.map((value) => chunkPart({ value }, 'result', 'threw'));
  await worker.storeEncoded('s', 'result', encodeTogether(parts), new Map([['took', '6']]));
}
async function chunk(): Promise<ChunkOutcome[]> {
  const { value } = await task();
  if (!(value instanceof Chunk)) throw new TypeError('the bytes are not a chunk');
  return [...value];
}

/** One input, and then an error. */
function* failing(): Generator<number> {
  yield 1;
  throw new Error('no more');
}

/** One input, and then none. */
async function* silentThen(silent: ReadableStream<number>): AsyncGenerator<number> {
  yield 1;
  for await (const input of silent) yield input;
}
