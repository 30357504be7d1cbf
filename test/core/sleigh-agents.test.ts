import { describe, expect, vi } from 'vitest';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { it } from '../support/on-server.ts';
import { OK, refused } from '../support/replies.ts';
import type { SimulatedServer } from '../support/simulated-server.ts';
import { workerCounts } from '../../src/views/actors.ts';
import { OPEN, SESSION, Supervised } from './supervised.ts';

const requeue = { onDeadWorker: 'requeue' };
const DEAD = refused('worker is dead');

function crewOf(server: SimulatedServer) {
  const [sleigh] = sleighsOf(server);
  if (sleigh === undefined) throw new Error('there is no job');
  return sleigh.crew;
}

describe('the workers of a sentinel that disconnects (S13)', () => {
  it('die before those with a task, if they have none, so that no task goes to a dying one', (server) => {
    const job = new Job(server, { ...requeue, maxAttempts: '2' });
    const sentinel = job.sentinel(2);
    job.sentinel(2);
    const [busy, idle, left] = [0, 1, 2].map((rank) => job.worker(rank));
    job.task('a task', { batchId: 'a' });
    busy?.get('fetch', 'task');
    idle?.wait('fetch', 'task');
    sentinel.leave();
    expect(idle?.reply()).toMatchObject(DEAD);
    expect(left?.get('fetch', 'task')).toMatchObject({ value: 'a task' });
    // It is the second attempt, after which there is no further one.
    left?.leave();
    expect(job.results('a')).toMatchObject([{ metadata: { nwsNull: '1' } }]);
  });

  it('return their tasks in the order of their ranks, also if some were replaced (S19)', (server) => {
    const at = new Supervised(server, { ranks: 4, registered: 3 });
    const { job } = at;
    const other = job.visitor();
    at.report(0);
    at.replace(0);
    const free = job.worker(job.rank(other));
    for (const rank of [0, 1, 2]) {
      job.task(`task ${rank}`);
      at.worker(rank).get('fetch', 'task');
    }
    at.sentinel.leave();
    const values = [0, 1, 2].map(() => {
      const { value } = free.get('fetch', 'task');
      free.store('result', 'done');
      return value;
    });
    // Each goes to the front of the queue.
    expect(values).toEqual(['task 2', 'task 1', 'task 0']);
  });

  it('die before its reserved ranks expire, so that waitForWorkers does not count them (S17)', (server) => {
    const job = new Job(server, { join: 'elastic' });
    const [sentinel] = [job.sentinel(2), job.sentinel()];
    job.worker(0);
    job.worker(2);
    const asker = job.visitor();
    asker.wait('find', 'waitForWorkers');
    sentinel.leave();
    expect(asker.reply().value).toBe('1');
  });
});

describe('a connection that is a sentinel and a worker', () => {
  it('stays that of the sentinel when the worker comes back on another one (S18)', (server) => {
    const job = new Job(server, { ...requeue, reconnectGrace: '30' });
    const both = job.sentinel(2);
    const metadata = { session: 'mine' };
    expect(both.store('worker_ids', '0', { metadata })).toMatchObject(OK);
    const back = job.visitor();
    expect(back.store('worker_ids', '0', { metadata })).toMatchObject(OK);
    both.leave();
    expect(back.get('fetch', 'task')).toMatchObject(DEAD);
  });
});

describe('a rank whose worker is replaced (S19)', () => {
  it('counts all of its workers, of which the sentinel has only the last one', (server) => {
    const at = new Supervised(server, OPEN);
    for (let n = 0; n < 3; n++) {
      at.report(0);
      at.replace(0);
    }
    const [sentinel] = crewOf(server).sentinels;
    expect(Array.from(sentinel?.workers ?? [], ({ rank }) => rank)).toEqual([1, 2, 0]);
    const board = at.job.master.get('find', 'scoreboard', { metadata: { replaced: '1' } }).value ?? '';
    expect(board.match(/^Worker 0:.*\t(\d+)$/m)?.[1]).toBe('3');
    const [sleigh] = sleighsOf(server);
    expect(sleigh && workerCounts(sleigh)).toEqual({ 'registered.idle': 2, reserved: 1 });
  });

  it('and how often is known after a crash of the server', (first) => {
    const at = new Supervised(first, OPEN);
    for (let n = 0; n < 2; n++) {
      at.report(0);
      at.replace(0);
    }
    const second = first.crash();
    second.expectRightStore();
    const client = second.connect();
    client.call(['use ws', 'job', 'x', 'no']);
    const status = client.call(['findTry', 'job', 'jobStatus'], { all: '1' });
    expect(status.metadata).toMatchObject({ nwsReplacements: '2' });
    const [sleigh] = sleighsOf(second);
    // Those who were there have left, because their connections have closed.
    expect(sleigh && Object.keys(workerCounts(sleigh))).not.toContain('registered.idle');
    expect(sleigh?.crew.past('dead')).toBe(2);
    client.disconnect();
    second.end();
  });
});

describe('the order of agents in agentStatus (S12)', () => {
  it('is that of their last changes', (server) => {
    const job = new Job(server, requeue);
    const [first, second, third] = [job.sentinel(), job.sentinel(), job.sentinel()];
    for (const sentinel of [third, first, second]) sentinel.wait('find', 'sentinel_alive');
    const listed = (): (string | undefined)[] =>
      [...(job.master.read('agentStatus') ?? '').matchAll(/- (Sentinel|Worker) (\d+)/g)].map(
        ([, kind, number]) => `${kind} ${number}`,
      );
    expect(listed()).toEqual(['Sentinel 2', 'Sentinel 0', 'Sentinel 1']);
    for (const rank of [1, 0, 2]) job.worker(rank);
    expect(listed().slice(0, 3)).toEqual(['Worker 1', 'Worker 0', 'Worker 2']);
    server.advance(60_000);
    for (const sentinel of [first, second, third]) sentinel.reply();
    expect(listed().slice(3)).toEqual(['Sentinel 2', 'Sentinel 0', 'Sentinel 1']);
  });
});

describe('the host of a worker', () => {
  it('is the one of its registration, shortened, or else that of its connection', (server) => {
    const job = new Job(server);
    job.sentinel(3);
    const most = BOUNDS.hostBytes.value;
    job.worker(0, { host: 'ada' });
    job.worker(1, { host: 'h'.repeat(most + 1) });
    const { peer } = job.worker(2).client;
    expect(crewOf(server).workers.map(({ host }) => host)).toEqual([
      'ada',
      'h'.repeat(most),
      peer.replace(/:\d+$/, ''),
    ]);
  });
});

describe('registrations (S3)', () => {
  it('accept a session of as many characters as allowed, and none that is longer', (server) => {
    const job = new Job(server, { reconnectGrace: '30' });
    job.sentinel(2);
    const most = BOUNDS.sessionBytes.value;
    const register = (session: string) => job.visitor().store('worker_ids', '0', { metadata: { session } });
    expect(register('s'.repeat(most + 1)).status).toBe('0001');
    expect(register('s'.repeat(most))).toMatchObject(OK);
  });

  it('allow to come back with any grace period over 0 (S18)', (server) => {
    const job = new Job(server, { ...requeue, reconnectGrace: '1' });
    job.sentinel(2);
    const worker = job.visitor();
    const reply = worker.store('worker_ids', '0', { metadata: { session: 'mine' } });
    expect(reply.metadata).toEqual({ nwsBusy: '0', nwsGrace: '1' });
    worker.leave();
    server.advance(999);
    expect(job.master.read('rankCount')).toBe('1');
    server.advance(1);
    expect(job.master.read('rankCount')).toBe('0');
  });

  it('are announced without the session, and in an elastic group only the last ones are kept (S17)', (server) => {
    const job = new Job(server, { join: 'elastic' });
    const most = BOUNDS.announcedRegistrations.value;
    job.sentinel(2);
    // As if so many had registered before.
    for (let n = 2; n < most; n++) job.master.store('worker registrations', 'earlier');
    job.master.store('worker registrations', 'second');
    const [sleigh] = sleighsOf(server);
    const counted = () => sleigh?.workspace.variable('worker registrations').behaviour.counts.values;
    expect(counted()).toBe(most - 1);
    job.worker(0, { session: 'mine', host: 'ada' });
    expect(counted()).toBe(most);
    job.worker(1);
    expect(counted()).toBe(most);
    const values: string[] = [];
    let last = job.master.get('fetchTry', 'worker registrations');
    for (; last.status === OK.status; last = job.master.get('fetchTry', 'worker registrations')) {
      values.push(last.value);
      if (last.value === '0') expect(last.metadata).toEqual({ host: 'ada' });
    }
    expect(values.slice(-3)).toEqual(['second', '0', '1']);
  });

  it('under a rank that is not kept any more say whether it was ever given out', (first) => {
    const job = new Job(first, { join: 'elastic' });
    job.sentinel(2);
    const { stored } = first;
    vi.spyOn(first, 'stored', 'get').mockReturnValue(stored.filter(({ key: [kind] }) => kind !== 'worker'));
    const second = first.crash();
    vi.restoreAllMocks();
    const client = second.connect();
    client.call(['use ws', 'job', 'x', 'no']);
    const register = (rank: number): string =>
      client.call(['store', 'job', 'worker_ids', '1', String(rank)]).reason;
    expect([0, 1, 2, -1].map(register)).toEqual([
      'Worker registration failed: the worker of rank 0 has ended.',
      'Worker registration failed: the worker of rank 1 has ended.',
      'Worker registration failed: rank 2 was never given out.',
      'Worker registration failed: rank -1 was never given out.',
    ]);
  });
});

describe('the names of actors', () => {
  it('belong to the workers and sentinels of these numbers', (server) => {
    const job = new Job(server);
    job.sentinel(2);
    job.sentinel(1);
    const crew = crewOf(server);
    const ids = ['worker.0', 'worker.2', 'sentinel.0', 'sentinel.1'];
    expect(ids.map((id) => crew.actor(id)?.id)).toEqual(ids);
    const others = ['worker.3', 'sentinel.2', 'worker', 'worker.x'];
    expect(others.map((id) => crew.actor(id))).toEqual(others.map(() => undefined));
  });
});

it('a supervising sentinel is told once when a plugin ends it, also after a heartbeat (S9, S30)', (server) => {
  const job = new Job(server, requeue);
  const sentinel = job.visitor();
  sentinel.get('fetch', 'worker_ids', { metadata: { session: SESSION } });
  sentinel.wait('find', 'sentinel_alive');
  server.advance(60_000);
  expect(sentinel.reply().value).toBe('0');
  server.handle({
    type: 'jobOperation',
    operation: 1,
    job: 'job',
    what: { type: 'killSentinel', sentinel: 0 },
  });
  expect(server.outcomes.get(1)).toBeUndefined();
  expect(sentinel.get('find', 'sentinel_alive').value).toBe('1');
});
