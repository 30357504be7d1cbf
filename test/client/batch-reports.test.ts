import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BatchReports } from '../../src/client/master/batch-reports.ts';
import { ConnectionPool } from '../../src/client/connection/connection-pool.ts';
import type { Clock } from '../../src/client/clock.ts';
import { failed, failureOf } from '../../src/client/task/outcome.ts';
import { chunkPart } from '../../src/client/values/chunk.ts';
import { createServer, type Server } from '../../src/index.ts';
import { JOB_REPORT, type FailedElement, type JobReport } from '../../src/wire/job-report.ts';

/** A clock whose timers elapse when the test says so. */
class ManualClock implements Clock {
  time = 0;
  elapsed: (() => void) | undefined;

  now = (): number => this.time;
  date = (): Date => new Date(this.time);
  startTimer(_milliseconds: number, onElapsed: () => void) {
    this.elapsed = onElapsed;
    return { stop: () => (this.elapsed = undefined) };
  }
}

const SQUARE = { module: '/srv/tasks.mjs', name: 'square' };
const progressOf = (done: number, failures = 0) => ({ done, failed: failures, read: done, total: 10 });

let server: Server;
let lines: ConnectionPool;
let clock: ManualClock;
let reports: BatchReports;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error' });
  lines = await ConnectionPool.open({ host: server.host, port: server.port });
  await lines.main.openWorkspace('job', {});
  await lines.main.declare('job', JOB_REPORT.progress, 'single');
  clock = new ManualClock();
  reports = new BatchReports({
    lines,
    workspace: 'job',
    clock,
    sender: { hosts: new Map([[2, 'node7']]), maxAttempts: 3 },
  });
});
afterEach(async () => {
  lines.close();
  await server.close();
});

/** Requests of a connection are answered in order, so everything that was stored before is there. */
const report = async (): Promise<JobReport> =>
  JSON.parse(JSON.stringify((await lines.main.find('job', JOB_REPORT.progress)).value));
/** The values of a single are numbered (V10.2). */
const stores = async (): Promise<number> => (await lines.main.find('job', JOB_REPORT.progress)).index + 1;

describe('what a master tells about its batches', () => {
  it('is stored at once, and what changes within a second together at its end', async () => {
    const batch = reports.begin('1', SQUARE);
    expect(await report()).toMatchObject({
      done: 0,
      failed: 0,
      batches: [{ id: '1', function: 'square', done: 0 }],
    });
    for (let done = 1; done <= 5; done++) batch.progress(progressOf(done));
    expect((await report()).done).toBe(0);
    expect(await stores()).toBe(1);
    clock.time = 1_000;
    clock.elapsed?.();
    batch.ended();
    expect(await report()).toMatchObject({ done: 5, batches: [{ done: 5, read: 5, total: 10 }] });
    clock.elapsed?.();
    expect((await report()).batches[0]?.ended).toBe(1_000);
    // Nothing has changed since, so nothing is stored, and no timer runs.
    const before = await stores();
    clock.elapsed?.();
    expect(await stores()).toBe(before);
  });

  it('is JSON, also where something is not known', async () => {
    const batch = reports.begin('1', SQUARE);
    batch.failed(failed(0, failureOf({ code: 'threw', message: 'no' })), undefined);
    for (const variable of Object.values(JOB_REPORT)) {
      const { metadata, descriptor } = await lines.main.find('job', variable);
      expect([metadata.get('type'), descriptor]).toEqual(['json', 1]);
    }
  });

  it('keeps the newest 100 batches, and counts the elements of all', async () => {
    for (let id = 1; id <= 150; id++) {
      const batch = reports.begin(String(id), SQUARE);
      batch.progress(progressOf(10));
      batch.ended();
    }
    clock.elapsed?.();
    const { done, batches } = await report();
    expect(done).toBe(1_500);
    expect([batches.length, batches[0]?.id, batches.at(-1)?.id]).toEqual([100, '51', '150']);
  });

  it('has each failed element, with its input, and keeps the newest 1,000', async () => {
    const batch = reports.begin('1', SQUARE);
    clock.time = 77;
    const failure = {
      ...failureOf({ code: 'threw', message: 'TypeError: no' }),
      stack: 'TypeError: no\n  at square',
    };
    batch.failed(failed(3, failure, 2), chunkPart({ value: { n: 3 } }, 'element', 'not-sent'));
    const { value } = await lines.main.find('job', JOB_REPORT.failures);
    expect(value).toEqual({
      batch: '1',
      index: 3,
      code: 'threw',
      message: 'TypeError: no',
      stack: expect.stringContaining('at square'),
      element: '{"n":3}',
      worker: 2,
      host: 'node7',
      attempts: 1,
      at: 77,
    } satisfies FailedElement);
    for (let index = 0; index < 1_001; index++) batch.failed(failed(index, failure), undefined);
    expect((await lines.main.find('job', JOB_REPORT.failures)).value).toMatchObject({ index: 1 });
  });

  it.each([
    ['a text', 'a text'],
    [Buffer.from('abc'), '(3 bytes)'],
    [new Map([[1, new Date(0)]]), 'Map(1) { 1 => 1970-01-01T00:00:00.000Z }'],
    ['x'.repeat(10_000), 'x'.repeat(500)],
  ])('shows %s as text', async (value, shown) => {
    reports
      .begin('1', SQUARE)
      .failed(
        failed(0, failureOf({ code: 'worker-died', message: 'its worker died' })),
        chunkPart({ value }, 'element', 'not-sent'),
      );
    const found = await lines.main.fetch('job', JOB_REPORT.failures);
    expect(found.value).toMatchObject({ element: shown, attempts: 3 });
  });

  it('counts an element that is called again as failed no longer', async () => {
    const batch = reports.begin('1', SQUARE);
    const failure = failureOf({ code: 'threw', message: 'no' });
    for (const index of [0, 1, 2]) batch.failed(failed(index, failure), undefined);
    batch.retried(1);
    batch.progress(progressOf(3, 2));
    clock.elapsed?.();
    expect(await report()).toMatchObject({ failed: 2, batches: [{ failed: 2 }] });
  });

  it('says how far it was when the job ends, and nothing after that', async () => {
    const batch = reports.begin('1', SQUARE);
    batch.progress(progressOf(1));
    reports.end();
    expect(clock.elapsed).toBeUndefined();
    batch.progress(progressOf(2));
    batch.failed(failed(0, failureOf({ code: 'threw', message: 'late' })), undefined);
    expect((await report()).done).toBe(1);
    await expect(lines.main.fetchTry('job', JOB_REPORT.failures)).resolves.toBeUndefined();
  });
});
