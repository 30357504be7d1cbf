import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, Sleigh, tasks, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { EndedJobs } from '../../src/transport/ended-jobs.ts';
import type { EndedJob } from '../../src/sleigh/ended-job.ts';
import type { EndedJobsView, EndedJobView } from '../../src/views/ended-types.ts';
import type { FailedElementsView } from '../../src/views/progress-types.ts';
import type { TimelineView } from '../../src/views/timeline-types.ts';

const { picky } = tasks<typeof import('../client/modules/tasks.mjs')>(
  new URL('../client/modules/tasks.mjs', import.meta.url),
);
const DAY = 24 * 60 * 60_000;

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

const JOB: EndedJob = {
  name: 'j',
  startedAt: 0,
  endedAt: 0,
  policy: 'requeue',
  ranks: 1,
  deaths: 0,
  replacements: 0,
  accepted: 1,
  answered: 1,
  failed: 0,
  report: undefined,
  failures: [],
  tasks: [],
  marks: [],
};

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

  test('is kept in memory without a data folder, and not at all without a page', async () => {
    const server = await start();
    await runJob(server);
    await untilEnded(server);
    await server.close();
  });
});

describe('the jobs that are kept', () => {
  test('are those of the last days, and files that are no jobs are left alone', async () => {
    const jobs = new EndedJobs({ folder, days: 2 });
    await jobs.load(0);
    for (const endedAt of [DAY, 2 * DAY, 2.5 * DAY]) jobs.keep({ ...JOB, endedAt });
    await jobs.close();
    expect(jobs.summaries.map(({ endedAt }) => endedAt)).toEqual([2.5 * DAY, 2 * DAY, DAY]);
    writeFileSync(join(folder, '5-1.json'), 'half of a f');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    const later = new EndedJobs({ folder, days: 2 });
    await later.load(4.2 * DAY);
    await later.close();
    expect(later.summaries.map(({ endedAt }) => endedAt)).toEqual([2.5 * DAY]);
    expect(later.find(later.summaries[0]?.id ?? '')).toEqual({ ...JOB, endedAt: 2.5 * DAY });
    expect(readdirSync(folder)).toContain('notes.txt');
    expect(readdirSync(folder)).toHaveLength(3);
  });

  test('are at most 20 in memory, and none for 0 days', () => {
    const jobs = new EndedJobs({});
    for (let n = 0; n < 25; n++) jobs.keep({ ...JOB, endedAt: n });
    expect(jobs.count).toBe(20);
    expect(jobs.summaries.at(-1)?.endedAt).toBe(5);
    const none = new EndedJobs({ days: 0 });
    none.keep(JOB);
    expect(none.count).toBe(0);
  });

  test('are sorted by the time of their end, whatever the names of their files are', async () => {
    const jobs = new EndedJobs({ folder, days: 2 });
    for (const endedAt of [20, 9, 100]) jobs.keep({ ...JOB, endedAt });
    await jobs.close();
    expect(readdirSync(folder).toSorted()).toEqual(['100-3.json', '20-1.json', '9-2.json']);
    const later = new EndedJobs({ folder, days: 2 });
    await later.load(100);
    expect([later.count, later.summaries.map(({ endedAt }) => endedAt)]).toEqual([3, [100, 20, 9]]);
    expect(later.find('9-2')).toEqual({ ...JOB, endedAt: 9 });
    // What was read last is not read again.
    rmSync(join(folder, '9-2.json'));
    expect(later.find('9-2')).toEqual({ ...JOB, endedAt: 9 });
    expect(later.find('20-1')).toEqual({ ...JOB, endedAt: 20 });
    expect([later.find('9-2'), later.find('7-7')]).toEqual([undefined, undefined]);
    const none = new EndedJobs({ folder: join(folder, 'none'), days: 0 });
    await none.load(100);
    expect([none.count, readdirSync(folder).includes('none')]).toEqual([0, false]);
  });

  test('are read in files that only this user can open, and their age is known to the millisecond', async () => {
    const inside = join(folder, 'new');
    const jobs = new EndedJobs({ folder: inside, days: 1 });
    await jobs.load(0);
    jobs.keep({ ...JOB, endedAt: 5.5 });
    await jobs.close();
    expect(statSync(inside).mode & 0o777).toBe(0o700);
    expect(statSync(join(inside, '5-1.json')).mode & 0o777).toBe(0o600);
    const counts = [];
    for (const now of [DAY + 5.5, DAY + 6]) {
      const later = new EndedJobs({ folder: inside, days: 1 });
      await later.load(now);
      await later.close();
      counts.push(later.count, readdirSync(inside).length);
    }
    expect(counts).toEqual([1, 1, 0, 0]);
  });

  test('are kept when one that should be removed is gone already', async () => {
    const jobs = new EndedJobs({ folder, days: 1 });
    jobs.keep({ ...JOB, endedAt: 1 });
    await jobs.close();
    rmSync(join(folder, '1-1.json'));
    jobs.keep({ ...JOB, endedAt: 2 * DAY });
    await jobs.close();
    expect(readdirSync(folder)).toEqual([`${2 * DAY}-2.json`]);
  });

  test('stay in memory if they cannot be written', async () => {
    const jobs = new EndedJobs({ folder: join(folder, 'gone') });
    jobs.keep(JOB);
    await jobs.close();
    expect(jobs.find(jobs.summaries[0]?.id ?? '')).toEqual(JOB);
  });
});
