import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, Sleigh, tasks, type Server } from '../../src/index.ts';
import type { SleighView, WorkersView } from '../../src/views/types.ts';
import type { FailedElementsView } from '../../src/views/progress-types.ts';
import { encodePart } from '../../src/views/path-part.ts';
import { ask, type Answer } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { Folder } from '../support/run-process.ts';

// What the page does to jobs, with a token: with a real master, sentinel and workers.

const TOKEN = 'a token of the test';
const folder = new Folder();
const file = folder.write(
  'tasks.mjs',
  `import { existsSync } from 'node:fs';
export async function needs({ file, message }) {
  if (message !== undefined && !existsSync(file)) throw new Error(message);
  while (!existsSync(file)) await new Promise((done) => setTimeout(done, 10));
  return file;
}
export const forever = () => new Promise(() => undefined);
export const pid = async () => { await new Promise((done) => setTimeout(done, 20)); return process.pid; };`,
);
interface Need {
  /** The file that it waits for. */
  readonly file: string;
  /** What it throws instead of waiting. */
  readonly message?: string;
}
const { forever, pid, needs } = tasks<{
  needs: (need: Need) => Promise<string>;
  forever: (n: number) => Promise<never>;
  pid: (n: number) => Promise<number>;
}>(new URL(`file://${file}`));
const pathOf = (name: string): string => join(folder.path, name);
const log: string[] = [];
let server: Server;
let sleigh: Sleigh;

const change = (path: string, token = TOKEN): Promise<Answer> =>
  ask(server.web?.url ?? '', `/api/sleighs/${encodePart(sleigh.workspace.name)}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
  });
async function view<View>(path: string): Promise<View> {
  const { text } = await ask(
    server.web?.url ?? '',
    `/api/sleighs/${encodePart(sleigh.workspace.name)}${path}`,
  );
  const parsed: View = JSON.parse(text);
  return parsed;
}
const logged = (message: string): unknown[] =>
  log
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ msg, audit }) => msg === message && audit === true);

const failures = (): Promise<FailedElementsView> => view<FailedElementsView>('/failures');
const batchOfNewest = async (): Promise<string> => (await failures()).items[0]?.batch ?? '';

beforeAll(async () => {
  server = await createServer({
    port: 0,
    logger: pino({}, { write: (line) => void log.push(line) }),
    web: { port: 0, write: true, token: TOKEN },
  });
  sleigh = await Sleigh.start({ workers: 2, server: { port: server.port }, onOutput: () => undefined });
});
afterAll(async () => {
  await sleigh?.stop();
  await server?.close();
  folder[Symbol.dispose]();
});

describe('the page with a token', () => {
  it('cancels a batch: its master ends it, and the job goes on', async () => {
    const running = sleigh.eachElem(forever, [1, 2, 3, 4]);
    const rejected = expect(running).rejects.toMatchObject({
      name: 'SleighError',
      message: expect.stringContaining('someone has cancelled the batch on the page of the server'),
    });
    let id = '';
    await eventually(async () => {
      const [batch] = (await view<SleighView>('')).reported;
      id = batch?.id ?? '';
      return batch !== undefined && (await view<SleighView>('')).running === 2;
    }, 'the batch runs');
    expect((await change(`/batches/${id}/cancel`, 'wrong')).status).toBe(401);
    expect((await change('/batches/none/cancel')).status).toBe(404);
    expect(await change(`/batches/${id}/cancel`)).toMatchObject({ status: 200, text: '{}' });
    await rejected;
    expect(logged('the web page cancelled a batch')).toMatchObject([
      { batch: id, workspace: sleigh.workspace.name, who: '127.0.0.1' },
    ]);
    expect(await sleigh.eachElem(pid, [1])).toHaveLength(1);
    await eventually(
      async () => (await change(`/batches/${id}/cancel`)).status === 404,
      'its master has told that it has ended',
    );
  });

  it.skipIf(isShort)(
    'has failed elements called again, and what they return replaces the failure (S24.6)',
    async () => {
      const [mended, opened] = [pathOf('mended'), pathOf('opened')];
      const running = sleigh.eachElem(
        needs,
        [
          ...['disk 1 is full', 'disk 2 is full', 'disk 3 is full', 'no host'].map((message) => ({
            file: mended,
            message,
          })),
          { file: opened },
        ],
        { errors: 'collect' },
      );
      // The results are awaited, so that the program keeps all of them.
      const settled = running.then((all) => all.map((one) => (one instanceof Error ? one.message : one)));
      await eventually(async () => (await failures()).total === 4, 'four have failed');
      const batch = await batchOfNewest();
      const retry = (path: string): Promise<Answer> => change(`${path}/retry`);
      expect((await change(`/batches/${batch}/failures/2/retry`, 'wrong')).status).toBe(401);
      for (const path of [`/batches/${batch}/failures/4`, `/batches/${batch}/failures/x`, '/failures/none'])
        expect((await retry(path)).status).toBe(404);

      // Called again too early, it fails again, with its next attempt.
      expect(JSON.parse((await retry(`/batches/${batch}/failures/3`)).text)).toEqual({
        asked: 1,
        tooLate: 0,
      });
      await eventually(async () => {
        const { items } = await failures();
        return items.length === 4 && items[0]?.index === 3 && items[0].attempts === 2;
      }, 'its second call has failed');
      const progressIs = (what: { done: number; failed: number }): Promise<void> =>
        eventually(async () => {
          const { reported } = await view<SleighView>('');
          const told = reported.find(({ id }) => id === batch);
          return told?.done === what.done && told.failed === what.failed;
        }, JSON.stringify(what));
      await progressIs({ done: 4, failed: 4 });

      folder.write('mended', '');
      const { groups } = await failures();
      expect(groups).toMatchObject([
        { message: 'Error: disk … is full', count: 3 },
        { message: 'Error: no host' },
      ]);
      expect(JSON.parse((await retry(`/failures/${groups[0]?.id}`)).text)).toEqual({ asked: 3, tooLate: 0 });
      await eventually(async () => (await failures()).total === 1, 'those of the group are done');
      expect(JSON.parse((await retry('/failures')).text)).toEqual({ asked: 1, tooLate: 0 });
      await progressIs({ done: 4, failed: 0 });
      expect((await failures()).total).toBe(0);
      folder.write('opened', '');
      expect(await settled).toEqual([mended, mended, mended, mended, opened]);
      expect(logged('the web page asked for failed elements to be called again')).toMatchObject([
        { batch, indexes: '3' },
        { indexes: '0 1 2' },
        { indexes: '3' },
      ]);
    },
  );

  it('says that it is too late where the program has the failure, and when the batch has ended', async () => {
    const [never, opened] = [pathOf('never'), pathOf('opened late')];
    const given: string[] = [];
    const running = (async () => {
      const elements = [{ file: never, message: 'it is gone' }, { file: opened }];
      for await (const outcome of sleigh.eachElem(needs, elements).outcomes())
        given.push(outcome.error === undefined ? outcome.value : outcome.error.reason);
    })();
    await eventually(() => given.length === 1, 'the program has the failure');
    await eventually(async () => (await failures()).total === 1, 'it is listed');
    const path = `/batches/${await batchOfNewest()}/failures/0/retry`;
    expect(JSON.parse((await change(path)).text)).toEqual({ asked: 1, tooLate: 0 });
    await eventually(async () => (await failures()).items[0]?.isTooLate === true, 'the master refuses');
    expect((await failures()).total).toBe(1);
    folder.write('opened late', '');
    await running;
    expect(given).toEqual(['Error: it is gone', opened]);
    await eventually(
      async () => (await change(path)).status === 409,
      'its master has told that it has ended',
    );
    expect((await change(path)).text).toContain('it is too late: the batch of the failed element has ended');
  });

  it('shows the calls of eachWorker as a batch, with their failures, and cancels them (S24)', async () => {
    const before = (await view<SleighView>('')).reported[0]?.id;
    const told = async () => (await view<SleighView>('')).reported.find(({ id }) => id !== before);
    await expect(sleigh.eachWorker(needs, { file: '', message: 'no disk' })).rejects.toThrow('no disk');
    await eventually(async () => (await told())?.failed === 2, 'both have failed');
    expect(await told()).toMatchObject({ function: 'needs', total: 2, done: 2 });
    await eventually(async () => (await told())?.ended !== undefined, 'it has ended');
    expect((await failures()).items.map(({ index, element }) => [index, element])).toEqual(
      expect.arrayContaining([0, 1].map((rank) => [rank, undefined])),
    );

    const running = expect(sleigh.eachWorker(forever, 1)).rejects.toThrow('someone has cancelled the batch');
    let id = '';
    await eventually(async () => {
      const { reported } = await view<SleighView>('');
      id = reported.find((batch) => batch.function === 'forever' && batch.ended === undefined)?.id ?? '';
      return id !== '';
    }, 'it runs');
    expect((await change(`/batches/${id}/cancel`)).status).toBe(200);
    await running;
  });

  it('stops a worker: it is replaced, and its element is done by another process', async () => {
    const before = new Set(
      await sleigh.eachElem(
        pid,
        Array.from({ length: 20 }, (_, i) => i),
      ),
    );
    const processes = async (): Promise<number> =>
      (await view<WorkersView>('/workers')).items.filter((worker) => worker.process !== undefined).length;
    await eventually(async () => (await processes()) === 2, 'the sentinel tells of both');
    const { replacements } = await view<SleighView>('');
    expect((await change('/workers/7/stop')).status).toBe(404);
    expect(await change('/workers/0/stop')).toMatchObject({ status: 200, text: '{}' });
    await eventually(async () => (await view<SleighView>('')).replacements > replacements, 'it is replaced');
    expect(logged('the web page stopped a worker')).toMatchObject([{ rank: '0' }]);
    await eventually(async () => {
      const after = await sleigh.eachElem(
        pid,
        Array.from({ length: 20 }, (_, i) => i),
      );
      return after.some((one) => !before.has(one));
    }, 'another process works');
  });

  it('ends a job', async () => {
    const path = `/api/sleighs/${encodePart('default')}/end`;
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect((await ask(server.web?.url ?? '', path, { method: 'POST', headers })).status).toBe(404);
    const running = expect(sleigh.eachElem(forever, [1])).rejects.toMatchObject({ name: 'SleighError' });
    await eventually(async () => (await view<SleighView>('')).running === 1, 'it runs');
    expect(await change('/end')).toMatchObject({ status: 200, text: '{}' });
    await running;
    expect(logged('the web page ended a job')).toHaveLength(1);
  });
});
