import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  processes,
  Sleigh,
  tasks,
  threads,
  type Launcher,
  type SleighOptions,
} from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { childrenOf, isRunning } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('./modules/rough.mjs')>(new URL('modules/rough.mjs', import.meta.url));

let server: Server;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
});
afterAll(() => server.close());

let folder: string;
let log: string;
const deaths: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-pool-'));
  log = join(folder, 'log');
  writeFileSync(log, '');
  deaths.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = (workers: number, options: Partial<SleighOptions> = {}): Promise<Sleigh> =>
  Sleigh.start({
    workers,
    server: { host: '127.0.0.1', port: server.port },
    onDeath: (_rank, how) => void deaths.push(how),
    onOutput: () => undefined,
    ...options,
  });

/** What the tasks recorded. */
const logged = (what: string): string[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(what))
    .map((line) => line.slice(what.length + 1));

const HARMLESS = [
  'tellParent',
  'hearParent',
  'disconnect',
  'closeErrors',
  'ignoreSignals',
  'moveAway',
  'fakeTimers',
  'rejectLater',
] as const;

/** How a batch is aborted whose call does not heed that, and what the call does meanwhile. */
const ABORTS = [
  ['ask', 'computes'],
  ['ask', 'waits'],
  ['kill', 'computes'],
] as const;

describe.each<[string, Launcher]>([
  ['threads', threads()],
  // They take several times as long to start.
  ...(isShort ? [] : [['processes', processes()] satisfies [string, Launcher]]),
])('workers that are %s', (_what, launch) => {
  it('are not affected by a task that uses their channel, their output or their signals', async () => {
    await using sleigh = await start(1, { launch });
    const all = HARMLESS.flatMap((what) => [what, 'nothing']);
    expect(await sleigh.eachElem(task.harmless, all, { chunkSize: 1 })).toEqual(all);
    expect(deaths).toEqual([]);
  });

  it('fail only the running element, with the error, for an unhandled rejection', async () => {
    await using sleigh = await start(1, { launch });
    const options = { errors: 'collect', chunkSize: 1 } as const;
    const [before, error, after] = await sleigh.eachElem(task.uncaught, ['fine', 'rejects', 'fine'], options);
    expect(error).toMatchObject({ code: 'threw', reason: 'RangeError: nobody awaits this' });
    expect([after, deaths]).toEqual([before, []]);
  });

  it('fail only the running element, with the error, for an uncaught exception, and are replaced afterwards', async () => {
    await using sleigh = await start(1, { launch });
    const options = { errors: 'collect', chunkSize: 1 } as const;
    const [before, error, after] = await sleigh.eachElem(task.uncaught, ['fine', 'throws', 'fine'], options);
    expect(error).toMatchObject({ code: 'threw', reason: 'RangeError: nobody catches this' });
    expect([after === before, deaths]).toEqual([false, []]);
  });

  it.skipIf(isShort)('keep running if the call stops when its batch is aborted', async () => {
    await using sleigh = await start(1, { launch });
    const before = await sleigh.eachElem(task.who, [undefined]);
    const abort = new AbortController();
    const aborted = expect(sleigh.eachElem(task.heedful, [log], { signal: abort.signal })).rejects.toThrow(
      'enough',
    );
    await eventually(() => logged('begun').length === 1, 'it has begun');
    abort.abort(new Error('enough'));
    await aborted;
    expect(await sleigh.eachElem(task.who, [undefined])).toEqual(before);
  });

  it.skipIf(isShort)(
    'are replaced when they die in a closed group, and the element is tried again (S22.8)',
    async () => {
      await using sleigh = await start(1, { launch });
      await sleigh.join(10);
      expect(await sleigh.eachElem(task.dying, [{ log, times: 1 }])).toEqual(['done']);
      expect([logged('died').length, deaths]).toEqual([2, ['exit status 7']]);
    },
  );

  it.each(isShort ? ['computes'] : ['computes', 'waits'])(
    'fail an element as timed-out that %s past its timeout, and are replaced',
    async (how) => {
      await using sleigh = await start(1, { launch });
      const order = { how, milliseconds: 60_000, log };
      const options = { timeout: 200, errors: 'collect' } as const;
      expect(await sleigh.eachElem(task.deaf, [order], options)).toMatchObject([{ code: 'timed-out' }]);
      expect(await sleigh.eachElem(task.deaf, [{ ...order, milliseconds: 0 }])).toEqual([how]);
      expect(logged('begun')).toHaveLength(2);
    },
  );

  it.each(isShort ? ABORTS.slice(0, 1) : ABORTS)(
    'are idle soon after a batch is aborted by %s whose call %s',
    async (onAbort, how) => {
      await using sleigh = await start(1, { launch });
      const abort = new AbortController();
      const order = { how, milliseconds: 60_000, log };
      const options = { signal: abort.signal, onAbort };
      const aborted = expect(sleigh.eachElem(task.deaf, [order], options)).rejects.toThrow('enough');
      await eventually(() => logged('begun').length === 1, 'it has begun');
      abort.abort(new Error('enough'));
      await aborted;
      expect(await sleigh.eachElem(task.deaf, [{ ...order, milliseconds: 0 }])).toEqual([how]);
      expect(deaths).toEqual([]);
    },
  );

  it('fail only the element that kills them, also next to fixed arguments (S22.8)', async () => {
    await using sleigh = await start(2, { launch });
    const options = { fixedArgs: { log }, errors: 'collect', chunkSize: 4 } as const;
    const results = await sleigh.eachElem(task.poisoned, [1, 2, 'poison', 4, 5, 6, 7, 8], options);
    const reason = expect.stringContaining('exit status 7');
    const blamed = expect.objectContaining({ code: 'worker-died', reason });
    expect(results).toEqual([1, 2, blamed, 4, 5, 6, 7, 8]);
  });

  it.skipIf(isShort)('fail separately when every worker is called and one dies', async () => {
    await using sleigh = await start(2, { launch });
    const results = await sleigh.eachWorker(task.dyingAt, { rank: 1 }, { errors: 'collect' });
    expect(results).toMatchObject(['done', { code: 'worker-died' }]);
    // The worker that died is being replaced, or has been.
    const all = await sleigh.eachElem(task.who, Array.from({ length: 20 }), { chunkSize: 1 });
    expect(all).toHaveLength(20);
  });

  it.skipIf(isShort)('do not retry an element that kills them after its batch was aborted', async () => {
    await using sleigh = await start(1, { launch, maxAttempts: 1_000_000 });
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const aborted = expect(sleigh.eachElem(task.dying, [{ log, times: 9 }], options)).rejects.toThrow(
      'enough',
    );
    await eventually(() => logged('died').length >= 2, 'it was tried again');
    abort.abort(new Error('enough'));
    await aborted;
    expect(await sleigh.eachElem(task.who, [undefined])).toHaveLength(1);
    const died = logged('died').length;
    expect(await sleigh.eachElem(task.who, [1, 2, 3], { chunkSize: 1 })).toHaveLength(3);
    expect(logged('died')).toHaveLength(died);
  });

  it.skipIf(isShort)('are replaced after a given number of elements, between two elements', async () => {
    await using sleigh = await start(1, { launch, maxTasksPerWorker: 3 });
    const all = await sleigh.eachElem(task.who, Array.from({ length: 9 }));
    expect(new Set(all).size).toBe(3);
    expect(deaths).toEqual([]);
  });

  it.skipIf(isShort)('can load a module that is created after an attempt to load it', async () => {
    await using sleigh = await start(1, { launch });
    const module = join(folder, 'late.mjs');
    const late = { module, name: 'default' };
    expect(await sleigh.eachElem(late, [1], { errors: 'collect' })).toMatchObject([{ code: 'not-loaded' }]);
    writeFileSync(module, 'export default (n) => n + 1;');
    expect(await sleigh.eachElem(late, [1])).toEqual([2]);
  });
});

describe('a worker process', () => {
  it('finishes its element and leaves when it is told to stop, which counts no attempt (S22.5)', async () => {
    await using sleigh = await start(1, { maxAttempts: 1 });
    const results = sleigh.eachElem(task.deaf, [{ how: 'waits', milliseconds: 500, log }]);
    await eventually(() => logged('begun').length === 1, 'it has begun');
    process.kill(Number(logged('begun')[0]), 'SIGTERM');
    expect(await results).toEqual(['waits']);
    const [next] = await sleigh.eachElem(task.who, [undefined]);
    expect([next === `${logged('begun')[0]} 0`, deaths]).toEqual([false, []]);
  });
});

describe.skipIf(isShort)('a worker process', () => {
  it.each(['computes', 'waits'])(
    'is idle within a second after its batch was aborted, although it %s',
    async (how) => {
      await using sleigh = await start(1);
      const took = [];
      for (let round = 0; round < 3; round++) {
        const abort = new AbortController();
        const options = { signal: abort.signal };
        const call = sleigh.eachElem(task.deaf, [{ how, milliseconds: 60_000, log }], options);
        const aborted = expect(call).rejects.toThrow('enough');
        await eventually(() => logged('begun').length === round + 1, 'it has begun');
        const begun = performance.now();
        abort.abort(new Error('enough'));
        await aborted;
        await eventually(() => !isRunning(Number(logged('begun')[round])), 'it has ended');
        took.push(performance.now() - begun);
      }
      expect(took.toSorted((a, b) => a - b)[1]).toBeLessThan(1_000);
    },
  );

  it('is replaced between two elements if it uses too much memory', async () => {
    await using sleigh = await start(1, { maxMemory: 400 * 2 ** 20 });
    const all = await sleigh.eachElem(task.hungry, [500 * 2 ** 20, 1], { chunkSize: 1 });
    expect(new Set(all).size).toBe(2);
    expect(deaths).toEqual([]);
  });

  it.each(['dies', 'waits'])('stops the programs that its tasks have started when it %s', async (how) => {
    const sleigh = await start(1, { maxAttempts: 1 });
    const results = sleigh.eachElem(task.parent, [{ how, log }], { errors: 'collect' }).then(
      () => 'settled',
      () => 'ended',
    );
    await eventually(() => logged('worker').length === 1, 'it has begun');
    if (how === 'waits') await sleigh.stop();
    await results;
    await eventually(() => !isRunning(Number(logged('program')[0])), 'the program has ended');
    await sleigh.stop();
  });

  it('stops with all its programs when its sentinel is killed, even during a computation', async () => {
    const before = new Set(childrenOf(process.pid));
    const sleigh = await start(1);
    const sentinel = childrenOf(process.pid, 'sentinel-program').find((pid) => !before.has(pid)) ?? 0;
    const results = sleigh.eachElem(task.parent, [{ how: 'computes', log }], { errors: 'collect' });
    await eventually(() => logged('worker').length === 1, 'it computes');
    process.kill(sentinel, 'SIGKILL');
    expect(await results).toMatchObject([{ code: 'no-workers' }]);
    const left = [...logged('worker'), ...logged('program')].map(Number);
    await eventually(() => left.every((pid) => !isRunning(pid)), 'both have ended');
    await sleigh.stop();
  });
});

describe('the restart budget', () => {
  it.skipIf(isShort)('replaces no worker if it is 0 (S22.8)', async () => {
    await using sleigh = await start(1, { respawn: false });
    const results = await sleigh.eachElem(task.dying, [{ log, times: 9 }], { errors: 'collect' });
    expect(results).toMatchObject([
      { code: 'no-workers', reason: expect.stringContaining('exit status 7: out of memory, perhaps') },
    ]);
  });

  it.skipIf(isShort)('delays replacements when it is used up (S22.9)', async () => {
    const respawn = { restarts: 0, within: 60_000, maxDelay: 400 };
    await using sleigh = await start(1, { respawn, maxAttempts: 3 });
    const begun = performance.now();
    const results = await sleigh.eachElem(task.dying, [{ log, times: 9 }], { errors: 'collect' });
    expect(results).toMatchObject([{ code: 'worker-died' }]);
    // 100 and 200 ms; the delay after the third death is not waited for.
    expect(performance.now() - begun).toBeGreaterThan(300);
  });

  it.each([
    ['yes', '`respawn` must be true, false or { restarts, within, maxDelay }, got "yes".'],
    [{ restarts: -1 }, '`restarts` must be a whole number of at least 0, got -1.'],
    [{ within: NaN }, '`within` must be a number of milliseconds of at least 0'],
    [{ often: 1 }, '`respawn` has no option `often`.'],
  ])('rejects %j before anything is started', async (respawn, why) => {
    // @ts-expect-error -- the invalid option under test
    await expect(start(1, { respawn })).rejects.toThrow(why);
  });

  it.each(['maxTasksPerWorker', 'maxMemory', 'concurrency'])('rejects a %s of 0', async (name) => {
    await expect(start(1, { [name]: 0 })).rejects.toThrow(
      `\`${name}\` must be a whole number of at least 1, got 0.`,
    );
  });
});
