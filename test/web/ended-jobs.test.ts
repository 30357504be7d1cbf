import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, Sleigh, tasks, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import type { EndedJobsView, EndedJobView } from '../../src/views/ended-types.ts';
import type { FailedElementsView } from '../../src/views/progress-types.ts';
import type { TimelineView } from '../../src/views/timeline-types.ts';

const { picky } = tasks<typeof import('../client/modules/tasks.mjs')>(
  new URL('../client/modules/tasks.mjs', import.meta.url),
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-ended-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = (data?: string): Promise<Server> =>
  createServer({
    port: 0,
    logLevel: 'error',
    web: { port: 0 },
    ...(data !== undefined && { data: { folder: data } }),
  });

async function get<View>({ web }: Server, path: string): Promise<View> {
  const response = await fetch(new URL(`/api/${path}`, web?.url));
  expect(response.status).toBe(200);
  const view: View = JSON.parse(await response.text());
  return view;
}

/**
 * A job of 9 elements, of which 3 fail.
 * @returns its name
 */
async function runJob({ host, port }: Server): Promise<string> {
  const sleigh = await Sleigh.start({ server: { host, port }, workers: 2 });
  const results = await sleigh.eachElem(picky, [0, 1, 2, 3, 4, 5, 6, 7, 8], {
    errors: 'collect',
    chunkSize: 1,
  });
  expect(results).toHaveLength(9);
  await sleigh.stop();
  return sleigh.workspace.name;
}

const endedJobs = (server: Server): Promise<EndedJobsView> => get(server, 'ended');

async function untilEnded(server: Server): Promise<void> {
  await eventually(async () => (await endedJobs(server)).total === 1, 'the job has ended');
}

describe('a job that has ended', () => {
  test('is shown with its failures and its timeline, also by the next server with the same data', async () => {
    const first = await start(folder);
    const name = await runJob(first);
    await untilEnded(first);
    const [job] = (await endedJobs(first)).items;
    await first.close();

    const next = await start(folder);
    const { items } = await endedJobs(next);
    expect(items).toEqual([job]);
    const id = items[0]?.id ?? '';
    const view = await get<EndedJobView>(next, `ended/${id}`);
    expect(view).toMatchObject({ title: name, answered: 9, ranks: 2, deaths: 0 });
    expect(view.progress).toMatchObject({ unit: 'elements', done: 9, failed: 3, total: 9 });
    const failures = await get<FailedElementsView>(next, `ended/${id}/failures`);
    expect(failures.items.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual([2, 5, 8]);
    const timeline = await get<TimelineView>(next, `ended/${id}/timeline`);
    expect(timeline.tasks.total).toBe(9);
    expect(timeline.marks.items.some(([, , mark]) => mark === 'joined')).toBe(true);
    await next.close();
  });

  test.skipIf(isShort)('is kept in memory without a data folder, and not at all without a page', async () => {
    const server = await start();
    await runJob(server);
    await untilEnded(server);
    await server.close();
  });
});
