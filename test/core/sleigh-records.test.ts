import { describe, expect, it } from 'vitest';
import type { Changes } from '../../src/store/change-recorder.ts';
import type { JobKind, Key } from '../../src/store/change.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

type Site = readonly [how: 'put' | 'touch' | 'delete', kind: JobKind];

/** How the parts of a job record their entities. */
const SITES: readonly Site[] = [
  ['touch', 'job'],
  ['touch', 'sentinel'],
  ['touch', 'worker'],
  ['touch', 'batch'],
  ['put', 'task'],
  ['delete', 'task'],
  ['put', 'place'],
  ['delete', 'place'],
  ['touch', 'broadcast'],
  ['delete', 'broadcast'],
  ['put', 'result'],
  ['delete', 'result'],
  ['put', 'cursor'],
  ['delete', 'cursor'],
  ['put', 'deadline'],
  ['delete', 'deadline'],
  ['put', 'formerWorker'],
  ['delete', 'formerWorker'],
];

/** Forgets one kind of change. */
function forgetting(changes: Changes, [how, kind]: Site): Changes {
  const isForgotten = (way: Site[0], key: Key): boolean => way === how && key[0] === kind;
  return {
    isRecorded: true,
    put: (key, fields) => (isForgotten('put', key) ? undefined : changes.put(key, fields)),
    touch: (entity) => (isForgotten('touch', entity.key) ? undefined : changes.touch(entity)),
    delete: (key) => (isForgotten('delete', key) ? undefined : changes.delete(key)),
    clear: (prefix) => changes.clear(prefix),
    read: () => changes.read(),
  };
}

/** A job in which something of each kind comes and goes. */
function play(server: SimulatedServer): void {
  const job = new Job(server, { onDeadWorker: 'null', rankCount: '4' });
  const { sentinel, workers } = job.openCrew(1);
  const [worker] = workers;
  if (worker === undefined) throw new Error('there is no worker');
  const dead = server.connect();
  dead.call(['open session', 'a secret', '100']);
  dead.call(['use ws', 'job', 'me', 'no']);
  dead.call(['store', 'job', 'worker_ids', '1', '1']);
  job.master.store('worker_dead', '1');
  dead.call(['end session']);
  dead.disconnect();
  sentinel.get('fetchTry', 'sentinel_alive');
  job.task('a task', { batchId: 'a' });
  worker.get('fetch', 'task');
  worker.store('result', 'a result');
  job.results('a');
  // The join phase that it begins ends after a minute, and three ranks have no worker.
  job.broadcast('to 4 ranks', { batchId: 'b' });
  server.advance(60_000);
  job.master.get('fetch', 'result', { metadata: { batchId: 'b' } });
  job.task('another task', { batchId: 'a' });
  worker.get('fetch', 'task');
  worker.store('result', 'one of 4 results');
  job.results('b');
}

describe('what a job records (D8)', () => {
  it('is what a store must have after each event', () => {
    expect(() => play(new SimulatedServer())).not.toThrow();
  });

  it.each(SITES)('is missed when it forgets to %s a %s', (...site) => {
    const server = new SimulatedServer();
    Reflect.set(server.core, 'changes', forgetting(server.core.changes, site));
    expect(() => play(server)).toThrow(/the store is wrong/);
  });
});
