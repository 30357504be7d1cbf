import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  NetWorkSpace,
  Sleigh,
  TaskError,
  tasks,
  threads,
  type Progress,
  type Task,
} from '../../src/client/index.ts';
import { createServer } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { isRunning } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';
import { sharedServer } from '../support/shared-server.ts';

const MODULE = new URL('modules/tasks.mjs', import.meta.url);
const task = tasks<typeof import('./modules/tasks.mjs')>(MODULE);
const { square } = task;

const address = sharedServer({ limits: { valueBytes: 2_000_000 } });

/** A folder in which tasks record their progress. */
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-client-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const told = (what: string): string[] => readdirSync(folder).filter((name) => name.startsWith(what));
/** Waits until a number of calls have recorded something. */
const said = (what: string, count = 1): Promise<void> =>
  eventually(() => told(what).length >= count, `${count} times "${what}"`);
const go = (): void => writeFileSync(`${folder}/go`, '');

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const orders = (count: number): { folder: string; n: number }[] => upTo(count).map((n) => ({ folder, n }));

async function fixedArgsLeft(): Promise<string[]> {
  const variables = (await NetWorkSpace.list(address)).flatMap(({ variables }) => variables);
  return variables.filter((name) => name.startsWith('#fixedArg'));
}

function refuse(): never {
  throw new Error('cannot tell');
}

function* failing(): Generator<number> {
  yield 3;
  throw new Error('no more');
}

async function* endless(taken: { count: number }): AsyncGenerator<number> {
  for (;;) yield taken.count++;
}

describe('a sleigh', () => {
  let sleigh: Sleigh;
  beforeAll(async () => {
    sleigh = await Sleigh.start({ workers: 2, server: address });
  });
  afterAll(() => sleigh.stop());

  it('calls a function for each element, and returns the results in order', async () => {
    expect(await sleigh.eachElem(square, [1, 2, 3])).toEqual([1, 4, 9]);
    expect(await sleigh.eachElem(square, new Set([4, 5]))).toEqual([16, 25]);
    expect(await sleigh.eachElem(square, [])).toEqual([]);
    expect(await sleigh.eachElem(task.slowAtFirst, upTo(20))).toEqual(upTo(20));
    expect(await sleigh.eachElem(task.map, [[['a', 1]]])).toEqual([new Map([['a', 1]])]);
  });

  it.skipIf(isShort)('yields results in the order of completion if requested', async () => {
    const results = await sleigh.eachElem(task.slowAtFirst, upTo(6), { ordered: false });
    expect(results.at(0)).not.toBe(0);
    expect(results.toSorted((a, b) => a - b)).toEqual(upTo(6));
    for await (const outcome of sleigh.eachElem(square, upTo(9), { ordered: false }).outcomes()) {
      if ('error' in outcome) throw outcome.error;
      expect([outcome.value, outcome.worker < 2]).toEqual([outcome.index ** 2, true]);
    }
  });

  it.each([1, 3, 50])('sends elements in chunks of %d', async (chunkSize) => {
    const elements = upTo(100);
    const results = await sleigh.eachElem(task.picky, elements, { chunkSize, errors: 'collect' });
    expect(results.map((each) => (each instanceof TaskError ? [each.index, each.reason] : each))).toEqual(
      elements.map((n) => (n % 3 === 2 ? [n, `RangeError: not ${n}`] : n)),
    );
  });

  it('reads an endless input only as far as the window allows, and closes it when the loop ends', async () => {
    const taken = { count: 0 };
    const input = endless(taken);
    let at = 0;
    for await (const result of sleigh.eachElem(square, input, { loadFactor: 4, chunkSize: 2 })) {
      expect(result).toBe(at * at);
      expect(taken.count - at).toBeLessThanOrEqual((2 * 4 + 1) * 2);
      if (++at === 500) break;
    }
    await eventually(async () => (await input.next()).done === true, 'the input is given back');
    await eventually(async () => (await sleigh.status()).pending === 0, 'nothing is left');
  });

  it('reports its progress', async () => {
    const seen: Progress[] = [];
    const options = {
      onProgress: (progress: Progress) => void seen.push(progress),
      errors: 'collect',
    } as const;
    await sleigh.eachElem(task.picky, upTo(6), options);
    expect(seen).toHaveLength(6);
    expect(seen.at(-1)).toMatchObject({ done: 6, failed: 2, read: 6, total: 6 });
  });

  it('is cancelled if onProgress throws', async () => {
    await expect(sleigh.eachElem(square, upTo(9), { onProgress: refuse })).rejects.toThrow('cannot tell');
  });

  it('sends fixed arguments once, and deletes them afterwards (S11)', async () => {
    const results = await sleigh.eachElem(task.scaled, [1, 2, 3], { fixedArgs: { factor: 10 } });
    expect(results).toEqual([10, 20, 30]);
    expect(await sleigh.eachWorker(task.scaled, 2, { fixedArgs: { factor: 3 } })).toEqual([6, 6]);
    await eventually(async () => (await fixedArgsLeft()).length === 0, 'they are gone');
  });

  it('rejects with the error of a task and the index of its element, and stays usable', async () => {
    const failing = sleigh.eachElem(task.picky, upTo(1_000));
    await expect(failing).rejects.toMatchObject({
      name: 'TaskError',
      code: 'threw',
      index: 2,
      message: 'element 2: RangeError: not 2',
      remoteStack: expect.stringMatching(/tasks\.mjs:\d+/),
    });
    expect(await sleigh.eachElem(square, [7])).toEqual([49]);
  });

  it('collects all errors if requested', async () => {
    const large = 'x'.repeat(3_000_000);
    const elements: unknown[] = [large, upTo, 1];
    const results = await sleigh.eachElem(task.oddResult, elements, { errors: 'collect' });
    expect(results).toMatchObject([
      { code: 'not-sent', message: expect.stringContaining('a value of 3000000 bytes') },
      { code: 'not-sent', message: expect.stringContaining('cannot be sent') },
      { code: 'threw', message: expect.stringContaining('cannot be sent') },
    ]);
    const missing: Task<number, number> = { module: MODULE.pathname, name: 'none' };
    const nowhere: Task<number, number> = { module: '/none.mjs', name: 'none' };
    for (const each of [missing, { ...missing, name: 'notAFunction' }])
      expect(await sleigh.eachElem(each, [1], { errors: 'collect' })).toMatchObject([
        { code: 'threw', reason: expect.stringMatching(/^ModuleError: .*does not export/) },
      ]);
    expect(await sleigh.eachElem(nowhere, [1], { errors: 'collect' })).toMatchObject([
      { code: 'not-loaded', reason: expect.stringContaining('no such file') },
    ]);
    await eventually(async () => (await sleigh.status()).workers === 2, 'both are back');
  });

  it('throws the error of its input after it has yielded the earlier results', async () => {
    const results = sleigh.eachElem(square, failing())[Symbol.asyncIterator]();
    expect((await results.next()).value).toBe(9);
    await expect(results.next()).rejects.toThrow('no more');
  });

  it('runs several batches at a time', async () => {
    const batches = [1, 2, 3, 4, 5].map((base) =>
      sleigh.eachElem(
        square,
        upTo(40).map((n) => n + base),
      ),
    );
    const all = await Promise.all([...batches, sleigh.eachWorker(square, 3)]);
    expect(all).toEqual([...[1, 2, 3, 4, 5].map((base) => upTo(40).map((n) => (n + base) ** 2)), [9, 9]]);
  });

  it('calls a function once on every worker, and returns the results in the order of ranks (S8)', async () => {
    const all = await sleigh.eachWorker(task.whoAmI, undefined);
    expect(all.map(({ rank }) => rank)).toEqual([0, 1]);
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(2);
    await expect(sleigh.eachWorker(task.picky, 2)).rejects.toMatchObject({ name: 'TaskError' });
    expect(await sleigh.eachWorker(task.picky, 2, { errors: 'collect' })).toMatchObject([
      { index: 0, reason: 'RangeError: not 2' },
      { index: 1 },
    ]);
  });

  it('shares its workspace with its workers', async () => {
    await sleigh.eachElem(task.sharing, [5]);
    expect(await sleigh.workspace.fetch('shared')).toBe(5);
  });

  it('reports its state, and closes the group (S5, S10)', async () => {
    expect(await sleigh.join(5)).toBe(2);
    const results = sleigh.eachElem(task.heedful, orders(5));
    await said('begun', 2);
    expect(await sleigh.status()).toEqual({
      workers: 2,
      expected: 2,
      group: 'closed',
      pending: 5,
      running: 2,
    });
    go();
    expect(await results).toEqual(upTo(5));
  });

  it('starts no more calls of an aborted batch, and tells its running calls', async () => {
    const stop = new AbortController();
    const results = sleigh.eachElem(task.heedful, orders(100), { signal: stop.signal });
    const rejected = expect(results).rejects.toThrow('enough');
    await said('begun', 2);
    stop.abort(new Error('enough'));
    await rejected;
    await said('aborted', 2);
    await eventually(async () => (await sleigh.status()).pending === 0, 'the queue is empty');
    // Queued elements were not called, except those that a worker received before it was told.
    expect(told('begun').length).toBeLessThanOrEqual(4);
    await expect(sleigh.eachElem(square, [1], { signal: stop.signal })).rejects.toThrow('enough');
    expect(await sleigh.eachElem(square, [2])).toEqual([4]);
  });

  it('stops a call at its timeout, and replaces a worker whose call goes on', async () => {
    const elements = upTo(2);
    const results = await sleigh.eachElem(task.forever, elements, { timeout: 30, errors: 'collect' });
    expect(results).toMatchObject(
      elements.map((index) => ({
        index,
        code: 'timed-out',
        reason: 'the task took longer than 30 ms',
      })),
    );
    await eventually(async () => (await sleigh.status()).workers === 2, 'both workers are there');
    expect(await sleigh.eachElem(square, [1, 2], { timeout: 5_000 })).toEqual([1, 4]);
  });

  it.each([40 * 86_400_000, Infinity])('sets no limit for a timeout of %d', async (timeout) => {
    expect(await sleigh.eachElem(task.deep, [{ folder, milliseconds: 20 }], { timeout })).toHaveLength(1);
    expect(await sleigh.eachElem(task.nap, [20], { timeout })).toEqual([20]);
  });

  it.each([Number.NaN, -1])('rejects durations of %d', async (bad) => {
    const message = new RegExp(`must be a number of .* of at least 0, .* got ${bad}`);
    await expect(sleigh.eachElem(square, [1], { timeout: bad })).rejects.toThrow(message);
    await expect(sleigh.eachWorker(square, 1, { timeout: bad })).rejects.toThrow(message);
    await expect(sleigh.join(bad)).rejects.toThrow(message);
    await expect(sleigh.workspace.find('x', { timeout: bad })).rejects.toThrow(message);
    await expect(Sleigh.start({ workers: 1, server: address, reconnectGrace: bad })).rejects.toThrow(message);
    await expect(NetWorkSpace.open('x', { ...address, timeout: bad })).rejects.toThrow(message);
  });

  it('yields its results only once', async () => {
    const results = sleigh.eachElem(square, [1]);
    expect([await results, await results]).toEqual([[1], [1]]);
    await expect(results.outcomes().next()).rejects.toThrow('taken already');
  });

  it('rejects invalid options', async () => {
    await expect(sleigh.eachElem(square, [1], { loadFactor: 0 })).rejects.toThrow('`loadFactor` must be');
    await expect(sleigh.eachElem(square, [1], { chunkSize: 1.5 })).rejects.toThrow('`chunkSize` must be');
    // @ts-expect-error -- an element of another type
    void (() => sleigh.eachElem(square, ['1']));
    // @ts-expect-error -- fixed arguments are missing
    void (() => sleigh.eachElem(task.scaled, [1]));
    // @ts-expect-error -- not a function of the module
    void (() => task.none);
    const calls = (): void => {
      expectTypeOf(sleigh.eachElem(square, [1])).resolves.toEqualTypeOf<number[]>();
      expectTypeOf(sleigh.eachElem(square, [1], { errors: 'collect' })).resolves.toEqualTypeOf<
        (number | TaskError)[]
      >();
      expectTypeOf(sleigh.eachWorker(task.slowAtFirst, 1)).resolves.toEqualTypeOf<number[]>();
    };
    expectTypeOf(calls).toBeFunction();
  });
});

describe.skipIf(isShort)('a sleigh whose workers die', () => {
  it('retries the task of a killed worker elsewhere, and reports which worker died (S13)', async () => {
    const deaths: string[] = [];
    const onDeath = (rank: number, how: string): void => void deaths.push(`${rank} ${how}`);
    await using sleigh = await Sleigh.start({ workers: 3, server: address, onDeath });
    expect(await sleigh.eachElem(task.deadly, orders(50))).toEqual(upTo(50));
    await eventually(() => deaths.length > 0, 'the death is told');
    expect(deaths).toEqual([expect.stringMatching(/^\d signal SIGKILL$/)]);
    await sleigh.join(5);
    await eventually(async () => (await sleigh.status()).workers === 3, 'another has its place');
    expect(await sleigh.eachWorker(square, 3)).toEqual([9, 9, 9]);
  });
});

describe.skipIf(isShort)('a sleigh whose workers die', () => {
  it('loses no result when a worker is killed from outside during a task', async () => {
    await using sleigh = await Sleigh.start({ workers: 2, server: address });
    const results = sleigh.eachElem(task.heedful, orders(4));
    await said('begun', 2);
    process.kill(Number(told('begun')[0]?.split(' ').at(-1)), 'SIGKILL');
    await said('begun', 3);
    go();
    expect(await results).toEqual(upTo(4));
  });

  it('gives up a task at once under the policy null', async () => {
    await using sleigh = await Sleigh.start({ workers: 2, server: address, onDeadWorker: 'null' });
    await sleigh.join(5);
    expect(await sleigh.eachElem(task.killing, [1], { errors: 'collect' })).toMatchObject([
      { code: 'worker-died', index: 0 },
    ]);
  });

  it('fails the unfinished elements when no replaceable worker is left, and then hands out no more', async () => {
    await using sleigh = await Sleigh.start({ workers: 1, server: address, respawn: false });
    await sleigh.join(5);
    expect(await sleigh.eachElem(task.killing, [1, 2], { errors: 'collect' })).toMatchObject([
      {
        code: 'no-workers',
        reason: expect.stringContaining('every worker has ended; the last one: signal SIGKILL'),
      },
      { code: 'no-workers' },
    ]);
    await expect(sleigh.eachElem(square, [1])).rejects.toMatchObject({
      name: 'SleighError',
      code: 'no-workers',
    });
  });

  it('stops a worker whose task blocks the event loop, after the timeout', async () => {
    await using sleigh = await Sleigh.start({ workers: 2, server: address, maxAttempts: 1 });
    await sleigh.join(5);
    const options = { timeout: 50, errors: 'collect' } as const;
    const order = { folder, milliseconds: 60_000 };
    expect(await sleigh.eachElem(task.deep, [order], options)).toMatchObject([{ code: 'timed-out' }]);
  });
});

describe.skipIf(isShort)('a sleigh whose workers cannot start', () => {
  it('reports the reason to every caller that waits for them', async () => {
    await using sleigh = await Sleigh.start({ workers: 2, server: address, preload: '/none.mjs' });
    const waiting = [sleigh.eachElem(square, [1]), sleigh.eachWorker(square, 1), sleigh.join(60)];
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: 'no-workers' });
    await expect(sleigh.eachElem(square, [1])).rejects.toMatchObject({
      name: 'SleighError',
      code: 'no-workers',
    });
  });
});

describe.skipIf(isShort)('a busy worker', () => {
  it('is not declared dead while it blocks its event loop, because its sentinel answers for it (S9)', async () => {
    const watchful = await createServer({
      port: 0,
      logLevel: 'error',
      sleigh: { sentinelRefreshPeriod: 0.1 },
    });
    const sleigh = await Sleigh.start({ workers: 1, server: { host: watchful.host, port: watchful.port } });
    const results = sleigh.eachElem(task.deep, [{ folder, milliseconds: 2_000 }]);
    await said('begun');
    // A master that computes does not affect it, either.
    const end = performance.now() + 1_000;
    while (performance.now() < end);
    expect(await results).toEqual([0]);
    await sleigh.stop();
    await watchful.close();
  });
});

describe('a sleigh that is stopped', () => {
  it('leaves nothing behind if it cannot start', async () => {
    await expect(Sleigh.start({ workers: 1, server: { port: 1 } })).rejects.toMatchObject({
      code: 'unreachable',
    });
    await expect(Sleigh.start({ workers: 1, server: address, hosts: ['there'] })).rejects.toThrow(
      '`hosts` needs a launcher',
    );
  });
});

describe.skipIf(isShort)('a sleigh that is stopped', () => {
  it('ends its batches and stops its workers, even during a long call', async () => {
    const sleigh = await Sleigh.start({ workers: 2, server: address });
    const results = expect(
      sleigh.eachElem(
        task.deep,
        upTo(9).map(() => ({ folder, milliseconds: 60_000 })),
      ),
    ).rejects.toMatchObject({ code: 'stopped', unfinished: upTo(9) });
    await said('begun', 2);
    await sleigh.stop();
    await results;
    for (const name of told('begun')) expect(isRunning(Number(name.split(' ').at(-1)))).toBe(false);
    await expect(sleigh.eachElem(square, [1])).rejects.toThrow('the job was stopped');
    await expect(sleigh.eachWorker(square, 1)).rejects.toThrow('the job was stopped');
    await sleigh.stop();
  });

  it('ends when its server disconnects', async () => {
    const short = await createServer({ port: 0, logLevel: 'error' });
    const sleigh = await Sleigh.start({ workers: 1, server: { host: short.host, port: short.port } });
    const results = expect(sleigh.eachElem(task.forever, [1])).rejects.toMatchObject({
      name: expect.stringMatching(/ConnectionLostError|SleighError/),
    });
    await eventually(async () => (await sleigh.status()).running === 1, 'it runs');
    await short.close();
    await results;
    await sleigh.stop();
  });
});

describe('workers that are threads', () => {
  it('behave like processes, in the process of the caller', async () => {
    await using sleigh = await Sleigh.start({ workers: 2, server: address, launch: threads() });
    expect(await sleigh.eachElem(square, upTo(50), { chunkSize: 4 })).toEqual(upTo(50).map((n) => n * n));
    expect(await sleigh.eachWorker(task.whoAmI, undefined)).toEqual(
      [0, 1].map((rank) => ({ rank, pid: process.pid, isMainThread: false })),
    );
    const stop = new AbortController();
    const rejected = expect(
      sleigh.eachElem(task.heedful, orders(9), { signal: stop.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await said('begun', 2);
    stop.abort();
    await rejected;
    await said('aborted', 2);
  });

  it.skipIf(isShort)('stop with the job, even during a long call', async () => {
    const sleigh = await Sleigh.start({ workers: 1, server: address, launch: threads() });
    const results = expect(sleigh.eachElem(task.deep, [{ folder, milliseconds: 60_000 }])).rejects.toThrow(
      'stopped',
    );
    await said('begun');
    await sleigh.stop();
    await results;
  });
});
