import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Sleigh, TaskError, tasks, threads } from '../../src/client/index.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { createServer, type Server } from '../../src/index.ts';

const task = tasks<typeof import('./modules/tries.mjs')>(new URL('modules/tries.mjs', import.meta.url));

let server: Server;
let sleigh: Sleigh;
let folder: string;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  sleigh = await start(2);
});
afterAll(async () => {
  await sleigh.stop();
  await server.close();
});
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-retry-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const start = (workers: number): Promise<Sleigh> =>
  Sleigh.start({
    workers,
    server: { host: server.host, port: server.port },
    launch: threads(),
    onOutput: () => undefined,
  });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
/** The attempts of all calls, in order. */
const log = (): string[] => readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');

function clueless(): never {
  throw new Error('no idea');
}

describe('a failed element', () => {
  it('is tried again until it succeeds, and the others are not', async () => {
    const options = { fixedArgs: { folder, until: 3, every: 5 }, retry: { attempts: 3, backoff: 1 } };
    expect(await sleigh.eachElem(task.failing, upTo(20), options)).toEqual(upTo(20));
    expect(log()).toHaveLength(20 + 2 * 4);
    expect(await sleigh.submit(task.failing, 5, { ...options, retry: { attempts: 3, backoff: 0 } })).toBe(5);
  });

  it('fails for good with the number of its last attempt', async () => {
    const options = { fixedArgs: { folder, until: 9, every: 1 }, retry: { attempts: 4, backoff: 1 } };
    const error: unknown = await sleigh.submit(task.failing, 1, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'threw', attempt: 4, cause: { message: 'attempt 4' } });
    expect(log()).toEqual(['1 1', '1 2', '1 3', '1 4']);
  });

  it('is not retried if it says so, or if `when` says so', async () => {
    const fixedArgs = { folder, until: 9, every: 1 };
    const retry = { attempts: 3, backoff: 1 };
    await expect(sleigh.submit(task.hopeless, 1, { retry })).rejects.toMatchObject({
      attempt: 1,
      cause: { name: 'UnrecoverableError', message: 'never' },
    });
    const codes: string[] = [];
    const when = ({ code, attempt }: TaskError): boolean => codes.push(code) > 0 && attempt < 2;
    await expect(
      sleigh.submit(task.failing, 1, { fixedArgs, retry: { ...retry, when } }),
    ).rejects.toMatchObject({ attempt: 2 });
    expect(codes).toEqual(['threw', 'threw']);
  });

  it('waits as long as the backoff says, and does not hold up the others', async () => {
    const waits: number[] = [];
    const backoff = (attempt: number): number => {
      waits.push(attempt);
      return 100 * (attempt - 1);
    };
    const begun = performance.now();
    const order: number[] = [];
    const results = sleigh.eachElem(task.failing, upTo(4), {
      fixedArgs: { folder, until: 3, every: 4 },
      retry: { attempts: 3, backoff },
      ordered: false,
    });
    for await (const n of results) order.push(n);
    expect(waits).toEqual([2, 3]);
    expect(order.at(-1)).toBe(0);
    expect(performance.now() - begun).toBeGreaterThan(299);
  });

  it('is not tried again when its batch is cancelled, or `backoff` throws', async () => {
    const controller = new AbortController();
    const call = sleigh.submit(task.failing, 1, {
      fixedArgs: { folder, until: 9, every: 1 },
      retry: { attempts: 3, backoff: () => (controller.abort(new Error('enough')), 20) },
      signal: controller.signal,
    });
    await expect(call).rejects.toThrow('enough');
    const options = { fixedArgs: { folder, until: 9, every: 1 }, retry: { attempts: 3, backoff: clueless } };
    await expect(sleigh.eachElem(task.failing, [1], options)).rejects.toThrow('no idea');
    expect(log()).toEqual(['1 1', '1 1']);
  });

  it('is refused where `when` is async, because its promise would mean yes', async () => {
    const when = unsafeCast<(error: TaskError) => boolean>(() => Promise.resolve(false));
    const options = { fixedArgs: { folder, until: 9, every: 1 }, retry: { attempts: 3, when } };
    await expect(sleigh.eachElem(task.failing, [1], options)).rejects.toThrow(
      '`when` must be a function that is not async, got Promise',
    );
    expect(log()).toEqual(['1 1']);
  });

  it('knows that an earlier call has ended its worker', async () => {
    await using other = await start(1);
    expect(await other.submit(task.dying, 1)).toBe(2);
  });

  it.each<[unknown, string]>([
    [3, '`retry` must be an object such as { attempts: 3 }, got 3.'],
    [{}, '`attempts` must be a whole number of at least 1, got undefined.'],
    [{ attempts: 2, backoff: -1 }, '`backoff` must be a number of milliseconds of at least 0'],
    [{ attempts: 2, wait: 1 }, '`retry` has no option `wait`.'],
  ])('has a policy that is checked: %j', async (retry, message) => {
    await expect(sleigh.submit(task.drawn, 1, { retry: unsafeCast(retry) })).rejects.toThrow(message);
  });
});

describe('the random numbers of an element', () => {
  it('are the same for any number of workers, chunk size and attempt', async () => {
    await using alone = await start(1);
    const seed = 'sweep';
    const first = await sleigh.eachElem(task.drawn, upTo(200), { seed });
    expect(first.map(([index]) => index)).toEqual(upTo(200));
    expect(new Set(first.map(([, number]) => number)).size).toBe(200);
    expect(await alone.eachElem(task.drawn, upTo(200), { seed, chunkSize: 7 })).toEqual(first);
    expect(await alone.eachElem(task.drawn, upTo(200), { seed: 'other' })).not.toEqual(first);
    const again = await sleigh.eachElem(task.drawnAgain, upTo(9), {
      seed,
      retry: { attempts: 2, backoff: 0 },
    });
    expect(again).toEqual(first.slice(0, 9));
  });

  it('differ between the calls of submit, and between batches', async () => {
    const calls = await Promise.all([1, 1, 1].map((n) => sleigh.submit(task.drawn, n)));
    const batches = await Promise.all([sleigh.eachElem(task.drawn, [1]), sleigh.eachElem(task.drawn, [1])]);
    expect(new Set([...calls, ...batches.flat()].map(([, number]) => number)).size).toBe(5);
    const ofWorkers = await sleigh.eachWorker(task.drawn, 1);
    expect(ofWorkers.map(([rank]) => rank)).toEqual([0, 1]);
  });
});
