import { NO_SHARE } from '../../src/sleigh/task-options.ts';
import { describe, expect, it } from 'vitest';
import type { TraceStep } from '../../src/trace/step.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { Replay } from '../../src/views/replay.ts';
import type { ActorsView, SleighView, WorkersView, VariableView } from '../../src/views/types.ts';
import { Views } from '../../src/views/views.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';
import { viewOf, viewsOf } from '../support/views.ts';
import { byForm, isShort } from '../support/form.ts';

/** The values of each variable, and a tenth as many variables. */
const VALUES = byForm(100_000, 1_000_000, 1_000_000);

/** Milliseconds; a view takes a few, and the machine may be busy. */
const QUICK = 60;

/** The shortest time of five views, in milliseconds. */
function timeOf(look: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const from = performance.now();
      look();
      return performance.now() - from;
    }),
  );
}

function expectQuick(source: { get: Views['get'] }, paths: readonly string[]): void {
  for (const path of paths) {
    const [name = '', query = ''] = path.split('?');
    expect(source.get(name, new URLSearchParams(query)), path).toBeDefined();
    const time = timeOf(() => JSON.stringify(source.get(name, new URLSearchParams(query))));
    expect(time, path).toBeLessThan(QUICK);
  }
}

const stepOf = (actor: string, type: string, before: string, after: string): TraceStep => ({
  time: 0,
  scope: 'sleigh job',
  actor,
  chart: 'worker',
  event: { type },
  before,
  after,
  clause: 'S13',
});

describe('large views', () => {
  it(`cost no more than their page: ${VALUES / 10} variables, ${VALUES} values in one variable, and in a lifo`, () => {
    const server = new SimulatedServer();
    const visitor = Visitor.of(server, 'w');
    const [, workspace] = server.core.workspaces.all;
    if (workspace === undefined) throw new Error('there is no workspace');
    const value = { descriptor: 1, payload: 'v', metadata: new Map() };
    workspace.variable('lifo').declare('lifo');
    for (let n = 0; n < VALUES; n++)
      for (const name of ['fifo', 'lifo']) workspace.variable(name).store(value, undefined);
    for (let n = 0; n < VALUES / 10; n++) workspace.variable(`v${n}`);
    expect(visitor.list()).toHaveLength(VALUES / 10 + 2);
    const views = viewsOf(server);
    expect(
      viewOf<VariableView>(views, '/api/workspaces/w/variables/fifo', `from=${VALUES - 1}`).list.items,
    ).toHaveLength(1);
    expectQuick(views, [
      '/api/overview',
      '/api/workspaces',
      '/api/workspaces/w',
      `/api/workspaces/w?from=${VALUES / 10 - 10}&count=1000`,
      '/api/workspaces/w/variables/fifo',
      `/api/workspaces/w/variables/fifo?from=${VALUES / 2}&count=1000`,
      `/api/workspaces/w/variables/lifo?from=${VALUES / 2}&count=1000`,
      '/api/clients',
    ]);
  });
});

describe.skipIf(isShort)('large views', () => {
  it('cost no more than their page: a sleigh of 10,000 workers with 1,000,000 queued tasks', () => {
    const server = new SimulatedServer();
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const sentinel = job.sentinel(10_000);
    const worker = job.worker(9_999);
    const [workspace] = server.core.workspaces.occupied;
    if (!(workspace?.plugin instanceof Sleigh)) throw new Error('there is no sleigh');
    const { work } = workspace.plugin;
    for (let n = 0; n < 1_000_000; n++) {
      const batch = `b${n % 1_000}`;
      const value = { descriptor: 1, payload: 't', metadata: new Map() };
      work.tasks.add(work.tasks.accept(value, batch, { maxAttempts: undefined, share: NO_SHARE }));
      work.batches.queue(batch);
    }
    worker.get('fetch', 'task');
    const views = viewsOf(server);
    expect(timeOf(() => views.sample())).toBeLessThan(QUICK);
    expect(viewOf<SleighView>(views, '/api/sleighs/job')).toMatchObject({
      queued: 999_999,
      workers: { reserved: 9_999, 'registered.busy': 1 },
    });
    expect(
      viewOf<WorkersView>(views, '/api/sleighs/job/workers', 'state=registered.busy').items,
    ).toHaveLength(1);
    expectQuick(views, [
      '/api/overview',
      '/api/sleighs/job',
      '/api/sleighs/job/workers',
      '/api/sleighs/job/workers?from=9900',
      '/api/sleighs/job/workers?state=registered.busy',
      '/api/sleighs/job/actors?chart=worker&state=reserved&from=9000',
      '/api/sleighs/job/actors?chart=sentinel',
      '/api/sleighs/job/actors/worker.9999',
      '/api/workspaces/job/variables/task?from=900000',
      '/api/workspaces/job/variables/result',
      `/api/clients/${sentinel.client.id}`,
    ]);
  });

  it('reach any step of a trace of 1,000,000 steps at once', { timeout: 120_000 }, () => {
    const replay = new Replay('long.jsonl', { version: '1', drawing: () => '' });
    const workers = 5_000;
    // They end at once, so that their remaining steps, which take time, are not checked.
    for (let n = 0; n < workers; n++) replay.add(stepOf(`worker.${n}`, 'xstate.init', '', 'dead'));
    for (let n = workers; n < 1_000_000; n++)
      replay.add(stepOf(`worker.${n % workers}`, 'death.reported', 'dead', 'dead'));
    expect(viewOf<ActorsView>(replay, '/api/replay/4000/actors').groups[0]?.counts).toEqual({
      dead: 4_000,
    });
    expectQuick(replay, [
      '/api/replay',
      '/api/overview',
      ...[4_999, 123_456, 500_000, 1_000_000].flatMap((at) => [
        `/api/replay/${at}/actors?state=dead&from=4000`,
        `/api/replay/${at}/actors/worker.17`,
      ]),
    ]);
  });
});
