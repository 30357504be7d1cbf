import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  NetWorkSpace,
  Sleigh,
  SleighPool,
  TaskError,
  tasks,
  threads,
  type SleighPoolOptions,
} from '../../src/client/index.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { createServer, type Server } from '../../src/index.ts';
import { JOB_REPORT, type JobReport } from '../../src/wire/job-report.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('./modules/tasks.mjs')>(new URL('modules/tasks.mjs', import.meta.url));
const { square } = task;

let server: Server;
let address: { host: string; port: number };
let folder: string;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  address = { host: server.host, port: server.port };
});
afterAll(() => server.close());
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-submit-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const said = (what: string): Promise<void> =>
  eventually(() => readdirSync(folder).some((name) => name.startsWith(what)), what);

describe('submit', () => {
  let sleigh: Sleigh;
  beforeAll(async () => {
    sleigh = await Sleigh.start({ workers: 2, server: address, launch: threads() });
  });
  afterAll(() => sleigh.stop());

  it('gives the result of one call', async () => {
    const result = sleigh.submit(square, 3);
    expectTypeOf(result).toEqualTypeOf<Promise<number>>();
    expect(await result).toBe(9);
    expect(await sleigh.submit(task.scaled, 4, { fixedArgs: { factor: 10 } })).toBe(40);
  });

  it('shares tasks among calls at once, and gives each its own result', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const results = await Promise.all(numbers.map((n) => sleigh.submit(square, n)));
    expect(results).toEqual(numbers.map((n) => n * n));
  });

  it('fails alone, with the number of the call and the line that made it', async () => {
    const outcomes = await Promise.allSettled([0, 1, 2, 3].map((n) => sleigh.submit(task.picky, n)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const [, , failed] = outcomes;
    const error: unknown = failed?.status === 'rejected' ? failed.reason : undefined;
    expect(error).toBeInstanceOf(TaskError);
    expect(error).toMatchObject({ code: 'threw', index: 2, cause: new RangeError('not 2') });
    expect(error).toMatchObject({ stack: expect.stringContaining('submit.test.ts') });
    // The page counts them (S24).
    await eventually(async () => {
      const { batches } = unsafeCast<JobReport>(await sleigh.workspace.find(JOB_REPORT.progress));
      const { done, failed: failures, read } = batches.find(({ function: name }) => name === 'picky') ?? {};
      return done === 4 && failures === 1 && read === 4;
    }, 'all four are counted');
  });

  it('rejects what cannot be sent, and unknown options', async () => {
    const unsendable = unsafeCast<number>(() => 1);
    await expect(sleigh.submit(square, unsendable)).rejects.toMatchObject({ code: 'not-sent' });
    await expect(sleigh.submit(square, 1, unsafeCast({ timeuot: 1 }))).rejects.toThrow(
      'Do you mean `timeout`?',
    );
  });

  it('is cancelled alone', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const cancelled = sleigh.submit(task.heedful, { folder, n: 0 }, { signal });
    const other = sleigh.submit(task.heedful, { folder, n: 1 });
    await Promise.all([said('begun 0'), said('begun 1')]);
    controller.abort(new Error('no longer wanted'));
    await expect(cancelled).rejects.toThrow('no longer wanted');
    await said('aborted 0');
    writeFileSync(`${folder}/go`, '');
    expect(await other).toBe(1);
    await expect(sleigh.submit(square, 1, { signal })).rejects.toThrow('no longer wanted');
    await eventually(async () => {
      using ws = await NetWorkSpace.use(sleigh.workspace.name, address);
      return JSON.stringify(await ws.findTry('#cancelled')) === '{}';
    }, 'nothing is marked as cancelled any more');
  });

  it('times out alone', async () => {
    const [late, inTime] = await Promise.allSettled([
      sleigh.submit(task.nap, 60_000, { timeout: 50 }),
      sleigh.submit(task.nap, 1),
    ]);
    expect(late).toMatchObject({ reason: { code: 'timed-out' } });
    expect(inTime).toMatchObject({ value: 1 });
  });
});

describe('the end of a job', () => {
  it('is told with its reason: it was stopped', async () => {
    const sleigh = await Sleigh.start({ workers: 1, server: address, launch: threads() });
    const call = sleigh.submit(task.forever, 0);
    const isClosed = sleigh.closed;
    const failed = expect(call).rejects.toMatchObject({ code: 'stopped' });
    await sleigh.stop();
    await failed;
    expect(await isClosed).toMatchObject({ name: 'SleighError', code: 'stopped' });
    await expect(sleigh.submit(square, 1)).rejects.toMatchObject({ code: 'stopped' });
  });

  it('is told with its reason: no worker is left', async () => {
    const sleigh = await Sleigh.start({
      workers: 1,
      server: address,
      launch: threads(),
      preload: join(folder, 'no-such-file.mjs'),
      onOutput: () => undefined,
    });
    const call = expect(sleigh.submit(square, 1)).rejects.toMatchObject({ code: 'no-workers' });
    expect(await sleigh.closed).toMatchObject({ code: 'no-workers' });
    await call;
    await sleigh.stop();
  });

  it('is told with its reason: the server is gone', async () => {
    const other = await createServer({ port: 0, logLevel: 'silent' });
    const sleigh = await Sleigh.start({
      workers: 0,
      join: 'elastic',
      server: { host: other.host, port: other.port },
    });
    await other.close();
    expect(await sleigh.closed).toMatchObject({ name: 'ConnectionLostError', code: 'lost' });
    await sleigh.stop();
  });
});

const poolOf = (options: Partial<SleighPoolOptions> = {}): SleighPool =>
  new SleighPool({ workers: 1, server: address, launch: threads(), label: 'pooled', ...options });
/** The names of the workspaces of pools. */
async function jobs(): Promise<string[]> {
  return (await NetWorkSpace.list(address))
    .map(({ name }) => name)
    .filter((name) => name.startsWith('pooled'));
}

describe('a pool', () => {
  it('starts at the first call, ends when it is idle, and starts again', async () => {
    const pool = poolOf({ idleTimeout: 20 });
    expect(await jobs()).toEqual([]);
    expect(await Promise.all([pool.submit(square, 3), pool.eachElem(square, [4, 5])])).toEqual([9, [16, 25]]);
    await eventually(async () => (await jobs()).length === 0, 'the idle job is gone');
    expect(await pool.submit(task.nap, 100)).toBe(100); // longer than the time limit for an idle pool
    expect(await jobs()).toHaveLength(1);
    await pool.close();
    expect(await jobs()).toEqual([]);
  });

  it('fails the calls under way when it is closed, and takes no more', async () => {
    const pool = poolOf();
    const call = expect(pool.submit(task.forever, 0)).rejects.toMatchObject({ code: 'stopped' });
    await eventually(async () => (await jobs()).length === 1, 'the job is there');
    await pool.close();
    await call;
    await expect(pool.submit(square, 1)).rejects.toThrow('the pool was closed');
  });

  it('fails the calls that wait for a job that cannot be started', async () => {
    await using pool = poolOf({ server: { host: '127.0.0.1', port: 1 } });
    const reason = { code: 'unreachable' };
    await expect(pool.submit(square, 1)).rejects.toMatchObject(reason);
    await expect(pool.eachElem(square, [1])).rejects.toMatchObject(reason);
  });

  it('starts another job after one that ended by itself', async () => {
    await using pool = poolOf();
    expect(await pool.submit(square, 2)).toBe(4);
    const [job = ''] = await jobs();
    using ws = await NetWorkSpace.use(job, address);
    await ws.store('Sleigh ride over', '1');
    await eventually(
      () =>
        pool.submit(square, 3).then(
          (nine) => nine === 9,
          () => false,
        ),
      'another job does the call',
    );
  });

  it.skipIf(isShort)(
    'does not keep its process alive',
    async () => {
      // With a server of its own, and workers that are processes.
      const program = `
      import { SleighPool, tasks } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const { square } = tasks(${JSON.stringify(new URL('modules/tasks.mjs', import.meta.url).href)});
      const pool = new SleighPool({ workers: 1, idleTimeout: Infinity });
      console.log(await pool.submit(square, 3));`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      expect(await text(child.stdout)).toBe('9\n');
      expect((await ended)[0]).toBe(0);
    },
    20_000,
  );
});
