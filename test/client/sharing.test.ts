import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sleigh, tasks, threads } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';

const { nap, square } = tasks<typeof import('./modules/tasks.mjs')>(
  new URL('modules/tasks.mjs', import.meta.url),
);

let server: Server;
let sleigh: Sleigh;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  sleigh = await Sleigh.start({
    workers: 2,
    server: { host: server.host, port: server.port },
    launch: threads(),
  });
  await sleigh.eachElem(nap, [1, 1, 1, 1]);
});
afterAll(async () => {
  await sleigh.stop();
  await server.close();
});

/** Milliseconds until that is done. */
async function timeOf(run: () => PromiseLike<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

/** Twenty batches that take much longer than the test. */
async function besideLargeOnes<T>(use: () => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const large = Array.from({ length: 20 }, async () => {
    const calls = sleigh.eachElem(nap, Array<number>(1_000).fill(20), { signal: controller.signal });
    await calls.catch(() => undefined);
  });
  try {
    // All have their window under way.
    await sleigh.eachElem(nap, [100]);
    return await use();
  } finally {
    controller.abort();
    await Promise.all(large);
  }
}

describe('a small request', () => {
  it('does not wait behind large ones', async () => {
    const took = await besideLargeOnes(async () => [
      await timeOf(() => sleigh.submit(nap, 10)),
      await timeOf(() => sleigh.eachElem(nap, [20, 20, 20, 20])),
    ]);
    // Alone they take 10 ms and 40 ms; behind the large ones it would be 3 s.
    expect(Math.max(...took)).toBeLessThan(1_000);
  });
});

describe('a priority', () => {
  it('puts elements before those that came first', async () => {
    const order: string[] = [];
    const call = async (name: string, priority: number): Promise<void> => {
      await sleigh.submit(nap, 20, { priority });
      order.push(name);
    };
    const low = Array.from({ length: 8 }, () => call('low', -1));
    const high = Array.from({ length: 4 }, () => call('high', 7));
    await Promise.all([...low, ...high]);
    // Each of the two workers may have one of the first already.
    expect(order.slice(0, 6).filter((name) => name === 'high')).toHaveLength(4);
  });

  it('must be a whole number', async () => {
    await expect(sleigh.submit(nap, 1, { priority: 1.5 })).rejects.toThrow(
      '`priority` must be a whole number',
    );
  });
});

describe('a rate', () => {
  it('spreads the elements of a batch evenly', async () => {
    const times: number[] = [];
    const begun = performance.now();
    for await (const _ of sleigh.eachElem(square, Array<number>(11).fill(1), { ratePerSecond: 50 }))
      times.push(performance.now() - begun);
    expect(times.at(-1)).toBeGreaterThan(195);
    expect(times[5]).toBeGreaterThan(95);
  });

  it('does not hold up the end of a batch that is cancelled', async () => {
    const controller = new AbortController();
    const results = sleigh.eachElem(square, [1, 2, 3], {
      ratePerSecond: 0.001,
      signal: controller.signal,
    });
    const failed = expect(results).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await failed;
  });
});
