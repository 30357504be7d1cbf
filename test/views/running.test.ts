import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, Sleigh, tasks, type Server } from '../../src/index.ts';
import type { OutputView } from '../../src/views/running-types.ts';
import type { WorkerDetailsView, WorkersView } from '../../src/views/types.ts';
import { ask } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { Folder } from '../support/run-process.ts';

// What workers do now, and what they write, as a server with a page shows it: with real workers.

const MODULE = `
export async function wait(element) {
  console.log('waits for ' + element.name);
  console.error('complains');
  await new Promise((resolve) => setTimeout(resolve, element.milliseconds));
  return element.name;
}
export const quick = (n) => n;
`;

const folder = new Folder();
const file = folder.write('tasks.mjs', MODULE);
const { wait, quick } = tasks<{
  wait: (element: { name: unknown; milliseconds: number }) => Promise<unknown>;
  quick: (n: number) => number;
}>(new URL(`file://${file}`));
let server: Server;
let sleigh: Sleigh;
const printed: string[] = [];

async function view<View>(path: string): Promise<View> {
  const { text } = await ask(
    server.web?.url ?? '',
    `/api/sleighs/${encodeURIComponent(sleigh.workspace.name)}${path}`,
  );
  const parsed: View = JSON.parse(text);
  return parsed;
}

beforeAll(async () => {
  server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0 } });
  sleigh = await Sleigh.start({
    workers: 2,
    server: { port: server.port },
    onOutput: (text) => printed.push(text),
  });
});
afterAll(async () => {
  await sleigh?.stop();
  await server?.close();
  folder[Symbol.dispose]();
});

describe('a worker that calls a function', () => {
  it('shows its module, function, element and input, since when, and its attempt', async () => {
    const before = Date.now();
    const running = sleigh.eachElem(wait, [
      { name: 'first', milliseconds: 1_500 },
      { name: new Map([['a', 1n]]), milliseconds: 1_500 },
    ]);
    let workers: WorkersView['items'] = [];
    await eventually(async () => {
      workers = (await view<WorkersView>('/workers')).items;
      return workers.every((worker) => worker.running !== undefined);
    }, 'both are busy');
    const calls = workers.flatMap((worker) => worker.running ?? []);
    calls.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
    for (const call of calls) {
      expect(call).toMatchObject({ module: file, function: 'wait', attempt: 1, isLoading: false });
      expect(call.since).toBeGreaterThanOrEqual(before);
      expect(call.since).toBeLessThanOrEqual(Date.now());
    }
    expect(calls.map(({ index, element }) => [index, element])).toEqual([
      [0, '{ "name": "first", "milliseconds": 1500 }'],
      [1, "{ name: Map(1) { 'a' => 1n }, milliseconds: 1500 }"],
    ]);
    const [{ rank } = { rank: -1 }] = workers;
    expect(await view<WorkerDetailsView>(`/workers/${rank}`)).toMatchObject({
      rank,
      state: 'registered.busy',
      sleigh: { name: sleigh.workspace.name },
    });
    await running;
    expect((await view<WorkerDetailsView>(`/workers/${rank}`)).running).toBeUndefined();
  });

  it('shows which element of a task of several lasts', async () => {
    const elements = Array.from({ length: 6 }, (_, i) => ({
      name: `element ${i}`,
      milliseconds: i === 4 ? 4_000 : 0,
    }));
    const running = sleigh.eachElem(wait, elements, { chunkSize: 3 });
    await eventually(async () => {
      const { items } = await view<WorkersView>('/workers');
      return items.some(({ running }) => running?.index === 4);
    }, 'element 4 is shown');
    const { items } = await view<WorkersView>('/workers');
    expect(items.flatMap(({ running }) => running?.element ?? [])).toEqual([
      '{"name":"element 4","milliseconds":4000}',
    ]);
    await running;
  });

  it.skipIf(process.platform !== 'linux')(
    'shows the memory and the processor time of its process',
    async () => {
      await eventually(async () => {
        const { items } = await view<WorkersView>('/workers');
        return items.every((worker) => worker.process?.processors !== undefined);
      }, 'its sentinel has told it twice');
      for (const { process: usage } of (await view<WorkersView>('/workers')).items) {
        expect(usage?.memory).toBeGreaterThan(20_000_000);
        expect(usage?.memory).toBeLessThan(1_000_000_000);
        expect(usage?.processors).toBeLessThan(4);
      }
    },
  );
});

const lines = (query: string): Promise<OutputView> => view<OutputView>(`/output${query}`);

describe('the output of workers', () => {
  it('is shown line by line with its worker, and passed on to the master once', async () => {
    await eventually(async () => (await lines('?search=element')).total === 6, 'all lines have arrived');
    const found = await lines('?search=ELEMENT%204');
    expect(found.lines).toMatchObject([
      { text: 'waits for element 4', isError: false, rank: expect.any(Number) },
    ]);
    const [line] = found.lines;
    expect((await lines(`?search=element%204&rank=${line?.rank}`)).total).toBe(1);
    expect((await lines(`?search=element%204&rank=${1 - (line?.rank ?? 0)}`)).total).toBe(0);
    const { total, lines: errors } = await lines('?search=complains&count=2');
    expect({ total, errors }).toMatchObject({ total: 8, errors: [{ isError: true }, { isError: true }] });
    // The follower of the master has read the copies by then.
    await sleep(200);
    expect(
      printed
        .join('')
        .split('\n')
        .filter((text) => text === 'waits for element 4'),
    ).toHaveLength(1);
  });
});

describe('without a page', () => {
  it('nothing is stored about what workers do', async () => {
    const plain = await createServer({ port: 0, logLevel: 'silent' });
    const other = await Sleigh.start({
      workers: 1,
      server: { port: plain.port },
      onOutput: () => undefined,
    });
    try {
      await other.eachElem(wait, [{ name: 'x', milliseconds: 100 }]);
      await other.eachElem(quick, [1]);
      const names = (await other.workspace.list()).map(({ name }) => name);
      expect(names.filter((name) => name.startsWith('#sentinel'))).toEqual([]);
      expect(await other.workspace.findTry('logDebug')).toBeUndefined();
    } finally {
      await other.stop();
      await plain.close();
    }
  });
});
