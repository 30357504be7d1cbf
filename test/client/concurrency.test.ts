import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sleigh, tasks, threads, type Outcome, type SleighOptions } from '../../src/client/index.ts';
import { CallTurns } from '../../src/client/worker/call-turns.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';

const task = tasks<typeof import('./modules/side-by-side.mjs')>(
  new URL('modules/side-by-side.mjs', import.meta.url),
);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

let server: Server;
let sleigh: Sleigh | undefined;
let deaths: string[] = [];
const start = async (options: Partial<SleighOptions> = {}): Promise<Sleigh> => {
  deaths = [];
  sleigh = await Sleigh.start({
    workers: 2,
    concurrency: 10,
    server: { host: server.host, port: server.port },
    launch: threads(),
    onDeath: (_rank, how) => void deaths.push(how),
    onOutput: () => undefined,
    ...options,
  });
  await sleigh.join(30);
  return sleigh;
};
beforeAll(async () => (server = await createServer({ port: 0, logLevel: 'silent' })));
afterAll(() => server.close());
afterEach(() => sleigh?.stop());

const codes = (outcomes: readonly Outcome[]): [number, string][] =>
  outcomes.flatMap((each) => (each.error === undefined ? [] : [[each.index, each.error.code]]));

describe('workers with several calls at once', () => {
  it('run as many calls side by side, each under a rank of its own, and call once what each worker is to do', async () => {
    const job = await start();
    expect(await job.status()).toMatchObject({ workers: 20, expected: 20 });
    const seen = await Promise.all(upTo(40).map(() => job.submit(task.together, 60)));
    expect(new Set(seen.map(({ rank }) => rank)).size).toBe(20);
    expect(Math.max(...seen.map((each) => each.seen))).toBe(10);
    // One of the ranks of each worker.
    expect(await job.eachWorker(task.pid, null)).toHaveLength(2);
    expect(await job.eachElem(task.shared, [1, 2, 3], { fixedArgs: 'four' })).toEqual([5, 6, 7]);
    const numbers = await job.eachElem(task.random, upTo(30), { seed: 7 });
    expect(await job.eachElem(task.random, upTo(30), { seed: 7, chunkSize: 4 })).toEqual(numbers);
    expect(new Set(numbers).size).toBe(30);
  });

  it('know which of their calls an unhandled error belongs to', async () => {
    const job = await start({ workers: 1 });
    const outcomes = await job.eachElem(task.unhandled, upTo(10), { errors: 'collect', chunkSize: 1 });
    expect(
      outcomes.map((each) => (each instanceof Error ? each.message.replace(/^element \d+: /, '') : each)),
    ).toEqual([0, 1, 2, 'Error: rejected', 4, 'Error: thrown', 6, 7, 8, 9]);
    expect(deaths).toEqual([]);
  });

  it('abandon a call that is cancelled or takes too long, and not the calls beside it', async () => {
    const job = await start({ workers: 1 });
    const reason = new Error('not wanted');
    const controller = new AbortController();
    const cancelled = job.submit(task.deaf, 0, { signal: controller.signal });
    const late = job.submit(task.deaf, 0, { timeout: 200 });
    const beside = upTo(4).map(() => job.submit(task.together, 900));
    setTimeout(() => controller.abort(reason), 100);
    await expect(cancelled).rejects.toBe(reason);
    await expect(late).rejects.toMatchObject({ code: 'timed-out' });
    const pids = await Promise.all(beside);
    // They were called once: they were under way together in the worker that had the abandoned calls.
    expect(new Set(pids.map(({ rank }) => rank)).size).toBe(4);
    expect(Math.max(...pids.map(({ seen }) => seen))).toBe(4);
    expect(deaths.filter((how) => how !== 'exit status 0')).toEqual([]);
    // Its replacement has all ranks again.
    await eventually(async () => (await job.status()).workers === 10, 'all ranks are back');
    expect(await job.submit(task.shared, 1, { fixedArgs: '' })).toBe(1);
  });
});

describe.skipIf(isShort)('workers with several calls at once, as processes', () => {
  it('find which elements end their worker, and only these fail', async () => {
    const job = await start({ launch: undefined, maxAttempts: 1, respawn: { restarts: 1_000 } });
    const options = { fixedArgs: [12, 37, 38], chunkSize: 1 };
    const outcomes = [];
    for await (const each of job.eachElem(task.poison, upTo(60), options).outcomes()) outcomes.push(each);
    expect(codes(outcomes).toSorted((a, b) => a[0] - b[0])).toEqual([
      [12, 'worker-died'],
      [37, 'worker-died'],
      [38, 'worker-died'],
    ]);
    // Once beside others, and once alone.
    expect(deaths.length).toBeGreaterThanOrEqual(4);
    expect(deaths.length).toBeLessThanOrEqual(6);
  }, 60_000);

  it('that are launched later in a job without them call innocent elements once more, too (S23.10)', async () => {
    const job = await start({
      launch: undefined,
      workers: 0,
      concurrency: undefined,
      join: 'elastic',
      maxAttempts: 1,
    });
    await job.launch({ workers: 1, concurrency: 10, respawn: { restarts: 1_000 } });
    const options = { fixedArgs: [12], chunkSize: 1 };
    const outcomes = [];
    for await (const each of job.eachElem(task.poison, upTo(30), options).outcomes()) outcomes.push(each);
    expect(codes(outcomes)).toEqual([[12, 'worker-died']]);
  }, 60_000);

  it('find the element that blocks its worker, and only that one is too late', async () => {
    const job = await start({ launch: undefined, workers: 1 });
    const outcomes = [];
    const options = { fixedArgs: 7, chunkSize: 1, timeout: 300 };
    for await (const each of job.eachElem(task.block, upTo(30), options).outcomes()) outcomes.push(each);
    expect(codes(outcomes)).toEqual([[7, 'timed-out']]);
  }, 60_000);

  it('fail every element under way when nothing may be called again', async () => {
    const job = await start({ launch: undefined, workers: 1, concurrency: 4, onDeadWorker: 'null' });
    const outcomes = [];
    for await (const each of job.eachElem(task.poison, upTo(4), { fixedArgs: [0], loadFactor: 1 }).outcomes())
      outcomes.push(each);
    expect(codes(outcomes).map(([, code]) => code)).toEqual(Array(4).fill('worker-died'));
  }, 60_000);
});

describe('the turns of calls', () => {
  it('let a suspect call run alone, in the order in which the calls came', async () => {
    const said: string[] = [];
    const turns = new CallTurns();
    const begin = async (name: string, isAlone: boolean): Promise<() => void> => {
      const end = await turns.enter(isAlone, () => true);
      said.push(`begins ${name}`);
      return () => {
        said.push(`ends ${name}`);
        end();
      };
    };
    const end1 = await begin('1', false);
    const end2 = await begin('2', false);
    const third = begin('suspect', true);
    const fourth = begin('4', false);
    end1();
    await Promise.resolve();
    end2();
    (await third)();
    await fourth;
    expect(said).toEqual([
      'begins 1',
      'begins 2',
      'ends 1',
      'ends 2',
      'begins suspect',
      'ends suspect',
      'begins 4',
    ]);
  });

  it('let a call that is not wanted any more go without a turn', async () => {
    const turns = new CallTurns();
    const end = await turns.enter(false, () => true);
    let isWanted = true;
    const suspect = turns.enter(true, () => isWanted);
    const later = turns.enter(false, () => true);
    isWanted = false;
    turns.recheck();
    (await suspect)();
    // The other one does not wait behind it any more.
    (await later)();
    end();
  });
});
