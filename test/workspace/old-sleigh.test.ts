import { describe, expect, it, test, vi } from 'vitest';
import { Visitor } from '../support/visitor.ts';
import { staleIn } from '../support/leftovers.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const LEFT = 'a worker of an old-style sleigh left with a task';
const RIDE_OVER = 'Sleigh ride over';

/** A master that has stored tasks, a worker, and by default a client that waits for the end. */
function oldJob({ isWaitedFor = true } = {}) {
  const server = new SimulatedServer();
  const log = vi.spyOn(server.core, 'log');
  const master = Visitor.of(server, 'old');
  for (const task of ['first', 'second', 'third']) master.store('task', task);
  if (isWaitedFor) Visitor.of(server, 'old').wait('find', RIDE_OVER);
  const lines = (): unknown[] => log.mock.calls.filter(([, message]) => message === LEFT);
  const counts = (): unknown => master.client.call(['list vars', 'old'], { job: '1' }).metadata;
  return { server, master, worker: Visitor.of(server, 'old'), lines, counts };
}

describe('a worker of a job of the old style (W12)', () => {
  it('that disconnects with a task is logged, with the task that it took', () => {
    const { worker, lines, counts } = oldJob();
    worker.get('fetch', 'task');
    worker.get('fetchTry', 'task');
    worker.store('result', 'of the first');
    expect(counts()).toMatchObject({ nwsRunning: '1', nwsLost: '0' });
    worker.leave();
    const fields = {
      workspace: 'old',
      peer: worker.client.peer,
      reason: 'its connection closed before it stored a result',
      took: { variable: 'task', tasks: 1, number: 1, bytes: 6 },
    };
    expect(lines()).toEqual([['warn', LEFT, fields]]);
    expect(counts()).toMatchObject({ nwsRunning: '0', nwsLost: '1' });
  });

  it('that waited for its task is logged, too', () => {
    const { master, worker, lines } = oldJob();
    for (let n = 0; n < 3; n++) master.get('fetch', 'task');
    worker.wait('fetch', 'task');
    master.store('task', 'late');
    worker.reply();
    worker.leave();
    expect(lines()).toHaveLength(1);
  });

  it('is logged if a client began to wait for the end after the worker took its task', () => {
    const { server, worker, lines } = oldJob({ isWaitedFor: false });
    worker.get('fetch', 'task');
    Visitor.of(server, 'old').wait('find', RIDE_OVER);
    worker.leave();
    expect(lines()).toHaveLength(1);
  });

  it('that has stored its result is not logged when it disconnects', () => {
    const { worker, lines, counts } = oldJob();
    worker.get('fetch', 'task');
    worker.store('result', '1');
    worker.leave();
    expect(lines()).toEqual([]);
    expect(counts()).toMatchObject({ nwsRunning: '0', nwsLost: '0' });
  });

  it('that only read a task has lost nothing', () => {
    const { worker, lines } = oldJob();
    worker.get('find', 'task');
    worker.leave();
    expect(lines()).toEqual([]);
  });

  it('is not logged if the job has ended, or if there was none', () => {
    const over = oldJob();
    over.worker.get('fetch', 'task');
    over.master.store(RIDE_OVER, '1');
    over.worker.leave();
    const none = oldJob({ isWaitedFor: false });
    none.worker.get('fetch', 'task');
    none.worker.leave();
    const deleted = oldJob();
    deleted.worker.get('fetch', 'task');
    deleted.master.client.call(['delete ws', 'old']);
    deleted.worker.leave();
    expect([over.lines(), none.lines(), deleted.lines()]).toEqual([[], [], []]);
  });

  it('is not assumed of a client that requests results, because a master may take its tasks back', () => {
    const { master, lines } = oldJob();
    master.get('findTry', 'result');
    master.get('fetch', 'task');
    master.leave();
    expect(lines()).toEqual([]);
  });
});

const jobOf = (server: SimulatedServer) => server.core.workspaces.find('old')?.oldSleigh;

describe('a job of the old style (W12)', () => {
  test('runs when it has tasks and results, and a worker waits for its end or was lost', () => {
    const { server, master, worker } = oldJob({ isWaitedFor: false });
    expect(jobOf(server)?.isRunning).toBe(false);
    const waiting = Visitor.of(server, 'old');
    waiting.wait('find', RIDE_OVER);
    expect(jobOf(server)).toMatchObject({ isRunning: false, workers: 1, queued: 3, results: 0 });
    for (let n = 0; n < 2; n++) {
      worker.get('fetch', 'task');
      worker.store('result', 'a result');
    }
    expect(jobOf(server)).toMatchObject({ isRunning: true, workers: 1, queued: 1, results: 2 });
    worker.get('fetch', 'task');
    worker.leave();
    expect(jobOf(server)).toMatchObject({ isRunning: true, workers: 1, lost: 1, queued: 0 });
    waiting.leave();
    expect(jobOf(server)).toMatchObject({ isRunning: true, workers: 0, lost: 1 });
    master.store(RIDE_OVER, '1');
    expect(jobOf(server)).toMatchObject({ isRunning: false, workers: 0, lost: 0 });
    server.end();
  });

  test('has no counts before it has variables', () => {
    const server = new SimulatedServer();
    const visitor = Visitor.of(server, 'old');
    visitor.get('findTry', 'task');
    visitor.delete('task');
    expect(jobOf(server)).toMatchObject({ isRunning: false, workers: 0, queued: 0, results: 0 });
    server.end();
  });

  test('is not waited for by a client that only looks whether it has ended', () => {
    const { server, worker, lines } = oldJob({ isWaitedFor: false });
    worker.get('fetch', 'task');
    Visitor.of(server, 'old').get('findTry', RIDE_OVER);
    worker.leave();
    expect(lines()).toEqual([]);
    server.end();
  });

  test('begins anew after its end: nobody has a task, nobody waits, and each client may work', () => {
    const { server, master, worker, lines, counts } = oldJob();
    const lost = Visitor.of(server, 'old');
    for (const each of [lost, worker]) each.get('fetch', 'task');
    master.get('findTry', 'result');
    lost.leave();
    expect(counts()).toMatchObject({ nwsRunning: '1', nwsLost: '1' });
    master.store(RIDE_OVER, '1');
    expect(counts()).toMatchObject({ nwsRunning: '0', nwsLost: '0' });
    master.get('fetch', 'task');
    expect(counts()).toMatchObject({ nwsRunning: '1', nwsLost: '0' });
    master.leave();
    expect(lines()).toHaveLength(1);
    server.end();
  });

  test('does not count the tasks of a client that then requests results', () => {
    const { server, worker, counts } = oldJob();
    worker.get('fetch', 'task');
    worker.get('findTry', 'result');
    expect(counts()).toMatchObject({ nwsRunning: '0', nwsLost: '0' });
    server.end();
  });

  test('is forgotten with its workspace, and keeps no client that has gone', () => {
    const { server, master, worker } = oldJob();
    master.get('findTry', 'result');
    worker.get('fetch', 'task');
    worker.store('result', '1');
    const other = Visitor.of(server, 'old');
    expect([...server.core.workspaces.oldSleighs].map(({ name }) => name)).toEqual(['old']);
    for (const each of [master, worker]) each.leave();
    expect(staleIn(server.core)).toEqual([]);
    other.client.call(['delete ws', 'old']);
    expect(server.core.workspaces.oldSleighs.size).toBe(0);
    server.end();
  });

  test('in `__default` is forgotten when that is emptied', () => {
    const server = new SimulatedServer();
    const visitor = Visitor.of(server, '__default');
    visitor.store('task', '1');
    const workspace = server.core.workspaces.find('__default');
    expect(workspace?.oldSleigh).toBeDefined();
    visitor.client.call(['delete ws', '__default']);
    expect(workspace?.oldSleigh).toBeUndefined();
    server.end();
  });
});

describe('`list vars` (W12)', () => {
  it('contains a job only on request, and nothing if there is none', () => {
    const { server, master } = oldJob();
    expect(master.client.call(['list vars', 'old']).metadata).toEqual({});
    const other = Visitor.of(server, 'other');
    other.store('x', '1');
    expect(other.client.call(['list vars', 'other'], { job: '1' }).metadata).toEqual({});
  });
});
