import { describe, expect, it, vi } from 'vitest';
import type { ActorsView, ActorView, SleighView, WorkersView } from '../../src/views/types.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { viewOf, viewsOf } from '../support/views.ts';

const SESSION = { session: 'a secret' };

/** A job of two supervised workers, the first of which has ended, as its sentinel reports. */
function jobWithDeath() {
  const server = new SimulatedServer();
  const log = vi.spyOn(server.core, 'log');
  const job = new Job(server, { onDeadWorker: 'requeue' });
  const sentinel = job.visitor();
  for (let n = 0; n < 2; n++) sentinel.get('fetch', 'worker_ids', { metadata: SESSION });
  const [first] = [job.worker(0), job.worker(1)];
  const metadata = { ...SESSION, how: 'exit status 1', lastWords: 'first line\nlast\x07 line\n' };
  sentinel.store('worker_dead', '0', { metadata });
  const replace = (): void =>
    void sentinel.get('fetch', 'worker_ids', { metadata: { ...SESSION, replaces: '0' } });
  const views = viewsOf(server);
  const workers = (query = '') => viewOf<WorkersView>(views, '/api/sleighs/job/workers', query);
  return { server, job, sentinel, first, replace, views, workers, log };
}

const LAST_END = { why: 'died', how: 'exit status 1', lastWords: 'first line\nlast\\x07 line' };

describe('the views of supervised workers (S19)', () => {
  it('show how the last worker of a rank ended, also when a replacement waits or works', () => {
    const { job, replace, workers } = jobWithDeath();
    const first = () => {
      const { state, rankHistory } = workers().items[0] ?? {};
      return [state, rankHistory];
    };
    expect(first()).toEqual(['dead', { replacements: 0, lastEnd: LAST_END }]);
    replace();
    expect(first()).toEqual(['replacing', { replacements: 1, lastEnd: LAST_END }]);
    job.worker(0);
    expect(first()).toEqual(['registered.idle', { replacements: 1, lastEnd: LAST_END }]);
    expect(workers().items[1]?.rankHistory).toEqual({ replacements: 0, lastEnd: undefined });
  });

  it('contain the actor of a worker with the history of its rank, in the list and individually', () => {
    const { replace, views } = jobWithDeath();
    replace();
    const { list, groups } = viewOf<ActorsView>(views, '/api/sleighs/job/actors', 'chart=worker');
    expect(list.items[0]?.rankHistory).toEqual({ replacements: 1, lastEnd: LAST_END });
    expect(groups[0]).toEqual({ chart: 'worker', counts: { replacing: 1, 'registered.idle': 1 } });
    const actor = viewOf<ActorView>(views, '/api/sleighs/job/actors/worker.0');
    expect([actor.state, actor.rankHistory?.replacements]).toEqual(['replacing', 1]);
    expect(viewOf<ActorView>(views, '/api/sleighs/job/actors/shutdown').rankHistory).toBeUndefined();
  });

  it('count the current workers by state, and all deaths and replacements', () => {
    const { replace, views, workers } = jobWithDeath();
    expect(workers('state=dead')).toMatchObject({ total: 1, counts: { dead: 1, 'registered.idle': 1 } });
    replace();
    expect(workers('state=dead')).toMatchObject({ total: 0, items: [] });
    expect(viewOf<SleighView>(views, '/api/sleighs/job')).toMatchObject({
      workers: { replacing: 1, 'registered.idle': 1 },
      deaths: 1,
      replacements: 1,
    });
  });

  it('contain nothing about supervision if no sentinel supervises', () => {
    const server = new SimulatedServer();
    new Job(server).crew(1);
    const { items } = viewOf<WorkersView>(viewsOf(server), '/api/sleighs/job/workers');
    expect(items[0]?.rankHistory).toBeUndefined();
  });
});

describe('the log', () => {
  it('contains the death of a worker, with its rank, peer, workspace and cause', () => {
    const { log, first } = jobWithDeath();
    expect(log.mock.calls).toContainEqual([
      'warn',
      'a worker died',
      {
        workspace: 'job',
        rank: 0,
        peer: first?.client.peer,
        reason: 'exit status 1',
        why: 'died',
      },
    ]);
  });

  it('contains the cause of death of an unsupervised worker', () => {
    const server = new SimulatedServer();
    const log = vi.spyOn(server.core, 'log');
    const [worker] = new Job(server, { onDeadWorker: 'null' }).openCrew(1).workers;
    worker?.leave();
    expect(log.mock.calls).toContainEqual([
      'warn',
      'a worker died',
      { workspace: 'job', rank: 0, peer: worker?.client.peer, reason: 'its connection closed' },
    ]);
  });

  it('contains the end of a job that shuts down by itself, with the reason, and none for a requested shutdown', () => {
    const server = new SimulatedServer();
    const log = vi.spyOn(server.core, 'log');
    new Job(server).openCrew(1).workers[0]?.leave();
    const ended = (): unknown[] => log.mock.calls.filter(([, message]) => message.includes('by itself'));
    expect(ended()).toEqual([
      ['warn', 'a sleigh shuts down by itself', { workspace: 'job', reason: 'a worker died' }],
    ]);
  });

  it('does not contain workers that left on request', () => {
    const { log, job, sentinel } = jobWithDeath();
    job.task('t');
    sentinel.store('worker_dead', '1', { metadata: { ...SESSION, task: 'untried' } });
    const deaths = log.mock.calls.filter(([, message]) => message === 'a worker died');
    expect(deaths).toHaveLength(1);
  });
});
