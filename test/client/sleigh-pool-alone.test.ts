import { describe, expect, it } from 'vitest';
import { SleighPool } from '../../src/client/master/sleigh-pool.ts';
import type { SleighPoolOptions } from '../../src/client/options/sleigh-options.ts';
import type { Task } from '../../src/client/task/task.ts';
import { KEY, VARIABLE, VERB } from '../../src/wire/names.ts';
import { ScriptedJob } from '../support/scripted-job.ts';
import { fateOf } from '../support/server-line.ts';

// A pool whose server, workers, clock and process are in the hands of the test.

const TASK: Task = { module: '/t.mjs', name: 'f' };

function poolOn(job: ScriptedJob, options: Partial<SleighPoolOptions> = {}) {
  const process = { holds: 0 };
  const platform = {
    ...job.server.platform(),
    holdProcess: () => {
      process.holds++;
      return { stop: () => void process.holds-- };
    },
  };
  const server = { host: 'ada', port: 8765 };
  const pool = SleighPool.on(platform, { workers: 2, server, launch: job.launch, ...options });
  const count = (verb: string, variable?: string): number => job.metadataOf(verb, variable).length;
  return {
    pool,
    process,
    /** The jobs that were opened, and those that were ended. */
    jobs: () => [count(VERB.openWs), count(VERB.store, VARIABLE.rideOver)],
  };
}

describe('a pool', () => {
  it('starts its job with the first call, and ends it when it was idle for ten seconds', async () => {
    const job = new ScriptedJob();
    const { pool, process, jobs } = poolOn(job);
    expect([process.holds, jobs()]).toEqual([0, [0, 0]]);
    const call = fateOf(pool.submit(TASK, 'a'));
    expect(process.holds).toBe(1);
    await job.turns();
    expect([process.holds, jobs(), job.orders]).toMatchObject([1, [1, 0], [{ workers: 2, unref: true }]]);
    expect(job.server.wanted[0]).toMatchObject({ unref: true });
    await job.result('A');
    expect([call.outcome, process.holds, jobs()]).toEqual(['A', 0, [1, 0]]);
    await job.pass(9_999);
    expect(jobs()).toEqual([1, 0]);
    await job.pass(1);
    expect([jobs(), job.stopped, process.holds, job.server.clock.running]).toEqual([[1, 1], 1, 0, 0]);
    void pool.submit(TASK, 'b').catch(() => undefined);
    await job.turns();
    expect([jobs(), process.holds]).toEqual([[2, 1], 1]);
    await pool.close();
    expect([jobs(), process.holds, job.server.clock.running]).toEqual([[2, 2], 0, 0]);
  });

  it('is idle when its last call has ended, and busy with the next', async () => {
    const job = new ScriptedJob();
    const { pool, process, jobs } = poolOn(job, { idleTimeout: 100 });
    const calls = [fateOf(pool.submit(TASK, 'a')), fateOf(pool.submit(TASK, 'b', { priority: 1 }))];
    await job.turns();
    await job.result('A', 0);
    await job.pass(1_000);
    expect([calls.map(({ outcome }) => outcome), process.holds, jobs()]).toEqual([
      ['A', 'pending'],
      1,
      [1, 0],
    ]);
    await job.result('B', 1);
    await job.pass(99);
    const third = fateOf(pool.submit(TASK, 'c'));
    await job.pass(1_000);
    expect([process.holds, jobs()]).toEqual([1, [1, 0]]);
    await job.result('C', 2);
    expect(third.outcome).toBe('C');
    await job.pass(100);
    expect(jobs()).toEqual([1, 1]);
    await pool.close();
  });

  it('is busy with a batch until that is settled, whether its results are taken or not', async () => {
    const job = new ScriptedJob();
    const { pool, process, jobs } = poolOn(job, { idleTimeout: 100 });
    const options = { chunkSize: 1, errors: 'collect', priority: 3 } as const;
    const results = fateOf(pool.eachElem(TASK, ['a', 'b'], options).then((all) => all));
    await job.turns();
    const priorities = job
      .metadataOf(VERB.store, VARIABLE.task)
      .map(({ [KEY.priority]: priority }) => priority);
    expect(priorities).toEqual(['3', '3']);
    await job.result('B', 1);
    await job.result('A', 0);
    expect([results.outcome, process.holds]).toEqual([['A', 'B'], 0]);
    const [first] = [pool.eachElem(TASK, ['c', 'd'], options)[Symbol.asyncIterator]()];
    const taken = fateOf(first.next());
    await job.turns();
    await job.result('C', 2);
    expect(taken.outcome).toEqual({ value: 'C', done: false });
    await first.return?.();
    await job.pass(1_000);
    // The element that runs is cancelled, and its result is awaited.
    expect([process.holds, jobs()]).toEqual([1, [1, 0]]);
    await job.result('D', 3);
    expect(process.holds).toBe(0);
    await pool.close();
    expect(job.server.clock.running).toBe(0);
  });

  it('whose workers cannot be started fails the call with the reason, and tries again with the next', async () => {
    const job = new ScriptedJob();
    let isDown = true;
    const launch: typeof job.launch = {
      start: (order) => (isDown ? Promise.reject(new Error('no host')) : job.launch.start(order)),
    };
    const { pool, process, jobs } = poolOn(job, { launch });
    await expect(pool.submit(TASK, 'a')).rejects.toThrow('no host');
    await expect(pool.eachElem(TASK, ['a'])).rejects.toThrow('no host');
    await job.turns();
    expect([process.holds, jobs()]).toEqual([0, [2, 2]]);
    isDown = false;
    const call = fateOf(pool.submit(TASK, 'a'));
    await job.turns();
    await job.result('A');
    expect([call.outcome, jobs()]).toEqual(['A', [3, 2]]);
    await pool.close();
  });

  it('whose job has ended by itself fails the calls under way, and starts another with the next', async () => {
    const job = new ScriptedJob();
    const { pool, process, jobs } = poolOn(job);
    const call = fateOf(pool.submit(TASK, 'a'));
    await job.turns();
    job.server.lines[0]?.destroy();
    await job.turns();
    expect([call.outcome, process.holds]).toMatchObject([{ code: 'lost' }, 0]);
    // Nothing is left of that job.
    expect([job.stopped, job.awaited, job.server.clock.running]).toEqual([1, [], 0]);
    const next = fateOf(pool.submit(TASK, 'b'));
    await job.turns();
    expect([jobs(), process.holds]).toEqual([[2, 0], 1]);
    await job.result('B');
    expect(next.outcome).toBe('B');
    await pool.close();
    expect([process.holds, job.server.clock.running]).toEqual([0, 0]);
  });

  it('that is closed ends its job, fails the calls under way, and takes no more', async () => {
    const job = new ScriptedJob();
    const { pool, process, jobs } = poolOn(job);
    const call = fateOf(pool.submit(TASK, 'a'));
    await job.turns();
    job.before = ({ args }) => (args[2] === VARIABLE.rideOver ? '' : undefined);
    const closing = fateOf(pool.close().then(() => 'closed'));
    await job.turns();
    expect([call.outcome, closing.outcome, process.holds]).toMatchObject([{ code: 'stopped' }, 'pending', 0]);
    await expect(pool.submit(TASK, 'b')).rejects.toThrow('the pool was closed');
    await expect(pool.eachElem(TASK, ['b'])).rejects.toThrow('the pool was closed');
    job.server.lines[0]?.destroy();
    await job.turns();
    expect([closing.outcome, jobs(), job.stopped]).toEqual(['closed', [1, 1], 1]);
    await pool.close();
    await job.pass(20_000);
    expect([jobs(), job.server.clock.running]).toEqual([[1, 1], 0]);
  });

  it('that is closed while it starts ends what it has started', async () => {
    for (const fails of [false, true]) {
      const job = new ScriptedJob();
      let start: (() => void) | undefined;
      const started = new Promise<void>((resolve) => (start = resolve));
      const launch: typeof job.launch = {
        start: async (order) => {
          await started;
          if (fails) throw new Error('no host');
          return job.launch.start(order);
        },
      };
      const { pool, process } = poolOn(job, { launch });
      const call = fateOf(pool.submit(TASK, 'a'));
      await job.turns();
      const closing = fateOf(pool.close().then(() => 'closed'));
      await job.turns();
      expect([closing.outcome, process.holds]).toEqual(['pending', 0]);
      start?.();
      await job.turns();
      expect(closing.outcome).toBe('closed');
      expect(call.outcome).toBeInstanceOf(Error);
      expect([job.stopped, job.server.clock.running]).toEqual([fails ? 0 : 1, 0]);
      expect(job.server.lines.every(({ destroyed }) => destroyed)).toBe(true);
    }
  });

  it('that had no call has nothing to close', async () => {
    const job = new ScriptedJob();
    const { pool, jobs } = poolOn(job);
    await pool[Symbol.asyncDispose]();
    expect(jobs()).toEqual([0, 0]);
    await expect(pool.submit(TASK, 'a')).rejects.toThrow('the pool was closed');
  });
});
