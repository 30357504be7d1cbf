import { describe, expect, test, vi } from 'vitest';
import { StateMachine } from 'xstate';
import { byForm } from '../support/form.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';

const JOB = { wstype: 'sleigh' };
const JOBS = byForm(100, 1_000, 1_000);

/** Creates jobs, each with a worker that has done a task. */
function makeJobs(server: SimulatedServer, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    const client = server.connect();
    const job = `job ${n}`;
    client.call(['open ws', job, 'x', 'no'], JOB);
    // The second rank keeps the group open.
    for (let rank = 0; rank < 2; rank++) client.call(['fetch', job, 'worker_ids']);
    client.call(['store', job, 'worker_ids', '1', '0']);
    client.call(['store', job, 'task', '1', 'a task']);
    client.call(['fetch', job, 'task']);
    client.call(['store', job, 'result', '1', 'a result']);
  }
}

describe('the machines of a job', () => {
  test('are bound once for all jobs: many more jobs bind nothing again and resolve no states', () => {
    simulated((server: SimulatedServer) => {
      makeJobs(server, 0, 1);
      const provide = vi.spyOn(StateMachine.prototype, 'provide');
      const resolve = vi.spyOn(StateMachine.prototype, 'resolveState');
      makeJobs(server, 1, 1 + JOBS);
      expect([provide.mock.calls.length, resolve.mock.calls.length]).toEqual([0, 0]);
      vi.restoreAllMocks();
    })();
  });

  test('know the job of each actor, and keep actions and counts of jobs separate', () => {
    simulated((server: SimulatedServer) => {
      makeJobs(server, 0, 2);
      const watcher = server.connect();
      for (const job of ['job 0', 'job 1']) {
        watcher.call(['use ws', job, 'x', 'no']);
        expect(watcher.call(['find', job, 'rankCount']).value).toBe('1');
      }
      watcher.call(['store', 'job 1', 'worker_ids', '1', '1']);
      expect(['job 0', 'job 1'].map((job) => watcher.call(['find', job, 'rankCount']).value)).toEqual([
        '1',
        '2',
      ]);
      expect(watcher.call(['fetch', 'job 0', 'result']).value).toBe('a result');
      expect(watcher.call(['findTry', 'job 0', 'result']).status).not.toBe('0000');
      expect(watcher.call(['fetch', 'job 1', 'result']).value).toBe('a result');
    })();
  });
});
