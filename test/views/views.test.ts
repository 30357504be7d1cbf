import { CHARTS } from '../../src/charts/pages.ts';
import { describe, expect, test, vi } from 'vitest';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import type {
  ClientsView,
  ChartsView,
  OverviewView,
  SleighView,
  VariableView,
  WorkspacesView,
  WorkspaceView,
} from '../../src/views/types.ts';
import { Job } from '../support/job.ts';
import { it } from '../support/on-server.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';
import { viewOf, viewsOf } from '../support/views.ts';

describe('the overview', () => {
  it('counts connections, blocked clients, workspaces, variables, bytes, and requests by verb', (server) => {
    const a = Visitor.of(server, 'a');
    Visitor.of(server, 'b').wait('fetch', 'x');
    a.store('x', '12345');
    a.client.send(['no such verb', 'a']);
    a.client.reply();
    expect(viewOf(viewsOf(server), '/api/overview')).toMatchObject({
      replay: false,
      connections: 2,
      blocked: 1,
      workspaces: 3,
      variables: 2,
      bytesHeld: 5,
      requests: { 'use ws': 2, fetch: 1, store: 1, other: 1 },
      sleighs: [],
      oldSleighs: [],
    });
    a.client.call(['delete ws', 'b']);
    expect(viewOf(viewsOf(server), '/api/overview')).toMatchObject({
      blocked: 0,
      workspaces: 2,
      variables: 1,
    });
  });

  it('contains rates per second of the last 300 samples', (server) => {
    const views = viewsOf(server);
    const visitor = Visitor.of(server, 'a');
    views.sample();
    for (let n = 0; n < 400; n++) {
      server.now += 2_000;
      for (let i = 0; i < 3; i++) visitor.read('x');
      views.sample();
    }
    const { rates } = viewOf<OverviewView>(views, '/api/overview');
    expect(rates.names).toEqual(['requests', 'bytes in', 'bytes out']);
    expect(rates.columns.map((column) => column.length)).toEqual([300, 300, 300, 300]);
    expect(rates.columns[1]?.at(-1)).toBe(1.5);
    expect(rates.columns[2]?.at(-1)).toBeGreaterThan(100);
    expect(rates.columns[0]?.at(-1)).toBe(server.now);
  });

  it('lists the newest sleighs first', (server) => {
    for (const name of ['one', 'two'])
      server.connect().call(['open ws', name, '', 'yes'], { wstype: 'sleigh' });
    const { sleighs } = viewOf<OverviewView>(viewsOf(server), '/api/overview');
    expect(sleighs.map(({ name }) => name)).toEqual(['two', 'one']);
  });
});

describe('the view of workspaces and variables', () => {
  it('distinguishes an ordinary workspace that older clients use as a job, while workers wait for its end', (server) => {
    const master = Visitor.of(server, 'old');
    master.store('task', '1');
    master.store('result', '1');
    const isOld = (): boolean | undefined =>
      viewOf<WorkspacesView>(viewsOf(server), '/api/workspaces').items.find(({ title }) => title === 'old')
        ?.isOldSleigh;
    expect(isOld()).toBe(false);
    const worker = Visitor.of(server, 'old');
    worker.wait('find', 'Sleigh ride over');
    expect(isOld()).toBe(true);
    worker.leave();
    expect(isOld()).toBe(false);
  });

  it('shows it among the jobs, with the tasks that workers left with', (server) => {
    const master = Visitor.of(server, 'old');
    for (const task of ['1', '2', '3']) master.store('task', task);
    master.wait('fetch', 'result');
    const [sentinel, worker, other] = [1, 2, 3].map(() => Visitor.of(server, 'old'));
    sentinel?.wait('find', 'Sleigh ride over');
    worker?.get('fetch', 'task');
    other?.get('fetch', 'task');
    const shown = () => viewOf<OverviewView>(viewsOf(server), '/api/overview').oldSleighs;
    const job = { name: 'old', title: 'old', workers: 1, queued: 1, running: 2, results: 0, lost: 0 };
    expect(shown()).toEqual([job]);
    other?.store('result', '4');
    worker?.leave();
    sentinel?.leave();
    expect(shown()).toEqual([{ ...job, workers: 0, running: 0, lost: 1 }]);
    master.store('Sleigh ride over', '1');
    expect(shown()).toEqual([]);
  });

  it('is divided into pages, with names of any bytes', (server) => {
    const name = 'a/b %\xe9\0';
    const visitor = Visitor.of(server, name);
    for (let n = 0; n < 5; n++) visitor.store('x/y', `value ${n}`);
    visitor.store('z', 'other');
    const views = viewsOf(server);
    const path = `/api/workspaces/${encodeURIComponent(name)}`;
    expect(viewOf<WorkspacesView>(views, '/api/workspaces').items[1]).toMatchObject({
      name,
      title: 'a/b %é\\x00',
      variables: 2,
    });
    expect(viewOf<WorkspaceView>(views, path, 'from=1&count=1').list).toMatchObject({
      total: 2,
      from: 1,
      items: [{ name: 'z', mode: 'fifo', values: 1, preview: { text: 'other' } }],
    });
    const variable = viewOf<VariableView>(views, `${path}/variables/x%2Fy`, 'from=3&count=100');
    expect(variable.list).toMatchObject({
      total: 5,
      from: 3,
      items: [{ text: 'value 3' }, { text: 'value 4' }],
    });
    expect(variable.workspace.name).toBe(name);
    expect(variable.preview?.text).toBe('value 0');
  });

  it('shows values in the order of find, and the waiting clients', (server) => {
    const visitor = Visitor.of(server, 'w');
    visitor.declare('lifo', 'lifo');
    visitor.declare('single', 'single');
    visitor.declare('time', '__time');
    for (const name of ['fifo', 'lifo', 'single']) for (const value of 'abc') visitor.store(name, value);
    const views = viewsOf(server);
    const values = (name: string, query = ''): unknown[] =>
      viewOf<VariableView>(views, `/api/workspaces/w/variables/${name}`, query).list.items.map(
        ({ text }) => text,
      );
    expect(values('fifo')).toEqual(['a', 'b', 'c']);
    expect(values('lifo')).toEqual(['c', 'b', 'a']);
    expect(values('lifo', 'from=1&count=1')).toEqual(['b']);
    expect(values('lifo', 'from=9')).toEqual([]);
    expect(values('single')).toEqual(['c']);
    expect(values('time')).toEqual([]);
    const [finder, fetcher] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    finder.wait('find', 'none');
    fetcher.wait('ifetch', 'none');
    expect(viewOf(views, '/api/workspaces/w/variables/none')).toMatchObject({
      mode: 'unknown',
      fetchers: 1,
      finders: 1,
      waiting: {
        total: 2,
        items: [
          { client: 3, peer: '10.0.0.3:4000', verb: 'ifetch' },
          { client: 2, verb: 'find' },
        ],
      },
    });
  });

  it('shows the capacity of a fifo, and the stores that wait for room (V14)', (server) => {
    const [owner, producer] = [server.connect(), server.connect()];
    for (const client of [owner, producer]) client.call(['open ws', 'w', '', 'yes']);
    owner.call(['declare var', 'w', 'v', 'fifo'], { capacity: '1' });
    owner.call(['store', 'w', 'v', '1', 'a']);
    producer.send(['storeWait', 'w', 'v', '1', 'b']);
    expect(viewOf(viewsOf(server), '/api/workspaces/w/variables/v')).toMatchObject({
      values: 1,
      capacity: 1,
      storers: 1,
      waiting: { total: 1, items: [{ client: 2, verb: 'storeWait' }] },
    });
  });

  it('shows the tasks and results of a job, and the clients that wait for them', (server) => {
    const job = new Job(server);
    const { workers, sentinel } = job.openCrew(2);
    job.task('first', { batchId: 'b' });
    workers[0]?.get('fetch', 'task');
    workers[0]?.store('result', 'answer');
    job.task('second');
    job.task('third');
    sentinel.wait('find', 'sentinel_alive');
    const asker = job.visitor();
    asker.wait('find', 'waitForWorkers');
    job.master.wait('fetch', 'result');
    const views = viewsOf(server);
    const variable = (name: string): VariableView => viewOf(views, `/api/workspaces/job/variables/${name}`);
    expect(variable('task').list.items.map(({ text }) => text)).toEqual(['second', 'third']);
    expect(variable('result').list.items).toMatchObject([{ text: 'answer', metadata: { batchId: 'b' } }]);
    expect(variable('result').waiting.items).toMatchObject([{ client: job.master.client.id }]);
    expect(variable('sentinel_alive').waiting.items).toMatchObject([{ client: sentinel.client.id }]);
    expect(variable('waitForWorkers').waiting.items).toMatchObject([{ client: asker.client.id }]);
  });

  it('shows the properties that the creator of a workspace set, if they are short', (server) => {
    server.connect().call(['open ws', 'job', '', 'no'], {
      wstype: 'sleigh',
      maxAttempts: '2',
      zzz: 'x'.repeat(5_000),
    });
    expect(viewOf<WorkspaceView>(viewsOf(server), '/api/workspaces/job').metadata).toEqual({
      wstype: 'sleigh',
      maxAttempts: '2',
    });
  });
});

describe('an unexpected event', () => {
  test('is logged with the story of its actor, and is listed among the failures', () => {
    const server = new SimulatedServer();
    new Job(server).sentinel(1);
    const log = vi.spyOn(server.core, 'log');
    const [workspace] = server.core.workspaces.occupied;
    if (!(workspace?.plugin instanceof Sleigh)) throw new Error('there is no sleigh');
    workspace.plugin.crew.worker(0).actor.send({ type: 'task.offered' });
    const what = 'a chart was sent an event that it does not expect';
    expect(viewOf<SleighView>(viewsOf(server), '/api/sleighs/job').failures).toMatchObject([
      { actor: 'worker.0', event: 'task.offered', what },
    ]);
    expect(log.mock.calls).toEqual([
      [
        'error',
        what,
        {
          workspace: 'job',
          actor: 'worker.0',
          event: 'task.offered',
          story: [
            expect.stringMatching(
              / xstate.init rank 0, isSupervised false, isElastic false, reconnectGrace 0: begins in reserved$/,
            ),
            expect.stringMatching(/ task.offered: stays reserved$/),
          ],
        },
      ],
    ]);
  });
});

describe('the view of the machines', () => {
  test('contains their states, transitions and diagrams', () => {
    const { charts } = viewOf<ChartsView>(viewsOf(new SimulatedServer()), '/api/charts');
    expect(charts.map(({ chart }) => chart)).toEqual(CHARTS.map(({ machine }) => machine.id));
    const worker = charts.find(({ chart }) => chart === 'worker');
    expect(worker?.svg).toBe('<svg id="worker"/>');
    expect(worker?.states).toContainEqual({ state: 'registered.busy', isFinal: false, isLeaf: true });
    expect(worker?.states).toContainEqual({ state: 'dead', isFinal: true, isLeaf: true });
    expect(worker?.states).toContainEqual({ state: '', isFinal: false, isLeaf: false });
    expect(worker?.moves.map(({ move }) => move)).toEqual(worker?.moves.map((_, n) => n));
    expect(worker?.moves).toContainEqual({
      move: expect.any(Number),
      source: 'registered.busy',
      event: 'task.asked',
      target: 'registered.idle',
      actions: ['failTask', 'askAgain'],
      clauses: ['S7.1'],
      description: 'A busy worker that asks for a task has failed the one that it has.',
    });
  });
});

describe('a view of an object that does not exist', () => {
  it('is undefined', (server) => {
    new Job(server).sentinel(1);
    const views = viewsOf(server);
    for (const path of [
      '/api/none',
      '/overview',
      '/api',
      '/api/overview/more',
      '/api/workspaces/none',
      '/api/workspaces/job/variables/none',
      '/api/clients/99',
      '/api/clients/x',
      '/api/sleighs/__default',
      '/api/sleighs/job/actors/worker.1',
      '/api/sleighs/job/actors/nobody',
      '/api/replay',
    ])
      expect(views.get(path, new URLSearchParams()), path).toBeUndefined();
    expect(() => views.get('/api/workspaces/%e9', new URLSearchParams())).toThrow(URIError);
    const odd = viewOf<ClientsView>(views, '/api/clients', 'from=x&count=99999');
    expect(odd.from).toBe(0);
  });
});
