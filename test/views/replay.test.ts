import { describe, expect, it } from 'vitest';
import type { TraceStep } from '../../src/trace/step.ts';
import { Replay } from '../../src/views/replay.ts';
import type { ReplayView } from '../../src/views/replay-types.ts';
import type { ActorsView, ActorView, ChartsView, OverviewView } from '../../src/views/types.ts';
import { recoverySetup } from '../../src/machines/policies/recovery-setup.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { viewOf, viewsOf } from '../support/views.ts';

const about = { version: '1', drawing: () => '' };

function replayOf(steps: readonly TraceStep[]): Replay {
  const replay = new Replay('job.jsonl', about);
  for (const step of steps) replay.add(step);
  return replay;
}

const byName = (a: { actor: string }, b: { actor: string }): number => (a.actor < b.actor ? -1 : 1);

/** A job with some of everything: a completed task, one whose worker dies, and a waiting worker. */
function playedJob(): SimulatedServer {
  const server = new SimulatedServer({ traces: true });
  const job = new Job(server, { onDeadWorker: 'requeue' });
  const { workers } = job.openCrew(3);
  for (const worker of workers) worker.wait('fetch', 'task');
  for (let n = 0; n < 3; n++) {
    server.now += 1_000;
    job.task(`task ${n}`, { batchId: 'a' });
  }
  for (let n = 0; n < 20; n++) {
    workers[0]?.reply();
    workers[0]?.store('result', String(n));
    workers[0]?.wait('fetch', 'task');
    job.task('more');
  }
  workers[1]?.leave();
  workers[2]?.reply();
  workers[2]?.store('result', 'done');
  job.close();
  return server;
}

describe('a replay', () => {
  it('shows at its last step the same as the live views: state, story, context and next transitions', () => {
    const server = playedJob();
    const views = viewsOf(server);
    const replay = replayOf(server.trace);
    const at = `/api/replay/${server.trace.length}/actors`;
    const scope = 'scope=sleigh%20job';
    for (const query of ['', 'chart=sentinel', 'state=registered.busy', 'chart=worker&count=1&from=2']) {
      const live = viewOf<ActorsView>(views, '/api/sleighs/job/actors', query);
      const told = viewOf<ActorsView>(replay, at, `${scope}&${query}`);
      expect(told.single.toSorted(byName)).toEqual(live.single.toSorted(byName));
      expect(told.groups).toEqual(live.groups);
      expect(told.list).toEqual(live.list);
    }
    for (const id of [
      'sleigh',
      'joinPhase',
      'work',
      'shutdown',
      'sentinel.0',
      'worker.0',
      'worker.1',
      'worker.2',
      'worker.3',
    ]) {
      const live = viewOf<ActorView>(views, `/api/sleighs/job/actors/${id}`);
      expect(live.story.length).toBeGreaterThan(0);
      expect(viewOf<ActorView>(replay, `${at}/${id}`, scope), id).toEqual(live);
    }
    for (const { id } of server.core.connections) {
      const live = viewOf<{ actor: ActorView }>(views, `/api/clients/${id}`);
      expect(viewOf(replay, `${at}/connection`, `scope=connection%20${id}`)).toEqual(live.actor);
    }
  });

  it('shows at each step the state at that time', () => {
    const { trace } = playedJob();
    const replay = replayOf(trace);
    const states = new Map<string, string>();
    for (const [n, { actor, scope, after, before }] of trace.entries()) {
      const path = (at: number): string => `/api/replay/${at}/actors/${actor}`;
      const query = new URLSearchParams({ scope });
      const earlier = replay.get(path(n), query);
      if (before === '') expect(earlier).toBeUndefined();
      else expect(earlier).toMatchObject({ state: states.get(`${scope} ${actor}`) });
      states.set(`${scope} ${actor}`, after);
      expect(replay.get(path(n + 1), query)).toMatchObject({ state: after, last: { after } });
    }
  });

  it('contains its length, its time range, and its sleighs and connections', () => {
    const { trace } = playedJob();
    const view = viewOf<ReplayView>(replayOf(trace), '/api/replay');
    expect(view).toMatchObject({ file: 'job.jsonl', steps: trace.length });
    expect(view.violation).toBeUndefined();
    expect(view.to - view.from).toBe((trace.at(-1)?.time ?? 0) - (trace[0]?.time ?? 0));
    const job = view.scopes.find(({ scope }) => scope === 'sleigh job');
    expect(trace[(job?.first ?? 0) - 1]).toMatchObject({
      scope: 'sleigh job',
      event: { type: 'xstate.init' },
    });
    expect(view.scopes.filter(({ scope }) => scope.startsWith('connection')).length).toBeGreaterThan(5);
  });

  it('is marked as a replay in the overview, with the jobs as they were at its end', () => {
    const overview = viewOf<OverviewView>(replayOf(playedJob().trace), '/api/overview');
    expect(overview).toMatchObject({
      replay: true,
      writable: false,
      sleighs: [{ name: 'sleigh job', state: 'serving', joinPhase: 'closed', workers: { dead: 1 } }],
    });
  });

  it('names the first step that no machine allows, and evaluates no guard of that actor afterwards', () => {
    const { trace } = playedJob();
    const at = trace.findIndex(({ actor, after }) => actor === 'joinPhase' && after === 'closed');
    const altered = trace.with(at, Object.assign({}, trace[at], { after: 'gathering.open' }));
    const replay = replayOf(altered);
    expect(viewOf<ReplayView>(replay, '/api/replay').violation).toEqual({
      step: at + 1,
      reason: expect.stringMatching(/^the chart goes from ".*" to "closed", not to "gathering.open"$/),
    });
    const verdicts = (step: number): unknown[] =>
      viewOf<ActorView>(replay, `/api/replay/${step}/actors/joinPhase`, 'scope=sleigh%20job').next.map(
        ({ verdict }) => verdict,
      );
    // Two guards read how many workers are expected: known before, and not after.
    expect(verdicts(at)).toContain('forbidden');
    expect(verdicts(at + 1).filter((verdict) => verdict === 'depends').length).toBeGreaterThan(
      verdicts(at).filter((verdict) => verdict === 'depends').length,
    );
  });

  it('distinguishes two successive sleighs of the same name', () => {
    const server = new SimulatedServer({ traces: true });
    for (let n = 0; n < 2; n++) {
      const job = new Job(server, {}, false);
      job.crew(3 - n);
      job.owner.leave();
    }
    const replay = replayOf(server.trace);
    const { scopes, steps } = viewOf<ReplayView>(replay, '/api/replay');
    expect(scopes.map(({ scope }) => scope).filter((scope) => scope.startsWith('sleigh'))).toEqual([
      'sleigh job',
      'sleigh job (2)',
    ]);
    const second = viewOf<ActorsView>(replay, `/api/replay/${steps}/actors`, 'scope=sleigh%20job%20(2)');
    expect(second.list.total).toBe(2);
    expect(second.single.map(({ actor }) => actor).toSorted()).toEqual([
      'joinPhase',
      'shutdown',
      'sleigh',
      'work',
    ]);
  });

  it('draws and follows the machines of plugins (S30.3)', () => {
    const recovery = recoverySetup.createMachine({
      id: 'answersAll',
      initial: 'deciding',
      on: { '*': { actions: 'reportUnexpected' } },
      states: {
        deciding: { on: { 'task.unfinished': { target: 'answered', actions: 'answer' } } },
        answered: { type: 'final' },
      },
    });
    const server = new SimulatedServer({ traces: true, policy: { recovery } });
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const [worker] = job.openCrew(1).workers;
    job.task('a task');
    worker?.get('fetch', 'task');
    worker?.leave();
    const at =
      server.trace.findIndex(({ chart, after }) => chart === 'answersAll' && after === 'answered') + 1;
    const { actor = '' } = server.trace[at - 1] ?? {};
    const replay = new Replay('job.jsonl', about, [recovery]);
    for (const step of server.trace) replay.add(step);
    expect(viewOf<ReplayView>(replay, '/api/replay').violation).toBeUndefined();
    expect(viewOf<ChartsView>(replay, '/api/charts').charts.map(({ chart }) => chart)).toContain(
      'answersAll',
    );
    const path = `/api/replay/${at}/actors/${actor}`;
    expect(viewOf<ActorView>(replay, path, 'scope=sleigh%20job')).toMatchObject({
      state: 'answered',
      hasEnded: true,
      story: [{ event: 'xstate.init' }, { event: 'task.unfinished', move: 1, after: 'answered' }],
    });
  });

  it('has no view of steps, jobs and actors that do not exist', () => {
    const { trace } = playedJob();
    const replay = replayOf(trace);
    for (const path of [
      `/api/replay/${trace.length + 1}/actors`,
      '/api/replay/-1/actors',
      '/api/replay/x/actors',
      '/api/replay/1/actors/worker.77',
      '/api/workspaces',
    ])
      expect(replay.get(path, new URLSearchParams()), path).toBeUndefined();
    expect(replay.get('/api/replay/1/actors', new URLSearchParams('scope=sleigh%20none'))).toBeUndefined();
    expect(() => replay.get('/api/replay/1/actors/%zz', new URLSearchParams())).toThrow(URIError);
  });
});
