import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, Sleigh, tasks, type Server } from '../../src/index.ts';
import type { SleighView, WorkersView } from '../../src/views/types.ts';
import { encodePart } from '../../src/views/path-part.ts';
import { ask, type Answer } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { Folder } from '../support/run-process.ts';

// What the page does to jobs, with a token: with a real master, sentinel and workers.

const TOKEN = 'a token of the test';
const folder = new Folder();
const file = folder.write(
  'tasks.mjs',
  `export const forever = () => new Promise(() => undefined);
export const pid = async () => { await new Promise((done) => setTimeout(done, 20)); return process.pid; };`,
);
const { forever, pid } = tasks<{
  forever: (n: number) => Promise<never>;
  pid: (n: number) => Promise<number>;
}>(new URL(`file://${file}`));
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
