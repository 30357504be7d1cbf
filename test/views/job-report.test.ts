import { describe, expect, it } from 'vitest';
import type { FailedElementsView } from '../../src/views/progress-types.ts';
import type { OverviewView, SleighView } from '../../src/views/types.ts';
import { Views } from '../../src/views/views.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { aboutOf, viewOf } from '../support/views.ts';

const BATCH = { id: '1', module: '/srv/tasks.mjs', function: 'square', read: 1_500, began: 1_000 };

function jobOf(report: object | string) {
  const server = new SimulatedServer();
  const job = new Job(server);
  const text = typeof report === 'string' ? report : JSON.stringify(report);
  job.master.declare('#progress', 'single');
  job.master.store('#progress', text);
  const views = new Views(server.core, aboutOf(server));
  const view = (): SleighView => viewOf<SleighView>(views, '/api/sleighs/job');
  return { server, job, views, view };
}

describe('what a master tells about its batches (S24)', () => {
  it('is the progress of the job, with the failed elements', () => {
    const batches = [{ ...BATCH, total: 1_500, done: 1_500, failed: 375, ended: 9_000 }];
    const { view, views } = jobOf({ done: 1_500, failed: 375, batches });
    const { progress, reported, notices } = view();
    expect(progress).toMatchObject({ unit: 'elements', done: 1_500, failed: 375, total: 1_500 });
    expect(reported).toEqual(batches);
    expect(notices.map(({ text }) => text)).toContain('375 elements failed');
    const { sleighs } = viewOf<OverviewView>(views, '/api/overview');
    expect(sleighs[0]?.progress).toEqual(progress);
  });

  it('has no total while a batch that runs does not know its own', () => {
    const known = { ...BATCH, total: 10, done: 4, read: 8, failed: 0 };
    const unknown = { ...BATCH, id: '2', done: 1, read: 3, failed: 0 };
    const { view } = jobOf({ done: 105, failed: 0, batches: [known, unknown] });
    expect(view().progress).toMatchObject({ done: 105, soFar: 111 });
    expect(view().progress.total).toBeUndefined();
    const { view: other } = jobOf({ done: 104, failed: 0, batches: [known] });
    expect(other().progress).toMatchObject({ done: 104, total: 110 });
  });

  it('gives the rate and the time that is left', () => {
    const { server, job, views, view } = jobOf({
      done: 0,
      failed: 0,
      batches: [{ ...BATCH, total: 100, done: 0 }],
    });
    for (const done of [0, 10, 20]) {
      const batches = [{ ...BATCH, total: 100, done }];
      job.master.store('#progress', JSON.stringify({ done, failed: 0, batches }));
      views.sample();
      server.advance(1_000);
    }
    expect(view().progress).toMatchObject({ rate: 10, remaining: 8_000 });
  });

  it.each([
    '',
    'null',
    '[]',
    '{"batches":3}',
    '{"batches":[1,null]}',
    '{"done":"x","batches":[{"id":3}]}',
    '\xff\xfe{',
  ])('may be anything: %j', (text) => {
    const { view } = jobOf(text);
    const { progress, reported } = view();
    expect(progress.done + progress.failed).toBe(0);
    for (const batch of reported) expect(batch.done).toBe(0);
  });

  it('lists failed elements, newest first and grouped by message', () => {
    const { job, views } = jobOf({ done: 3, failed: 3, batches: [] });
    const failure = {
      batch: '1',
      code: 'threw',
      stack: 'at square',
      element: '7',
      worker: 2,
      attempts: 1,
      at: 5,
    };
    for (const [index, message] of ['odd', 'even', 'odd'].entries())
      job.master.store('#failures', JSON.stringify({ ...failure, index, message }));
    job.master.store('#failures', 'no JSON');
    const { total, items, groups } = viewOf<FailedElementsView>(
      views,
      '/api/sleighs/job/failures',
      'count=2',
    );
    expect(total).toBe(3);
    expect(items).toEqual([
      { ...failure, index: 2, message: 'odd', isTooLate: false },
      { ...failure, index: 1, message: 'even', isTooLate: false },
    ]);
    expect(groups).toEqual([
      { id: expect.any(String), code: 'threw', message: 'odd', count: 2 },
      { id: expect.any(String), code: 'threw', message: 'even', count: 1 },
    ]);

    // Elements that are called again have not failed any more (S24.6).
    const tell = (entry: object) => job.master.store('#failures', JSON.stringify(entry));
    tell({ batch: '1', index: 0, retry: 'begun', at: 6 });
    tell({ batch: '1', index: 1, retry: 'too-late', at: 6 });
    tell({ batch: '2', index: 2, retry: 'begun', at: 6 });
    tell({ ...failure, index: 0, message: 'odd', attempts: 2 });
    const after = viewOf<FailedElementsView>(views, '/api/sleighs/job/failures', '');
    expect(after.items.map(({ index, attempts, isTooLate }) => [index, attempts, isTooLate])).toEqual([
      [0, 2, false],
      [2, 1, false],
      [1, 1, true],
    ]);
    expect(after.groups.map(({ message, count }) => [message, count])).toEqual([
      ['odd', 2],
      ['even', 1],
    ]);
  });

  it('is not needed: tasks are counted, and null results and failures among them', () => {
    const server = new SimulatedServer();
    const job = new Job(server, { onDeadWorker: 'null' });
    const { workers } = job.crew(2);
    for (const task of ['a', 'b', 'c']) job.task(task);
    for (const worker of workers) worker.get('fetch', 'task');
    workers[0]?.store('result', 'A', { metadata: { error: '1' } });
    workers[1]?.leave();
    const { progress } = viewOf<SleighView>(new Views(server.core, aboutOf(server)), '/api/sleighs/job');
    expect(progress).toMatchObject({ unit: 'tasks', done: 2, failed: 2, soFar: 3 });
    expect(progress.total).toBeUndefined();
  });
});
