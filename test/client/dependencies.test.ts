import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NetWorkSpace, pipeline, Sleigh, tasks, threads } from '../../src/client/index.ts';
import { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import { LeftValues, type LeftValue } from '../../src/client/master/left-values.ts';
import { thisHost } from '../../src/client/platform.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { createServer, type Server } from '../../src/index.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { byForm } from '../support/form.ts';

const task = tasks<typeof import('./modules/dataflow.mjs')>(new URL('modules/dataflow.mjs', import.meta.url));
const LARGE = 100_000;

/** Counts the bytes of its connections. */
class Counter extends TcpProxy {
  bytes = 0;

  static async start(port: number): Promise<Counter> {
    return new Counter(() => ({ host: '127.0.0.1', port })).listening();
  }

  protected override passage(_near: Socket): Passage {
    const count = (bytes: Buffer, forward: (bytes: Uint8Array) => void): void => {
      this.bytes += bytes.length;
      forward(bytes);
    };
    return { sent: count, received: count };
  }
}

let server: Server;
let address: { host: string; port: number };
let sleigh: Sleigh;
let counter: Counter;
/** A master of the same job whose bytes are counted. */
let master: Sleigh;
let folder: string;
beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  address = { host: server.host, port: server.port };
  counter = await Counter.start(server.port);
  sleigh = await Sleigh.start({ name: 'chained', workers: 2, server: address, launch: threads() });
  master = await Sleigh.attach('chained', counter.address);
  await master.eachElem(task.add, [1]);
});
afterAll(async () => {
  await master.stop();
  await sleigh.stop();
  counter[Symbol.dispose]();
  await server.close();
});
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-chained-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** The variables with values of calls. */
const variablesLeft = async (calls: Sleigh): Promise<string[]> =>
  (await NetWorkSpace.list(address))
    .filter(({ name }) => name === calls.workspace.name)
    .flatMap(({ variables }) => variables)
    .filter((name) => name.startsWith('#left'));
/** Whether a value of a call is at the server. */
const leftOf = async (calls: Sleigh): Promise<boolean> => (await variablesLeft(calls)).length > 0;
/** Whether a value is at the server that was not there before: promises of earlier calls may not be collected yet. */
const isLeftSince = async (before: readonly string[]): Promise<boolean> =>
  (await variablesLeft(master)).some((name) => !before.includes(name));
/** The bytes between the server and the master meanwhile. */
async function bytesOf(calls: () => Promise<unknown>): Promise<number> {
  const before = counter.bytes;
  await calls();
  return counter.bytes - before;
}

describe('a call whose element is the value of another call', () => {
  it('gets a large value from the server, and not through the master (S35.1)', async () => {
    const bytes = byForm(2_000_000, 10_000_000, 10_000_000);
    const options = { bytes, byte: 1 };
    const chained = await bytesOf(async () => {
      expect(await master.submit(task.lengthOf, master.submit(task.block, options))).toBe(bytes);
    });
    const awaited = await bytesOf(async () => {
      const block = await master.submit(task.block, options);
      expect(await master.submit(task.lengthOf, block)).toBe(bytes);
    });
    expect(chained).toBeLessThan(10_000);
    expect(awaited).toBeGreaterThan(2 * bytes);
  });

  it('of a pipeline does not pass through the master either (S35.5)', async () => {
    const before = await variablesLeft(master);
    const elements = Array.from({ length: 4 }, (_, n) => ({ bytes: 1_000_000 + n, byte: 1 }));
    const results: number[] = [];
    const stages = await bytesOf(async () => {
      const lengths = pipeline(master, elements, [task.block, task.copy, task.lengthOf]);
      for await (const length of lengths) results.push(length);
    });
    expect(results).toEqual(elements.map(({ bytes }) => bytes));
    // Without it they would be 16 MB.
    expect(stages).toBeLessThan(100_000);
    await eventually(async () => !(await isLeftSince(before)), 'nothing of it is left');
  });

  it.each([
    ['is left', (lengths: AsyncIterator<number>) => lengths.return?.()],
    ['has failed', (lengths: AsyncIterator<number>) => lengths.next().catch(() => undefined)],
  ])('of a pipeline that %s is deleted (S35.5)', async (what, end) => {
    const before = await variablesLeft(master);
    const elements = Array.from({ length: 20 }, (_, n) => ({ bytes: LARGE + n, byte: 1 }));
    const last = what === 'is left' ? task.lengthLater : task.failSecond;
    const lengths = pipeline(master, elements, [task.block, last])[Symbol.asyncIterator]();
    expect((await lengths.next()).value).toBe(LARGE);
    await eventually(() => isLeftSince(before), 'a block waits for the last stage');
    await end(lengths);
    await eventually(async () => !(await isLeftSince(before)), 'nothing of it is left');
  });

  it('works over several calls, with small values, and for several calls with the same element', async () => {
    const block = master.submit(task.block, { bytes: LARGE, byte: 1 });
    const [a, b] = [master.submit(task.lengthOf, block), master.submit(task.lengthOf, block)];
    const small = master.submit(task.add, master.submit(task.add, master.submit(task.lengthOf, block)));
    expect(await Promise.all([a, b, small])).toEqual([LARGE, LARGE, LARGE + 2]);
  });

  it('gives the value to a program that awaits it as well, before and after (S35.2)', async () => {
    await using master = await Sleigh.start({ workers: 1, server: address, launch: threads() });
    const options = { bytes: LARGE, byte: 3 };
    const early = master.submit(task.block, options);
    const length = master.submit(task.lengthOf, early);
    expect(await Promise.all([early, length])).toEqual([new Uint8Array(LARGE).fill(3), LARGE]);
    const meanwhile = master.submit(task.block, options);
    const second = master.submit(task.lengthOf, meanwhile);
    await sleep(0);
    await sleep(0);
    expect(await meanwhile).toHaveLength(LARGE);
    expect(await second).toBe(LARGE);
    const late = master.submit(task.block, options);
    expect(await master.submit(task.lengthOf, late)).toBe(LARGE);
    expect(await leftOf(master)).toBe(true);
    expect(await master.submit(task.lengthOf, late)).toBe(LARGE);
    expect(await late).toEqual(new Uint8Array(LARGE).fill(3));
    expect(await late.then((value) => value.length)).toBe(LARGE);
    await eventually(async () => !(await leftOf(master)), 'the value is not at the server any more');
  });

  it('is not made when the other one fails, and fails with its error', async () => {
    const file = join(folder, 'called');
    const failing = unsafeCast<Promise<unknown>>(master.submit(task.fail, 1));
    const call = master.submit(task.isCalled, failing, { fixedArgs: file });
    await expect(call).rejects.toMatchObject({ code: 'threw', reason: 'Error: never' });
    await expect(failing).rejects.toBe(await call.catch((error: unknown) => error));
    expect(existsSync(file)).toBe(false);
  });

  it('waits for the retries of the other one, and is retried itself with the same element', async () => {
    const retry = { attempts: 2 };
    const file = join(folder, 'failed');
    const block = master.submit(task.blockFlaky, { bytes: LARGE, file }, { retry });
    expect(await master.submit(task.sumInSecondCall, block, { retry })).toBe(2 * LARGE);
  });

  it('is not made when it is cancelled before', async () => {
    const controller = new AbortController();
    const file = join(folder, 'called');
    const block = master.submit(task.block, { bytes: LARGE, byte: 1 });
    const call = master.submit(task.isCalled, block, { fixedArgs: file, signal: controller.signal });
    controller.abort(new Error('no longer wanted'));
    await expect(call).rejects.toThrow('no longer wanted');
    expect(await master.submit(task.lengthOf, block)).toBe(LARGE);
    expect(existsSync(file)).toBe(false);
  });

  it('awaits the promise of another master', async () => {
    const block = sleigh.submit(task.block, { bytes: LARGE, byte: 1 });
    expect(await master.submit(task.lengthOf, block)).toBe(LARGE);
  });
});

describe('a value that was left at the server', () => {
  it('is there for the next worker when the worker of its call dies', async () => {
    await using job = await Sleigh.start({ workers: 1, server: address, onOutput: () => undefined });
    const block = job.submit(task.block, { bytes: LARGE, byte: 1 });
    const call = job.submit(task.sumAfterDeath, block, { fixedArgs: join(folder, 'died') });
    expect(await call).toBe(LARGE);
  }, 20_000);

  it('is deleted when its master ends and the job stays', async () => {
    await using job = await Sleigh.start({ name: 'stays', workers: 1, server: address, launch: threads() });
    const guest = await Sleigh.attach('stays', address);
    const block = guest.submit(task.block, { bytes: LARGE, byte: 1 });
    expect(await guest.submit(task.lengthOf, block)).toBe(LARGE);
    expect(await leftOf(job)).toBe(true);
    await guest.stop();
    expect(await leftOf(job)).toBe(false);
    await expect(block).rejects.toMatchObject({ code: 'unreadable' });
  });

  it('is deleted when its calls are settled and the program holds its promise no longer', async () => {
    await using job = await Sleigh.start({ workers: 1, server: address, launch: threads() });
    setFlagsFromString('--expose-gc');
    const collect = unsafeCast<() => void>(runInNewContext('gc'));
    expect(await job.submit(task.lengthOf, job.submit(task.block, { bytes: LARGE, byte: 1 }))).toBe(LARGE);
    await eventually(async () => {
      collect();
      return !(await leftOf(job));
    }, 'the value is not at the server any more');
  });

  it('is the oldest that is deleted when those that no call uses are too many', async () => {
    const lines = await ConnectionPool.open(address, thisHost);
    const { name } = sleigh.workspace;
    await lines.main.useWorkspace(name, { create: false });
    const values = new LeftValues(lines, name, 'test');
    const promises = [1, 2, 3].map(() => new Promise<unknown>(() => undefined));
    const kept: LeftValue[] = [];
    for (const promise of promises) {
      const left = values.next();
      await lines.main.store(name, left.variable, 'text');
      values.use(left);
      values.add(left, 100 * 2 ** 20, promise);
      kept.push(left);
    }
    const found = async (): Promise<boolean[]> =>
      Promise.all(kept.map(async (left) => (await values.find(left)) !== undefined));
    expect(await found()).toEqual([true, true, true]);
    const [first, second, third] = kept;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three are kept');
    values.release(second);
    values.release(first);
    expect(await found()).toEqual([true, true, true]);
    // One that is used again is not among them.
    values.use(second);
    values.release(third);
    expect(await found()).toEqual([true, true, true]);
    values.release(second);
    expect(await found()).toEqual([false, true, true]);
    values.letGo(third);
    expect(await found()).toEqual([false, true, false]);
    await values.dropAll();
    expect(await lines.main.findTry(name, second.variable)).toBeUndefined();
    lines.close();
  });
});
