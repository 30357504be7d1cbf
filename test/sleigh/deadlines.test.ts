import { describe, expect, test } from 'vitest';
import type { Deadlines } from '../../src/sleigh/deadlines.ts';
import type { DeadlineName } from '../../src/sleigh/deadline-name.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import type { Visitor } from '../support/visitor.ts';

/** The number of the deadline in the keys of the store, which never changes. */
const RETURN = 3;
const OPTIONS = { reconnectGrace: '30', onDeadWorker: 'requeue', join: 'elastic' };

function deadlinesOf(server: SimulatedServer): Deadlines {
  const [sleigh] = sleighsOf(server);
  if (sleigh === undefined) throw new Error('no job');
  return sleigh.deadlines;
}
/** In how many seconds the next deadline of that name passes. */
function secondsTo(server: SimulatedServer, name: DeadlineName): number | undefined {
  const next = deadlinesOf(server).next(name);
  return next === undefined ? undefined : (next - server.now) / 1_000;
}
/** The workers whose return the store has a deadline for, each with the seconds until then. */
const recordedIn = (server: SimulatedServer): unknown[] =>
  server.stored
    .filter(({ key: [kind, , number] }) => kind === 'deadline' && number === RETURN)
    .map(({ key: [, , , rank], fields }) => [rank, (Number(fields['at']) - server.now) / 1_000]);

const groupOf = (job: Job, rank: number): string | undefined =>
  new RegExp(`^(\\w+) workers\\n(?: {2}- .*\\n)*? {2}- Worker ${rank}:`, 'm').exec(
    job.master.read('agentStatus') ?? '',
  )?.[1];

/** Two workers lose their connections, one ten seconds after the other. */
function lose(isStored = false): { server: SimulatedServer; job: Job; workers: readonly Visitor[] } {
  const server = new SimulatedServer({ isStored });
  const job = new Job(server, OPTIONS);
  job.sentinel(3);
  const workers = [0, 1].map((rank) => job.worker(rank, { session: `of ${rank}` }));
  workers[1]?.leave();
  server.advance(10_000);
  workers[0]?.leave();
  return { server, job, workers };
}

describe('the deadlines of a job', () => {
  test('pass for each worker at its own time, and the next one is known (S18)', () => {
    const { server, job } = lose();
    expect([secondsTo(server, 'return of worker'), secondsTo(server, 'joining')]).toEqual([20, undefined]);
    server.advance(19_999);
    expect([groupOf(job, 0), groupOf(job, 1)]).toEqual(['Lost', 'Lost']);
    server.advance(1);
    expect([groupOf(job, 0), groupOf(job, 1)]).toEqual(['Lost', undefined]);
    expect(secondsTo(server, 'return of worker')).toBe(10);
    server.advance(10_000);
    expect([groupOf(job, 0), groupOf(job, 1)]).toEqual([undefined, undefined]);
    expect(secondsTo(server, 'return of worker')).toBeUndefined();
  });

  test('that are stopped do not pass, and are not known any more (S18)', () => {
    const { server, job } = lose();
    job.visitor().store('worker_ids', '1', { metadata: { session: 'of 1' } });
    expect(secondsTo(server, 'return of worker')).toBe(30);
    server.advance(60_000);
    expect([groupOf(job, 0), groupOf(job, 1)]).toEqual([undefined, 'Idle']);
  });

  test('are in the store until they have passed or are stopped (D8)', () => {
    const { server, job } = lose(true);
    expect(recordedIn(server)).toEqual([
      [0, 30],
      [1, 20],
    ]);
    server.advance(20_000);
    expect(recordedIn(server)).toEqual([[0, 10]]);
    job.visitor().store('worker_ids', '0', { metadata: { session: 'of 0' } });
    expect(recordedIn(server)).toEqual([]);
  });

  test.each([
    [3_500, 6.5],
    [10_250, -0.25],
  ])(
    'continue after a crash of the server %i ms later; one that has passed is due at once (D8)',
    (later, left) => {
      const before = new SimulatedServer();
      new Job(before, { workerGracePeriod: '10' }).sentinel();
      before.now += later;
      const server = before.crash();
      expect(secondsTo(server, 'grace')).toBe(left);
      server.advance(Math.max(left * 1_000 - 1, 0));
      expect(secondsTo(server, 'grace')).toBe(left < 0 ? undefined : 0.001);
      server.advance(1);
      expect(secondsTo(server, 'grace')).toBeUndefined();
      server.end();
    },
  );

  test('of the join phase and of the grace period are told apart (S5, S14)', () => {
    const server = new SimulatedServer({ isStored: false });
    const job = new Job(server, { workerGracePeriod: '10' });
    job.sentinel();
    const asker = job.visitor();
    asker.wait('find', 'status', { metadata: { delay: '5' } });
    const running = (): unknown[] => [secondsTo(server, 'joining'), secondsTo(server, 'grace')];
    expect(running()).toEqual([5, 10]);
    server.advance(5_000);
    expect([asker.isWaiting, ...running()]).toEqual([false, undefined, 5]);
    asker.reply();
  });
});
