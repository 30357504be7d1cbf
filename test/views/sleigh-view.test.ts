import { describe, expect, test } from 'vitest';
import type { ActorsView, ActorView, SleighView, WorkersView } from '../../src/views/types.ts';
import { Job } from '../support/job.ts';
import { it } from '../support/on-server.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { viewOf, viewsOf } from '../support/views.ts';

describe('the view of a sleigh', () => {
  it('lists its batches: tasks accepted and answered, and the remaining time', (server) => {
    const job = new Job(server);
    const { workers } = job.openCrew(1);
    const views = viewsOf(server);
    const batch = (): unknown => viewOf<SleighView>(views, '/api/sleighs/job').batches[0];
    for (let n = 0; n < 6; n++) job.task(String(n), { batchId: 'b' });
    views.sample();
    expect(batch()).toMatchObject({
      batch: { name: 'b' },
      accepted: 6,
      answered: 0,
      queued: 6,
      running: 0,
    });
    expect(batch()).not.toHaveProperty('remaining');
    for (let n = 0; n < 2; n++) {
      workers[0]?.get('fetch', 'task');
      server.now += 10_000;
      workers[0]?.store('result', 'r');
      views.sample();
    }
    expect(batch()).toMatchObject({ accepted: 6, answered: 2, queued: 4, results: 2, remaining: 40_000 });
    for (let n = 0; n < 4; n++) {
      workers[0]?.get('fetch', 'task');
      workers[0]?.store('result', 'r');
    }
    expect(job.results('b')).toHaveLength(6);
    expect(batch(), 'it is remembered when nothing is left of it').toMatchObject({
      accepted: 6,
      answered: 6,
      queued: 0,
      results: 0,
      remaining: 0,
    });
    job.task('again', { batchId: 'b' });
    expect(batch()).toMatchObject({ accepted: 7, answered: 6, queued: 1 });
    const { completed, history } = viewOf<SleighView>(views, '/api/sleighs/job');
    expect(completed).toBe(6);
    expect(history.names).toEqual(['queued', 'running', 'results', 'busy', 'completed a second']);
    expect(history.columns.map((column) => column.at(-1))).toEqual([server.now, 4, 0, 2, 0, 0.1]);
  });

  test.each(['requeue', 'null'])(
    'expects as many answers as there are in the end, including broadcasts and dead workers, under the policy %s',
    (onDeadWorker) => {
      const server = new SimulatedServer();
      const job = new Job(server, { onDeadWorker });
      const { workers } = job.openCrew(3);
      job.broadcast('everyone', { batchId: 'b' });
      for (let n = 0; n < 4; n++) job.task(String(n), { batchId: 'b' });
      workers[0]?.get('fetch', 'task');
      workers[1]?.get('fetch', 'task');
      workers[1]?.store('result', '');
      workers[1]?.get('fetch', 'task');
      workers[2]?.leave();
      workers[1]?.leave();
      job.close();
      for (let n = 0; n < 9; n++) {
        workers[0]?.store('result', '');
        workers[0]?.ask('fetchTry', 'task');
        workers[0]?.client.skip();
      }
      const [batch] = viewOf<SleighView>(viewsOf(server), '/api/sleighs/job').batches;
      expect(batch).toMatchObject({ queued: 0, running: 0, accepted: batch?.answered });
      expect(batch?.answered).toBe(job.results('b').length);
      // Four ranks for the broadcast, one of which never registered, and four tasks.
      expect(batch?.answered).toBe(8);
    },
  );

  it('keeps the totals of a limited number of batches', (server) => {
    const job = new Job(server);
    const { workers } = job.openCrew(1);
    for (let n = 0; n < 150; n++) {
      job.task('t', { batchId: `b${n}` });
      workers[0]?.get('fetch', 'task');
      workers[0]?.store('result', 'r');
      job.results(`b${n}`);
    }
    const { batches } = viewOf<SleighView>(viewsOf(server), '/api/sleighs/job');
    expect(batches).toHaveLength(100);
    expect(batches.map(({ batch }) => batch?.name)).toContain('b149');
    expect(batches.map(({ batch }) => batch?.name)).not.toContain('b49');
  });

  it('lists failures with their actor and their clause, the newest first', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const { workers, sentinel } = job.openCrew(2);
    job.task('hard');
    workers[0]?.get('fetch', 'task');
    workers[0]?.get('fetch', 'task');
    server.now += 5;
    sentinel.leave();
    const view = viewOf<SleighView>(viewsOf(server), '/api/sleighs/job');
    expect(view.failures.map(({ actor, event, clause, what }) => [actor, event, clause, what])).toEqual([
      ['worker.0', 'sentinel.gone', 'S13', 'died'],
      ['worker.1', 'sentinel.gone', 'S13', 'died'],
      ['sentinel.0', 'connection.closed', 'S13', 'died'],
      ['worker.0', 'task.asked', 'S7.1', 'failed its task'],
    ]);
    expect(view).toMatchObject({ deaths: 2, workers: { dead: 2, deadbeat: 1 }, sentinels: { dead: 1 } });
  });

  it('keeps a limited number of failures', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue', maxAttempts: '1000' });
    const { workers } = job.openCrew(1);
    job.task('hard');
    for (let n = 0; n < 150; n++) workers[0]?.get('fetch', 'task');
    expect(viewOf<SleighView>(viewsOf(server), '/api/sleighs/job').failures).toHaveLength(100);
  });

  it('reports that it shut down by itself', (server) => {
    const job = new Job(server);
    const { workers } = job.openCrew(1);
    workers[0]?.leave();
    const view = viewOf<SleighView>(viewsOf(server), '/api/sleighs/job');
    expect(view).toMatchObject({ state: 'shuttingDown', shutdown: 'shuttingDown.byItself' });
    expect(view.failures.map(({ actor, what }) => `${actor}: ${what}`)).toContain(
      'shutdown: the sleigh shut down by itself',
    );
  });

  it('lists its workers by rank, or those in one state', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    job.sentinel(4);
    const [a, b] = [job.worker(0, { host: 'node-a' }), job.worker(2)];
    job.task('t', { batchId: 'x' });
    server.now += 1_000;
    b.get('fetch', 'task');
    server.now += 3_000;
    a.leave();
    const views = viewsOf(server);
    const workers = viewOf<WorkersView>(views, '/api/sleighs/job/workers');
    expect(workers.counts).toEqual({ dead: 1, reserved: 2, 'registered.busy': 1 });
    expect(workers.items.map(({ rank, state, host }) => [rank, state, host])).toEqual([
      [0, 'dead', 'node-a'],
      [1, 'reserved', ''],
      [2, 'registered.busy', b.client.peer.replace(':4000', '')],
      [3, 'reserved', ''],
    ]);
    expect(workers.items[2]).toMatchObject({
      onTask: 3_000,
      busyShare: 0.75,
      attempts: 1,
      batch: { name: 'x' },
    });
    const reserved = viewOf<WorkersView>(views, '/api/sleighs/job/workers', 'state=reserved&from=1');
    expect([reserved.total, reserved.items.map(({ rank }) => rank)]).toEqual([2, [3]]);
    const actors = viewOf<ActorsView>(views, '/api/sleighs/job/actors', 'chart=worker&state=dead');
    expect(actors.list).toMatchObject({
      total: 1,
      items: [{ actor: 'worker.0', last: { clause: 'S13' } }],
    });
    expect(actors.single.map(({ actor, state }) => [actor, state])).toEqual([
      ['sleigh', 'serving'],
      ['joinPhase', 'gathering.open'],
      ['work', 'open'],
      ['shutdown', 'up.grace'],
    ]);
  });

  it('shows why a worker died, even if nobody was watching', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    const { workers } = job.openCrew(1);
    workers[0]?.leave();
    const worker = viewOf<ActorView>(viewsOf(server), '/api/sleighs/job/actors/worker.0');
    expect(worker).toMatchObject({ state: 'dead', hasEnded: true, next: [], context: { rank: 0 } });
    expect(worker.story.map(({ event, after, clause }) => [event, after, clause])).toEqual([
      ['xstate.init', 'reserved', ''],
      ['registration.asked', 'registered.idle', 'S3'],
      ['connection.closed', 'dead', 'S13'],
    ]);
  });
});
