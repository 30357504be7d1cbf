import { describe, expect, it } from 'vitest';
import { Timeline } from '../../src/sleigh/timeline.ts';
import { Replay } from '../../src/views/replay.ts';
import type { TimelineView } from '../../src/views/timeline-types.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { viewOf, viewsOf } from '../support/views.ts';

/** The tasks of a view as rows of text. */
const rowsOf = ({ tasks, ends }: TimelineView): string[] =>
  tasks.ranks.map(
    (rank, i) =>
      `${rank}: ${tasks.began[i]} to ${tasks.ended[i]} ${ends[tasks.end[i] ?? 0]}, element ${tasks.indexes[i]}`,
  );
const marksOf = ({ marks }: TimelineView): string[] =>
  marks.items.map(([time, rank, mark]) => `${time} ${rank} ${mark}`);

/** Three tasks: done, failed, and lost with its worker. */
function playedJob(webPort?: number): SimulatedServer {
  const server = new SimulatedServer({ traces: true, ...(webPort !== undefined && { webPort }) });
  const job = new Job(server, { onDeadWorker: 'requeue' });
  const { workers } = job.openCrew(2);
  for (const index of ['0', '7']) job.task(`element ${index}`, { index });
  for (const worker of workers) worker.get('fetch', 'task');
  server.now += 500;
  workers[0]?.store('result', 'a');
  job.task('another');
  workers[0]?.get('fetch', 'task');
  server.now += 100;
  workers[1]?.leave();
  server.now += 400;
  workers[0]?.store('result', 'b', { metadata: { error: '1' } });
  workers[0]?.get('fetch', 'task');
  return server;
}

const LIVE = '/api/sleighs/job/timeline';

describe('the timeline of a job', () => {
  it('has each task with its worker, from when to when, and what became of it; deaths; and what runs', () => {
    const views = viewsOf(playedJob(1));
    const view = viewOf<TimelineView>(views, LIVE);
    expect(rowsOf(view)).toEqual([
      '0: 0 to 500 done, element 0',
      '1: 0 to 600 lost, element 7',
      '0: 500 to 1000 failed, element -1',
    ]);
    expect(marksOf(view)).toEqual(['0 0 joined', '0 1 joined', '600 1 died']);
    expect(view.running).toEqual([[0, 1_000]]);
    expect(view.tasks).toMatchObject({ from: 0, next: 3, total: 3 });
    const rest = viewOf<TimelineView>(views, LIVE, 'tasks=2&marks=2');
    expect(rowsOf(rest)).toEqual(['0: 500 to 1000 failed, element -1']);
    expect(marksOf(rest)).toEqual(['600 1 died']);
  });

  it('is not kept by a server without a page', () => {
    expect(viewsOf(playedJob()).get(LIVE, new URLSearchParams())).toBeUndefined();
  });

  it('is made from a trace, for a job that has ended', () => {
    const server = playedJob(1);
    const replay = new Replay('job.jsonl', { version: '1', drawing: () => '' });
    for (const step of server.trace) replay.add(step);
    const view = viewOf<TimelineView>(replay, '/api/replay/1/timeline', 'scope=sleigh%20job');
    // A trace does not have the elements, nor whether a result is a failure.
    expect(rowsOf(view)).toEqual([
      '0: 0 to 500 done, element -1',
      '1: 0 to 600 lost, element -1',
      '0: 500 to 1000 done, element -1',
    ]);
    expect(marksOf(view)).toEqual(['0 0 joined', '0 1 joined', '600 1 died']);
    const rest = viewOf<TimelineView>(replay, '/api/replay/1/timeline', 'scope=sleigh%20job&tasks=1');
    expect(rest.tasks).toMatchObject({ from: 1, next: 3, total: 3 });
  });

  it('keeps the newest 100,000 tasks, and numbers them on', () => {
    const timeline = new Timeline();
    const value = { descriptor: 1, payload: '', metadata: new Map(), owner: undefined };
    for (let i = 0; i < 130_000; i++) timeline.add(i % 3, i, i + 1, 'done', value);
    expect([timeline.first, timeline.next]).toEqual([30_000, 130_000]);
    const [oldest] = timeline.tasksFrom(0);
    expect(oldest).toMatchObject({ began: 30_000, rank: 0 });
    expect([...timeline.tasksFrom(129_999)]).toEqual([
      { rank: 0, began: 129_999, ended: 130_000, end: 'done', index: undefined },
    ]);
    for (let i = 0; i < 25_000; i++) timeline.mark(i, 0, 'joined');
    expect(timeline.nextMark).toBe(25_000);
    expect(timeline.marksFrom(24_999)).toEqual([{ time: 24_999, rank: 0, mark: 'joined' }]);
    expect(timeline.marksFrom(0).length).toBeLessThanOrEqual(20_000);
  });
});
