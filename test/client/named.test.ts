import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetWorkSpace, Sleigh, tasks, threads } from '../../src/client/index.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { JOB_ORDERS } from '../../src/wire/job-order.ts';
import { JOB_REPORT, type JobReport } from '../../src/wire/job-report.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { usualLaunch } from '../support/usual-launch.ts';
import { sharedServer } from '../support/shared-server.ts';

const task = tasks<typeof import('./modules/tasks.mjs')>(new URL('modules/tasks.mjs', import.meta.url));
const PROGRAM = fileURLToPath(new URL('modules/named-master.mjs', import.meta.url));
const COUNT = 40;

const address = sharedServer();
/** A server with a page, which masters listen to. */
const page = sharedServer({ web: { port: 0 } });

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'sleigh-named-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const calls = (): number[] =>
  existsSync(`${folder}/calls`)
    ? readFileSync(`${folder}/calls`, 'utf8').split('\n').slice(0, -1).map(Number)
    : [];
const jobs = async (): Promise<string[]> =>
  (await NetWorkSpace.list(address)).map(({ name }) => name).filter((name) => name !== '__default');

/** A master as a process of its own. */
function master() {
  const child = spawn(process.execPath, [PROGRAM, String(address.port), `${folder}/calls`, String(COUNT)]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  return { child, ended: once(child, 'close').then(() => ({ output, errors, code: child.exitCode })) };
}

const start = (options: object): Promise<Sleigh> =>
  Sleigh.start({ workers: 1, launch: usualLaunch, ...options });

describe('a job and a batch with names (S29)', () => {
  it.skipIf(isShort)(
    'go on when their program is killed and started again: what is done is not done again',
    async () => {
      const first = master();
      await eventually(() => calls().length >= 10, 'ten elements were called');
      first.child.kill('SIGKILL');
      await first.ended;
      expect(await jobs()).toEqual(['nightly']);
      // Its workers end with it.
      const before = calls();
      const { output, errors, code } = await master().ended;
      expect({ errors, code }).toEqual({ errors: '', code: 0 });
      expect(JSON.parse(output)).toEqual(Array.from({ length: COUNT }, (_, n) => n * n));
      const again = new Set(calls().slice(before.length));
      expect(new Set(calls()).size).toBe(COUNT);
      // Only what was under way on the two workers.
      expect(before.filter((n) => again.has(n)).length).toBeLessThanOrEqual(2);
      expect(await jobs()).toEqual([]);
    },
  );

  it('stay when another start with the name fails', async () => {
    const sleigh = await Sleigh.start({ server: address, name: 'failing', workers: 1, launch: usualLaunch });
    const launch = { start: () => Promise.reject(new Error('no such host')) };
    await expect(Sleigh.start({ server: address, name: 'failing', workers: 1, launch })).rejects.toThrow(
      'no such host',
    );
    expect(await sleigh.eachElem(task.square, [3])).toEqual([9]);
    await sleigh.stop();
    expect(await jobs()).toEqual([]);
  });

  it('serve a second master, whose results are its own', async () => {
    const sleigh = await Sleigh.start({ server: address, name: 'shared', workers: 2, launch: usualLaunch });
    const guest = await Sleigh.attach('shared', address);
    const elements = Array.from({ length: 30 }, (_, n) => n);
    const [mine, others] = await Promise.all([
      sleigh.eachElem(task.square, elements),
      guest.eachElem(
        task.square,
        elements.map((n) => n + 100),
      ),
    ]);
    expect(mine).toEqual(elements.map((n) => n ** 2));
    expect(others).toEqual(elements.map((n) => (n + 100) ** 2));
    await guest.stop();
    expect(await sleigh.eachElem(task.square, [3])).toEqual([9]);
    await sleigh.stop();
    expect(await jobs()).toEqual([]);
    await expect(Sleigh.attach('shared', address)).rejects.toMatchObject({ code: 'no-workspace' });
  });

  it('are refused where the name is that of a plain workspace, in which no worker could join', async () => {
    const plain = await NetWorkSpace.open('plain', address);
    const options = { server: address, name: 'plain', workers: 1, launch: usualLaunch };
    for (const joining of [Sleigh.start(options), Sleigh.attach('plain', address)])
      await expect(joining).rejects.toMatchObject({
        code: 'no-job',
        message: '"plain" is a plain workspace, and not a job',
      });
    plain.close();
  });

  it('keep results until all were taken, or the batch is left, and forget them then', async () => {
    const sleigh = await Sleigh.start({ server: address, name: 'kept', workers: 1, launch: usualLaunch });
    const isKept = async (): Promise<boolean> =>
      (await sleigh.workspace.list()).some(({ name, values }) => name === '#results b' && values > 0);
    const isForgotten = async (): Promise<boolean> => !(await isKept());
    const squares: number[] = [];
    for await (const square of sleigh.eachElem(task.square, [1, 2, 3], { name: 'b' })) {
      squares.push(square);
      expect(await isKept()).toBe(true);
    }
    expect(squares).toEqual([1, 4, 9]);
    await eventually(isForgotten, 'the results that were taken are forgotten');
    for await (const square of sleigh.eachElem(task.square, [1, 2, 3], { name: 'b' })) {
      expect(square).toBe(1);
      break;
    }
    await eventually(isForgotten, 'the results of the batch that was left are forgotten');
    expect(await sleigh.eachElem(task.square, [4, 5, 6], { name: 'b' })).toEqual([16, 25, 36]);
    await sleigh.stop();
  });

  it('stay cancelled for a program that is started again, if someone cancelled the batch on the page (S33.2)', async () => {
    const options = { server: page, name: 'stopped', workers: 1, launch: threads() };
    const sleigh = await Sleigh.start(options);
    const elements = [1, 2].map((n) => ({ n, folder }));
    const began = sleigh.eachElem(task.counted, elements, { name: 'b' });
    const ended = expect(began).rejects.toThrow('someone has cancelled the batch on the page');
    await eventually(() => calls().length === 1, 'the first element is called');
    const [batch] = unsafeCast<JobReport>(
      await sleigh.workspace.variable(JOB_REPORT.progress).find(),
    ).batches;
    await sleigh.workspace.variable(JOB_ORDERS).store({ order: 'cancel', batch: batch?.id });
    await ended;
    // What another program sees that takes part in the job.
    const other = await Sleigh.attach('stopped', page);
    const again = other.eachElem(task.counted, elements, { name: 'b' });
    await expect(again).rejects.toMatchObject({
      code: 'stopped',
      message:
        'the batch "b" was cancelled on the page of the server, as the variable "#cancelled b" of the job says',
    });
    expect(calls()).toEqual([1]);
    expect(await other.eachElem(task.square, [3], { name: 'c' })).toEqual([9]);
    // Its calls have ended, and their results are forgotten.
    await eventually(async () => {
      const { pending } = await other.status();
      const left = (await other.workspace.list()).find(({ name }) => name === '#results b');
      return pending === 0 && (left?.values ?? 0) === 0;
    }, 'the batch that was cancelled is settled');
    await other.workspace.variable('#cancelled b').fetch();
    writeFileSync(`${folder}/go`, '');
    expect(await other.eachElem(task.counted, elements, { name: 'b' })).toEqual([1, 2]);
    await other.stop();
    await sleigh.stop();
  });

  it('are refused where they have no meaning', async () => {
    await expect(start({ name: 'x' })).rejects.toThrow('a sleigh with a name needs a server');
    await expect(start({ name: 'x', server: address, join: 'closing' })).rejects.toThrow(
      'a sleigh with a name has an elastic group',
    );
    const closing = await start({ server: address });
    await expect(closing.eachElem(task.square, [1], { name: 'b' })).rejects.toThrow(
      'a batch with a name needs an elastic group',
    );
    await closing.stop();
  });
});
