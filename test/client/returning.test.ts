import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processes, Sentinel, Sleigh, tasks, threads, type SleighOptions } from '../../src/client/index.ts';
import { thisHost, type Platform } from '../../src/client/platform.ts';
import { eventually } from '../support/eventually.ts';
import { Proxy, type Cut } from '../support/proxy.ts';
import { isShort } from '../support/form.ts';
import { usualLaunch } from '../support/usual-launch.ts';
import { sharedServer } from '../support/shared-server.ts';

const task = tasks<typeof import('./modules/tasks.mjs')>(new URL('modules/tasks.mjs', import.meta.url));

const address = sharedServer();

let folder: string;
let proxy: Proxy;
let deaths: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-returning-'));
  proxy = await Proxy.start(address.port);
  deaths = [];
});
afterEach(() => {
  proxy[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
/** The elements of all calls that have begun. */
const calls = (): string[] =>
  existsSync(`${folder}/calls`) ? readFileSync(`${folder}/calls`, 'utf8').split('\n').slice(0, -1) : [];
const go = (): void => writeFileSync(`${folder}/go`, '');

const onDeath = (rank: number, how: string): void => void deaths.push(`${rank} ${how}`);

/** A job whose workers reach the server through the proxy, and whose tasks are tried once. */
const start = (workers: number, options: Partial<SleighOptions> = {}): Promise<Sleigh> => {
  const { launch = usualLaunch, ...others } = options;
  return Sleigh.start({
    workers,
    server: address,
    join: 'elastic',
    reconnectGrace: 20,
    maxAttempts: 1,
    launch: { start: (order) => launch.start({ ...order, server: proxy.address }) },
    onDeath,
    ...others,
  });
};
/** One worker, started by a sentinel that reports its messages. */
async function hire(sleigh: Sleigh): Promise<Sentinel> {
  const { name } = sleigh.workspace;
  const options = { server: proxy.address, workspace: name, workers: 1, kind: 'process' } as const;
  return Sentinel.start({ ...options, onDeath });
}
const registered = (times: number): Promise<void> =>
  eventually(() => proxy.answered >= times, `${times} registrations`);

describe('a sentinel that starts while the server is started again', () => {
  it('waits for the server within its grace, and without one it does not', async () => {
    await using sleigh = await Sleigh.start({ workers: 0, join: 'elastic', server: address });
    let isDown = true;
    const platform: Platform = {
      ...thisHost,
      connect: (options) => {
        if (!isDown) return thisHost.connect(options);
        // The second attempt finds it.
        setTimeout(() => (isDown = false), 20);
        return thisHost.connect({ ...options, port: 1 });
      },
    };
    const { name: workspace } = sleigh.workspace;
    const options = { server: address, workspace, workers: 1, kind: 'thread', platform, onDeath } as const;
    await expect(Sentinel.start(options)).rejects.toMatchObject({ code: 'unreachable' });
    isDown = true;
    const sentinel = await Sentinel.start({ ...options, reconnectGrace: 20 });
    expect(sentinel.started).toBe(1);
    await sentinel.end();
  });
});

describe('a worker whose connection is cut', () => {
  it.each([['a thread', threads()], ...(isShort ? [] : [['a process', processes()] as const])] as const)(
    'during a task, by %s, resumes the task when it is back, and its result arrives once',
    async (_, launch) => {
      await using sleigh = await start(1, { launch });
      const results = sleigh.eachElem(task.counted, [{ folder, n: 7 }]);
      await eventually(() => calls().length === 1, 'it has begun');
      for (const times of [2, 3]) {
        proxy.cut();
        await registered(times);
      }
      expect(await sleigh.status()).toMatchObject({ workers: 1, pending: 1, running: 1 });
      go();
      expect(await results).toEqual([7]);
      expect([calls().length, deaths]).toEqual([1, []]);
      expect(await sleigh.status()).toMatchObject({ workers: 1, pending: 0, running: 0 });
    },
  );

  it('while idle waits for tasks again under the same rank', async () => {
    await using sleigh = await start(1);
    await registered(1);
    proxy.cut();
    await registered(2);
    const { value } = await sleigh.eachElem(task.square, [3]).outcomes().next();
    expect(value).toEqual({ index: 0, worker: 0, value: 9 });
    expect((await sleigh.status()).workers).toBe(1);
  });
});

describe.skipIf(isShort)('a worker whose connection is cut', () => {
  it.each<[string, Cut, results: number]>([
    ['sends a result again that never arrived', { from: 'worker', says: 'result' }, 4],
    [
      'does not send a result again that arrived and whose reply was lost',
      { from: 'worker', says: 'result', arrives: true },
      3,
    ],
    ['gets a task again that never reached it', { from: 'server', says: 'nwsTask' }, 3],
    ['finds its fixed arguments after it is back', { from: 'worker', says: 'findTry' }, 3],
    ['tries again when its return is cut', { from: 'worker', says: 'doing' }, 4],
    ['tries again when the reply to its return is lost', { from: 'worker', says: 'doing', arrives: true }, 4],
  ])('%s', async (_, cut, sent) => {
    await using sleigh = await start(1);
    await registered(1);
    const first: Cut[] = cut.says === 'doing' ? [{ from: 'worker', says: 'result' }] : [];
    proxy.cutAt(...first, cut);
    const elements = [0, 1, 2].map((n) => ({ folder, n }));
    go();
    const fixedArgs = { kept: true };
    expect(await sleigh.eachElem(task.counted, elements, { fixedArgs })).toEqual([0, 1, 2]);
    expect([calls().length, deaths, proxy.cutsLeft, proxy.results]).toEqual([3, [], 0, sent]);
    expect(proxy.registrations).toBeGreaterThan(1);
  });

  it('while it registers repeats its registration', async () => {
    proxy.cutAt({ from: 'worker', says: 'worker_ids', arrives: true });
    await using sleigh = await start(1);
    expect(await sleigh.eachElem(task.square, [3])).toEqual([9]);
    expect([proxy.registrations, deaths]).toEqual([2, []]);
  });

  it('repeatedly runs each of many tasks once, with one result', async () => {
    await using sleigh = await start(3);
    await sleigh.join(10);
    const elements = Array.from({ length: 300 }, (_, n) => ({ folder, n }));
    go();
    const cutting = setInterval(() => proxy.cut(), 40);
    const results = await sleigh.eachElem(task.counted, elements).then((all) => all);
    clearInterval(cutting);
    expect(results).toEqual(elements.map(({ n }) => n));
    expect(calls().toSorted()).toEqual(elements.map(({ n }) => String(n)).toSorted());
    expect(deaths).toEqual([]);
    expect(proxy.registrations).toBeGreaterThan(6);
  }, 60_000);

  it('comes back in a closed group, too', async () => {
    await using sleigh = await start(1, { join: 'closing' });
    expect(await sleigh.join(10)).toBe(1);
    const results = sleigh.eachElem(task.counted, [{ folder, n: 1 }]);
    await eventually(() => calls().length === 1, 'it has begun');
    proxy.cut();
    await registered(2);
    go();
    expect(await results).toEqual([1]);
  });
});

describe('a worker that does not come back within the grace period', () => {
  it('because none is set ends at once, and its task is tried elsewhere, which counts no attempt', async () => {
    await using sleigh = await start(2, { reconnectGrace: 0 });
    await sleigh.join(10);
    const results = sleigh.eachElem(task.counted, [{ folder, n: 1 }]);
    await eventually(() => calls().length === 1, 'it has begun');
    proxy.cut();
    await eventually(() => calls().length === 2, 'another has begun');
    go();
    expect(await results).toEqual([1]);
    expect([calls(), deaths]).toEqual([['1', '1'], []]);
  });
});

describe.skipIf(isShort)('a worker that does not come back within the grace period', () => {
  it('because it blocked its event loop keeps its place as long as its sentinel is connected (S19)', async () => {
    await using sleigh = await start(0, { reconnectGrace: 0.2 });
    await hire(sleigh);
    const order = { folder, milliseconds: 1_500 };
    const results = sleigh.eachElem(task.deep, [order], { errors: 'collect' });
    await eventually(async () => (await sleigh.status()).running === 1, 'it has begun');
    proxy.cut();
    expect(await results).toEqual([0]);
    expect([deaths, (await sleigh.status()).workers]).toEqual([[], 1]);
  });

  it('because the network is down gives up and reports it', async () => {
    await using sleigh = await start(0, { reconnectGrace: 0.2 });
    const sentinel = await hire(sleigh);
    await registered(1);
    proxy.isUp = false;
    proxy.cut();
    expect(await sleigh.workspace.fetch('logError', { timeout: 10_000 })).toMatch(
      /worker 0: it lost its connection, and could not come back within 0.2 seconds: 127\.0\.0\.1:\d+ /,
    );
    await sentinel.gone;
    expect((await sleigh.status()).workers).toBe(0);
  });
});
