import { describe, expect, test } from 'vitest';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Job } from '../support/job.ts';
import type { Visitor } from '../support/visitor.ts';

const OVER = refused('sleigh is dead');
const SHUTTING_DOWN = refused('Store failed: sleigh is shutting down.', '5001');
const PURGED = refused('Variable purged.');

const end = (job: Job): unknown => job.owner.store('Sleigh ride over', '1');

describe('a sleigh that is shut down (S14)', () => {
  it('tells waiting sentinels to stop and waiting masters that it is dead, and leaves workers to their sentinels', (server) => {
    const job = new Job(server);
    const { sentinel, workers } = job.crew(2);
    sentinel.wait('find', 'sentinel_alive');
    job.master.wait('fetch', 'result', { metadata: { batchId: 'b' } });
    for (const worker of workers) worker.wait('fetch', 'task');
    expect(end(job)).toMatchObject(OK);
    expect(sentinel.reply()).toMatchObject({ value: '1', variableId: '' });
    expect(job.master.reply()).toMatchObject(OVER);
    expect(workers.map(({ isWaiting }) => isWaiting)).toEqual([true, true]);
    server.advance(9_999);
    expect(workers.map(({ isWaiting }) => isWaiting)).toEqual([true, true]);
    server.advance(1);
    expect(workers.map((worker) => worker.reply())).toMatchObject([OVER, OVER]);
  });

  it('notifies a waiting worker when its sentinel leaves', (server) => {
    const job = new Job(server);
    const { sentinel, workers } = job.crew(2);
    workers[0]?.wait('fetch', 'task');
    end(job);
    sentinel.leave();
    expect(workers[0]?.reply()).toMatchObject(OVER);
    expect(workers[1]?.isWaiting).toBe(false);
  });

  it('does not notify the workers of another sentinel', (server) => {
    const job = new Job(server);
    const [first, second] = [job.sentinel(), job.sentinel()];
    const [, worker] = [job.worker(0), job.worker(1)];
    worker.wait('fetch', 'task');
    end(job);
    first.leave();
    expect(worker.isWaiting).toBe(true);
    second.leave();
    expect(worker.reply()).toMatchObject(OVER);
  });

  it('hands out no tasks and no results, and lets no client wait', (server) => {
    const job = new Job(server);
    const { sentinel, workers } = job.crew(1);
    end(job);
    for (const variable of ['task', 'broadcast'])
      expect(job.master.store(variable, 'x')).toMatchObject(SHUTTING_DOWN);
    for (const visitor of [job.master, workers[0]])
      for (const variable of ['task', 'result'])
        for (const verb of ['fetch', 'fetchTry']) expect(visitor?.get(verb, variable)).toMatchObject(OVER);
    for (const verb of ['find', 'findTry']) expect(sentinel.get(verb, 'sentinel_alive').value).toBe('1');
    expect(sentinel.get('find', 'sentinel_alive').value).toBe('1');
  });

  test.each([0, 20_000])('accepts and counts a result of a worker, also %d ms later', (later) =>
    simulated((server) => {
      const job = new Job(server);
      const [worker] = job.crew(1).workers;
      job.task('a');
      worker?.get('fetch', 'task');
      end(job);
      server.advance(later);
      expect(worker?.store('result', 'A')).toMatchObject(OK);
      expect(job.status()).toEqual({ pending: 0, running: 0 });
      expect(job.master.read('scoreboard')).toContain('\t1\t');
    })(),
  );

  it('still accepts workers, answers status and waitForWorkers, and allows every other read', (server) => {
    const job = new Job(server, { rankCount: '4' });
    job.crew(1);
    end(job);
    const late = job.crew(1);
    expect(late.sentinel.get('find', 'sentinel_alive').value).toBe('1');
    expect(job.master.read('rankCount')).toBe('2');
    job.master.wait('find', 'waitForWorkers', { metadata: { delay: '1' } });
    server.advance(1_000);
    expect(job.master.reply().value).toBe('2');
    job.master.wait('find', 'status', { metadata: { delay: '1' } });
    server.advance(30_000);
    expect(job.master.reply().value).toBe('2');
    expect(job.phase).toBe('closed');
  });

  it('treats a worker that disconnects as left and not as dead', (server) => {
    const job = new Job(server);
    const { sentinel, workers } = job.crew(2);
    job.task('a');
    workers[0]?.get('fetch', 'task');
    end(job);
    workers[0]?.leave();
    sentinel.leave();
    expect(job.master.read('agentStatus')).not.toMatch(/Dead \w+\n {2}-/);
    expect([job.master.read('rankCount'), job.status()]).toEqual(['1', { pending: 0, running: 0 }]);
  });

  it('ignores the report of a death', (server) => {
    const job = new Job(server);
    const { sentinel } = job.crew(1);
    end(job);
    sentinel.store('worker_dead', '0');
    expect(job.master.read('rankCount')).toBe('1');
  });

  it('notifies a waiting client that is not a worker after the drain period', (server) => {
    const job = new Job(server);
    job.master.wait('fetch', 'task');
    end(job);
    server.advance(10_000);
    expect(job.master.reply()).toMatchObject(OVER);
  });

  it('ignores a second store to the variable, which is then ordinary', (server) => {
    const job = new Job(server);
    for (const value of ['any', 'value'])
      expect(job.master.store('Sleigh ride over', value)).toMatchObject(OK);
    expect(['fetch', 'fetch'].map((verb) => job.master.get(verb, 'Sleigh ride over').value)).toEqual([
      'any',
      'value',
    ]);
  });

  it('discards the queued values with the sleigh', (server) => {
    const job = new Job(server);
    job.crew(1);
    job.task('a'.repeat(1_000));
    job.broadcast('b'.repeat(1_000));
    end(job);
    server.advance(10_000);
    expect(job.status()).toEqual({ pending: 0, running: 0 });
    expect(job.master.list()).toContain('task\t0\t0\t0\tcustom');
  });
});

describe('a sleigh shuts down by itself (S14.1)', () => {
  const ways: [string, (job: Job) => void][] = [
    ['the grace period ends', (job) => job.server.advance(300_000)],
    ['the server stops', (job) => job.server.handle({ type: 'stopping' })],
  ];

  test.each(ways)('and stores `1` to `Sleigh ride over`: %s', (_, happen) =>
    simulated((server) => {
      const job = new Job(server, { durable: 'none' });
      const watcher = job.visitor();
      watcher.wait('find', 'Sleigh ride over');
      happen(job);
      expect(watcher.reply().value).toBe('1');
    })(),
  );

  it('and notifies waiting workers at once', (server) => {
    const job = new Job(server);
    const { workers } = job.crew(3);
    workers[1]?.wait('fetch', 'task');
    workers[2]?.wait('fetch', 'task');
    const stranger = job.visitor();
    stranger.wait('fetch', 'task');
    workers[0]?.leave();
    for (const visitor of [workers[1], workers[2], stranger]) expect(visitor?.reply()).toMatchObject(OVER);
    expect(workers[1]?.get('fetch', 'task')).toMatchObject(OVER);
  });
});

describe('the grace period (S15)', () => {
  it('shuts the sleigh down if no worker is registered at its end', (server) => {
    const job = new Job(server, { workerGracePeriod: '10' });
    const sentinel = job.sentinel();
    sentinel.wait('find', 'sentinel_alive');
    job.master.wait('fetch', 'result');
    server.advance(9_999);
    expect(job.master.isWaiting).toBe(true);
    server.advance(1);
    expect([job.master.reply(), sentinel.reply()]).toMatchObject([OVER, { value: '1' }]);
  });

  it('lets the job continue if a worker is registered at its end', (server) => {
    const job = new Job(server, { workerGracePeriod: '10' });
    job.openCrew(1);
    server.advance(1_000_000);
    expect(job.isShuttingDown).toBe(false);
  });

  it('also applies to a group that closed without workers', (server) => {
    const job = new Job(server, { workerGracePeriod: '100' });
    job.sentinel();
    job.close();
    expect(job.isShuttingDown).toBe(false);
    server.advance(100_000);
    expect(job.isShuttingDown).toBe(true);
  });
});

/** A waiting client for everything that a client can wait for. */
function everyoneWaits(job: Job): Visitor[] {
  const { sentinel, workers } = job.openCrew(1);
  const waits: [Visitor, string][] = [
    [sentinel, 'sentinel_alive'],
    ...workers.map((worker): [Visitor, string] => [worker, 'task']),
    [job.visitor(), 'task'],
    [job.visitor(), 'result'],
    [job.visitor(), 'status'],
    [job.visitor(), 'waitForWorkers'],
    [job.visitor(), 'bye'],
    [job.visitor(), 'Sleigh ride over'],
  ];
  for (const [visitor, variable] of waits) visitor.wait('fetch', variable);
  return waits.map(([visitor]) => visitor);
}

describe('deleting the workspace of a sleigh (S16)', () => {
  const ways: [string, (job: Job) => void][] = [
    ['delete ws', (job) => job.master.client.call(['delete ws', 'job'])],
    ['its owner leaves (W6)', (job) => job.owner.leave()],
  ];

  test.each(ways)('%s notifies waiting clients and stops all timers', (_, remove) =>
    simulated((server) => {
      const job = new Job(server, {}, false);
      const waiting = everyoneWaits(job);
      remove(job);
      expect(waiting.map((visitor) => visitor.reply())).toMatchObject(waiting.map(() => PURGED));
      expect(server.core.counts.timers).toBe(0);
      server.advance(1_000_000);
      expect(waiting.map(({ client }) => client.received)).toEqual(waiting.map(() => ''));
    })(),
  );

  it('is prevented under requeue when a worker or sentinel that had opened it disconnects while another owner remains (W6.1)', (server) => {
    for (const onDeadWorker of ['requeue', 'shutdown', 'null']) {
      const job = new Job(server, { onDeadWorker }, false);
      const { sentinel, workers } = job.openCrew(2);
      const [worker] = workers;
      for (const agent of [worker, sentinel]) agent?.client.call(['open ws', 'job', 'a worker of old', 'no']);
      job.task('t');
      worker?.get('fetch', 'task');
      worker?.leave();
      const isThere = (): boolean => server.connect().call(['list wss', 'job']).value !== '\n';
      expect(isThere()).toBe(onDeadWorker === 'requeue');
      if (!isThere()) continue;
      expect(workers[1]?.get('fetch', 'task').value).toBe('t');
      sentinel.leave();
      expect(isThere()).toBe(true);
      job.owner.leave();
      expect(isThere()).toBe(false);
    }
  });

  it('happens under requeue when its last owner disconnects, or an owner that is not a worker (W6, W6.1)', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' }, false);
    const { workers } = job.openCrew(1);
    const [worker] = workers;
    worker?.client.call(['open ws', 'job', 'a worker of old', 'no']);
    job.owner.leave();
    expect(server.connect().call(['list wss', 'job']).value).toBe('\n');
  });

  it('while workers are busy, during the drain period or after it, leaves nothing behind', (server) => {
    for (const milliseconds of [0, 5_000, 20_000]) {
      const job = new Job(server, {}, false);
      const { workers } = job.crew(2);
      job.broadcast('b');
      job.task('t');
      workers[0]?.get('fetch', 'task');
      if (milliseconds > 0) end(job);
      server.advance(milliseconds);
      job.owner.leave();
      expect([server.core.counts.timers, server.core.accounting.bytes]).toEqual([0, 0]);
      for (const worker of workers) worker.leave();
    }
  });

  it('allows a new one under the same name without any state of the old one', (server) => {
    const old = new Job(server, {}, false);
    const [worker] = old.openCrew(1).workers;
    old.task('x');
    old.owner.leave();
    const job = new Job(server, {}, false);
    expect(job.status()).toEqual({ pending: 0, running: 0 });
    expect(worker?.get('fetch', 'task').status).toBe('0100');
    worker?.leave();
    expect(job.isShuttingDown).toBe(false);
  });
});
