import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EndedJobs } from '../../src/transport/ended-jobs.ts';
import { JOB } from '../support/ended-job.ts';

const DAY = 24 * 60 * 60_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-ended-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

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

  test('are those of seven days, unless others are chosen', () => {
    const jobs = new EndedJobs({});
    for (const [endedAt, count] of [
      [0, 1],
      [7 * DAY, 2],
      [7 * DAY + 1, 2],
    ] as const) {
      jobs.keep({ ...JOB, endedAt });
      expect(jobs.count).toBe(count);
    }
  });

  test('are at most a thousand in a folder', () => {
    const jobs = new EndedJobs({ folder: join(folder, 'none') });
    for (let n = 0; n < 1_001; n++) jobs.keep({ ...JOB, endedAt: n });
    expect([jobs.count, jobs.summaries.at(-1)?.endedAt]).toEqual([1_000, 1]);
  });

  test('have names of any length, and a file that begins with a longer line is no job', async () => {
    const name = '\0'.repeat(9_999);
    const jobs = new EndedJobs({ folder });
    jobs.keep({ ...JOB, name });
    await jobs.close();
    writeFileSync(join(folder, '5-1.json'), `${JSON.stringify({ ...JOB, name: 'x'.repeat(2 ** 17) })}\n`);
    const later = new EndedJobs({ folder });
    await later.load(0);
    expect(later.summaries.map((summary) => summary.name)).toEqual([name]);
  });

  test('are gone when they are too old before they were written', async () => {
    const jobs = new EndedJobs({ folder, days: 1 });
    jobs.keep({ ...JOB, endedAt: 0 });
    jobs.keep({ ...JOB, endedAt: 2 * DAY });
    await jobs.close();
    expect(jobs.summaries.map(({ endedAt }) => endedAt)).toEqual([2 * DAY]);
    expect(readdirSync(folder)).toEqual([`${2 * DAY}-2.json`]);
  });

  test('are read from their files when those are written, and are not kept in memory', async () => {
    const jobs = new EndedJobs({ folder, days: 1 });
    jobs.keep(JOB);
    await jobs.close();
    rmSync(join(folder, '0-1.json'));
    expect([jobs.count, jobs.find('0-1')]).toEqual([1, undefined]);
  });
});
