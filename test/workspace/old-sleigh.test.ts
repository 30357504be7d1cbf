import { describe, expect, it, vi } from 'vitest';
import { Visitor } from '../support/visitor.ts';
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

describe('`list vars` (W12)', () => {
  it('contains a job only on request, and nothing if there is none', () => {
    const { server, master } = oldJob();
    expect(master.client.call(['list vars', 'old']).metadata).toEqual({});
    const other = Visitor.of(server, 'other');
    other.store('x', '1');
    expect(other.client.call(['list vars', 'other'], { job: '1' }).metadata).toEqual({});
  });
});
