import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, Sleigh, tasks, threads } from '../../src/client/index.ts';
import type { SleighOptions } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { CommandProcess } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';
import { usualLaunch } from '../support/usual-launch.ts';
import { sharedServer } from '../support/shared-server.ts';

const task = tasks<typeof import('./modules/tasks.mjs')>(new URL('modules/tasks.mjs', import.meta.url));
const SLEIGH = `'${process.execPath}' '${join(import.meta.dirname, '../../dist/cli/main.js')}'`;

const address = sharedServer();

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sleigh-elastic-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const begun = (): string[] => readdirSync(folder).filter((name) => name.startsWith('begun'));
const go = (): void => writeFileSync(`${folder}/go`, '');
const orders = (count: number): { folder: string; n: number }[] =>
  Array.from({ length: count }, (_, n) => ({ folder, n }));

const start = (workers: number, options: Partial<SleighOptions> = {}): Promise<Sleigh> =>
  Sleigh.start({ workers, server: address, join: 'elastic', launch: usualLaunch, ...options });
const workersAre = (sleigh: Sleigh, count: number): Promise<void> =>
  eventually(async () => (await sleigh.status()).workers === count, `${count} workers`);
const pendingAre = (sleigh: Sleigh, count: number): Promise<void> =>
  eventually(async () => (await sleigh.status()).pending === count, `${count} tasks are out`);

describe('an elastic sleigh', () => {
  it('loses no task of workers that are dismissed in the middle of it', async () => {
    await using sleigh = await start(1);
    const results = sleigh.eachElem(task.heedful, orders(5));
    await eventually(() => begun().length === 1, 'the first works');
    const more = await sleigh.launch({ workers: 2, launch: threads() });
    await eventually(() => begun().length === 3, 'all work');
    await more.stop();
    await more.gone;
    expect((await sleigh.status()).pending).toBe(5);
    go();
    expect(await results).toEqual([0, 1, 2, 3, 4]);
  });

  it('starts without workers, and continues when none are left', async () => {
    await using sleigh = await start(0);
    const results = sleigh.eachElem(task.square, [1, 2, 3]);
    const first = await sleigh.launch({ workers: 1 });
    expect(await results).toEqual([1, 4, 9]);
    await first.stop();
    await workersAre(sleigh, 0);
    const again = sleigh.eachElem(task.square, [4]);
    await sleigh.launch({ workers: 1 });
    expect(await again).toEqual([16]);
  });

  it.skipIf(isShort)(
    'accepts workers that are started elsewhere, which leave when they are told to',
    async () => {
      await using sleigh = await start(0);
      const args = ['worker', sleigh.workspace.name, '--server', `${address.host}:${address.port}`];
      const elsewhere = new CommandProcess(folder, [...args, '--workers', '2', '--drain', '0']);
      const results = sleigh.eachElem(task.heedful, orders(4));
      await eventually(() => begun().length === 2, 'both work');
      await sleigh.launch({ workers: 1 });
      await workersAre(sleigh, 3);
      elsewhere.child.kill('SIGTERM');
      await elsewhere.status();
      await workersAre(sleigh, 1);
      go();
      expect(await results).toEqual([0, 1, 2, 3]);
    },
  );

  it('accepts no workers when it has ended, and stops those that are just starting', async () => {
    const sleigh = await start(0);
    const starting = expect(sleigh.launch({ workers: 1 })).rejects.toThrow(/was stopped|cannot be started/);
    await sleigh.stop();
    await starting;
    await expect(sleigh.launch({ workers: 1 })).rejects.toThrow('the job was stopped');
  });
});

describe.skipIf(isShort)('an elastic sleigh', () => {
  it('sends more elements to workers that join while it runs, and fewer when workers leave', async () => {
    await using sleigh = await start(1);
    const results = sleigh.eachElem(task.heedful, orders(12), { loadFactor: 2 });
    await pendingAre(sleigh, 2);
    const more = await sleigh.launch({ workers: 2 });
    await pendingAre(sleigh, 6);
    await eventually(() => begun().length === 3, 'all three work');
    expect(await sleigh.status()).toMatchObject({ workers: 3, expected: 3, group: 'elastic', running: 3 });
    await more.stop();
    await workersAre(sleigh, 1);
    go();
    expect(await results).toEqual(orders(12).map(({ n }) => n));
  });

  it('reads no more of its input than its remaining workers need', async () => {
    await using sleigh = await start(0);
    const [one, other] = [await sleigh.launch({ workers: 1 }), await sleigh.launch({ workers: 2 })];
    await workersAre(sleigh, 3);
    let taken = 0;
    function* input(): Generator<{ folder: string; n: number }> {
      for (; taken < 100;) yield { folder, n: taken++ };
    }
    const outcomes = sleigh
      .eachElem(task.heedful, input(), { loadFactor: 4, chunkSize: 1, ordered: false })
      .outcomes();
    const first = outcomes.next();
    await eventually(() => taken === 12, 'so many are out');
    await other.stop();
    await workersAre(sleigh, 1);
    // It has read how many workers there are.
    await new Promise((resolve) => setTimeout(resolve, 600));
    go();
    await first;
    let given = 1;
    for await (const _ of outcomes) {
      given++;
      expect(taken - given).toBeLessThanOrEqual(Math.max(12 - given, 4));
    }
    expect(given).toBe(100);
    await one.stop();
  });

  it('can run a launch command several times that returns at once, and each launch knows its own workers', async () => {
    await using sleigh = await start(0);
    const handedIn = command(`${SLEIGH} worker </dev/null >/dev/null 2>&1 &`);
    const once = { workers: 1, launch: handedIn, respawn: false };
    const first = await sleigh.launch(once);
    const second = await sleigh.launch(once);
    await workersAre(sleigh, 2);
    const gone: string[] = [];
    void first.gone.then(() => gone.push('first'));
    void second.gone.then(() => gone.push('second'));
    const [who] = await sleigh.eachWorker(task.whoAmI, undefined);
    process.kill(who?.pid ?? 0, 'SIGKILL');
    await eventually(() => gone.length > 0, 'one has gone');
    await workersAre(sleigh, 1);
    expect(gone).toHaveLength(1);
  });
});

describe.skipIf(isShort)('eachWorker of an elastic sleigh', () => {
  it('calls the function on the current workers, in the order of ranks', async () => {
    await using sleigh = await start(0);
    expect(await sleigh.eachWorker(task.whoAmI, undefined)).toEqual([]);
    const first = await sleigh.launch({ workers: 1 });
    await sleigh.launch({ workers: 2 });
    await workersAre(sleigh, 3);
    await first.stop();
    await workersAre(sleigh, 2);
    const all = await sleigh.eachWorker(task.whoAmI, undefined);
    expect(all.map(({ rank }) => rank)).toEqual([1, 2]);
    await sleigh.launch({ workers: 1 });
    await workersAre(sleigh, 3);
    expect((await sleigh.status()).pending).toBe(0);
  });

  it('also calls it first on every worker that joins later, if requested', async () => {
    await using sleigh = await start(1);
    expect(await sleigh.join(10)).toBe(1);
    const late: unknown[] = [];
    const fixedArgs = { factor: 3 };
    const options = { reach: 'all', fixedArgs, onLate: (each: unknown) => late.push(each) } as const;
    expect(await sleigh.eachWorker(task.scaled, 2, options)).toEqual([6]);
    await sleigh.launch({ workers: 2 });
    await eventually(() => late.length === 2, 'both have answered');
    expect(late).toEqual(
      expect.arrayContaining([1, 2].map((rank) => ({ index: rank, worker: rank, value: 6 }))),
    );
    expect(await sleigh.eachElem(task.square, [3])).toEqual([9]);
    expect((await sleigh.workspace.list()).find(({ name }) => name === 'result')?.values).toBe(0);
  });

  it('reports a worker that dies during the call, and rejects with the error that the call throws', async () => {
    await using sleigh = await start(2, { onDeadWorker: 'null' });
    await sleigh.join(10);
    await expect(sleigh.eachWorker(task.picky, 2, { reach: 'all' })).rejects.toMatchObject({
      code: 'threw',
    });
    expect(await sleigh.eachWorker(task.killing, undefined, { errors: 'collect' })).toMatchObject([
      { code: 'worker-died', index: 0 },
      { code: 'worker-died', index: 1 },
    ]);
  });
});

describe('a sleigh whose group is closed', () => {
  it('refuses launches and the option reach', async () => {
    await using sleigh = await start(1, { join: 'closing' });
    await expect(sleigh.launch({ workers: 1 })).rejects.toThrow("start it with join: 'elastic'");
    await expect(sleigh.eachWorker(task.square, 1, { reach: 'all' })).rejects.toThrow(
      'reach is for an elastic',
    );
  });

  it.skipIf(isShort)('rejects invalid options', async () => {
    await expect(start(0, { reconnectGrace: -1 })).rejects.toThrow(
      '`reconnectGrace` must be a number of seconds of at least 0',
    );
  });
});
