import { describe, expect, test } from 'vitest';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Job } from '../support/job.ts';

const failed = (why: string) => refused(`Worker registration failed: ${why}.`);

describe('ranks (S2)', () => {
  it('are assigned in order to any sentinel, and find returns how many there are', (server) => {
    const job = new Job(server);
    const [first, second] = [job.visitor(), job.visitor()];
    const given = [first, second, first].map((sentinel) => sentinel.get('fetch', 'worker_ids'));
    expect(given.map(({ value }) => value)).toEqual(['0', '1', '2']);
    expect(given[0]?.metadata).toEqual({ allocated: '1' });
    expect(job.master.get('find', 'worker_ids')).toMatchObject({
      value: '3',
      metadata: { allocated: '0' },
    });
  });

  it('are refused at the maximum, and the client does not become a sentinel (S2, S9)', (server) => {
    const job = new Job(server, { rankCount: '1' });
    const [sentinel, late] = [job.sentinel(), job.visitor()];
    expect(late.get('fetch', 'worker_ids')).toMatchObject({ value: '-1', metadata: { allocated: '1' } });
    expect(late.get('find', 'sentinel_alive').value).toBe('1');
    sentinel.wait('find', 'sentinel_alive');
  });

  it('are refused for a closed group', (server) => {
    const job = new Job(server);
    job.crew(1);
    expect(job.visitor().get('fetch', 'worker_ids').value).toBe('-1');
    expect(job.master.get('find', 'worker_ids').value).toBe('1');
  });

  it(
    'are limited by the server (P12)',
    (server) => {
      const sentinel = new Job(server).sentinel(2);
      expect(sentinel.get('fetch', 'worker_ids').value).toBe('-1');
    },
    { limits: { workerCount: 2 } },
  );
});

describe('registration (S3)', () => {
  it('keeps the metadata with the rank, in the order of registration', (server) => {
    const job = new Job(server);
    job.sentinel(3);
    job.worker(1, { nodename: 'snow' });
    job.worker(0, { nodename: 'rain' });
    const registrations = ['fetch', 'fetch'].map((verb) => job.master.get(verb, 'worker registrations'));
    expect(registrations).toMatchObject([
      { value: '1', metadata: { nodename: 'snow' } },
      { value: '0', metadata: { nodename: 'rain' } },
    ]);
    expect(job.master.read('rankCount')).toBe('2');
  });

  it('is refused without effect for a rank that is taken, not assigned or invalid, and for a second one on a connection', (server) => {
    const job = new Job(server);
    job.sentinel(3);
    const worker = job.worker(0);
    const stranger = job.visitor();
    expect(stranger.store('worker_ids', '0')).toMatchObject(failed('duplicate worker id'));
    expect(worker.store('worker_ids', '0')).toMatchObject(failed('duplicate worker id'));
    expect(worker.store('worker_ids', '1')).toMatchObject(failed('this connection is worker 0 already'));
    expect(stranger.store('worker_ids', '7')).toMatchObject(failed('rank 7 was never given out'));
    expect(stranger.store('worker_ids', '-1')).toMatchObject(failed('rank -1 was never given out'));
    expect(stranger.store('worker_ids', 'two')).toMatchObject(failed('the rank "two" is no number'));
    expect(job.master.read('rankCount')).toBe('1');
    expect(stranger.store('worker_ids', ' 1 ')).toMatchObject(OK);
  });

  it('is refused for a dead rank', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue' });
    job.openCrew(1).workers[0]?.leave();
    expect(job.visitor().store('worker_ids', '0')).toMatchObject(failed('the worker of rank 0 is dead'));
  });

  it('is refused for a closed group', (server) => {
    const job = new Job(server);
    job.sentinel(1);
    job.master.ask('find', 'status', { metadata: { delay: '0' } });
    server.advance(0);
    expect(job.master.reply().value).toBe('0');
    expect(job.visitor().store('worker_ids', '0')).toMatchObject(failed('group closed'));
  });
});

describe('expected workers (S4)', () => {
  it('without a maximum close the group when every assigned rank has registered', (server) => {
    const job = new Job(server);
    job.sentinel(2);
    job.worker(1);
    expect(job.phase).toBe('open');
    job.worker(0);
    expect([job.phase, job.master.read('workerCount')]).toEqual(['closed', '2']);
  });

  it('with a maximum close the group when that number has registered', (server) => {
    const job = new Job(server, { rankCount: '2' });
    job.crew(1);
    expect(job.phase).toBe('open');
    job.crew(1);
    expect(job.phase).toBe('closed');
  });

  it('freeze when the maximum is read or listed; a store sets the maximum at any time', (server) => {
    for (const freeze of [
      (job: Job) => job.master.get('find', 'workerCount'),
      (job: Job) => job.master.list(),
    ]) {
      const job = new Job(server, {}, false);
      job.sentinel(1);
      freeze(job);
      const late = job.visitor();
      expect(late.get('fetch', 'worker_ids').value).toBe('-1');
      job.master.store('workerCount', '2');
      expect(late.get('fetch', 'worker_ids').value).toBe('1');
      job.owner.leave();
    }
  });

  it('over the limit of the server are refused (P12, S4)', (server) => {
    const job = new Job(server);
    expect(job.master.store('workerCount', '100001')).toMatchObject(
      refused('Refused: 100001 workers; the limit is 100000.'),
    );
  });
});

describe('the join phase (S5)', () => {
  it('begins with status and ends after the delay of the first client, and each client gets the number', (server) => {
    const job = new Job(server, { rankCount: '5' });
    job.crew(2);
    const [first, second] = [job.visitor(), job.visitor()];
    first.wait('find', 'status', { metadata: { delay: '10' } });
    second.wait('fetch', 'status', { metadata: { delay: '1' } });
    expect(job.phase).toBe('joining');
    server.advance(9_999);
    expect([first.isWaiting, second.isWaiting]).toEqual([true, true]);
    server.advance(1);
    expect(first.reply()).toMatchObject({ ...OK, value: '2', variableId: '', index: 0 });
    expect(second.reply().value).toBe('2');
    expect(job.phase).toBe('closed');
    expect(job.master.get('find', 'status').value).toBe('2');
  });

  test.each([
    ['60 seconds', undefined, 60_000],
    ['what was stored', '7', 7_000],
  ])('without a delay lasts %s', (_, stored, milliseconds) =>
    simulated((server) => {
      const job = new Job(server, { rankCount: '5' });
      if (stored !== undefined) job.master.store('status', stored);
      job.master.wait('find', 'status');
      server.advance(milliseconds - 1);
      expect(job.master.isWaiting).toBe(true);
      server.advance(1);
      expect(job.master.reply().value).toBe('0');
    })(),
  );

  it('ends when every expected worker has registered', (server) => {
    const job = new Job(server);
    job.sentinel(1);
    job.master.wait('find', 'status');
    job.worker(0);
    expect(job.master.reply().value).toBe('1');
  });

  it('ends at once if every expected worker has registered before', (server) => {
    expect(new Job(server).master.get('find', 'status').value).toBe('0');
  });

  it('does not begin with a Try form, which reports that there is no value yet', (server) => {
    const job = new Job(server, { rankCount: '5' });
    for (const name of ['status', 'waitForWorkers'])
      expect(job.master.get('findTry', name)).toMatchObject(refused('no value available.'));
    expect(job.phase).toBe('open');
  });

  test.each([
    ['begun by status reduces the maximum to the assigned ranks', 'status', false, '2'],
    ['that a broadcast began never reduces it', 'broadcast', false, '5'],
    ['that status began does not, when it was frozen before', 'status', true, '5'],
  ])('when closing %s', (_, begin, isFrozen, expected) =>
    simulated((server) => {
      const job = new Job(server, { rankCount: '5' });
      job.sentinel(2);
      if (isFrozen) job.master.get('find', 'workerCount');
      if (begin === 'status') job.visitor().ask('find', 'status');
      else job.broadcast('x');
      server.advance(60_000);
      expect([job.phase, job.master.read('workerCount')]).toEqual(['closed', expected]);
    })(),
  );

  it('sends nothing to a client that stopped waiting (V6)', (server) => {
    const job = new Job(server, { rankCount: '5' });
    const [status, wait] = [job.visitor(), job.visitor()];
    status.wait('find', 'status');
    wait.wait('find', 'waitForWorkers');
    status.leave();
    wait.leave();
    server.advance(60_000);
    expect(job.phase).toBe('closed');
  });
});

describe('waitForWorkers (S6)', () => {
  it('returns the number after its delay, and does not close the group', (server) => {
    const job = new Job(server);
    job.openCrew(1);
    job.master.wait('find', 'waitForWorkers', { metadata: { delay: '2' } });
    server.advance(2_000);
    expect(job.master.reply()).toMatchObject({ value: '1', variableId: '', index: 0 });
    expect(job.phase).toBe('open');
  });

  it('returns the number once if the group closes earlier', (server) => {
    const job = new Job(server);
    job.sentinel(1);
    job.master.wait('find', 'waitForWorkers', { metadata: { delay: '20' } });
    job.worker(0);
    expect(job.master.reply().value).toBe('1');
    server.advance(20_000);
    expect(job.master.client.received).toBe('');
  });

  it('waits for each client as long as that client requested; the stored duration is that of status', (server) => {
    const job = new Job(server);
    job.openCrew(1);
    job.master.store('waitForWorkers', '5');
    const [first, second] = [job.visitor(), job.visitor()];
    first.wait('find', 'waitForWorkers');
    second.wait('find', 'waitForWorkers', { metadata: { delay: '3' } });
    server.advance(3_000);
    expect([first.isWaiting, second.isWaiting]).toEqual([true, false]);
    server.advance(2_000);
    expect(first.isWaiting).toBe(false);
  });

  it('returns the number at once for a closed group', (server) => {
    const job = new Job(server);
    job.crew(2);
    expect(job.master.get('find', 'waitForWorkers').value).toBe('2');
  });
});

describe('ranks that never register (S6.1)', () => {
  it('are deadbeats when the group closes: they can no longer register, and are not dead workers', (server) => {
    const job = new Job(server);
    job.openCrew(1);
    job.close();
    expect(job.visitor().store('worker_ids', '1')).toMatchObject(failed('group closed'));
    expect(job.master.read('agentStatus')).not.toMatch(/Dead workers\n {2}-/);
    expect(job.master.read('rankCount')).toBe('1');
  });

  it('do not prevent their sentinel from leaving (S13)', (server) => {
    const job = new Job(server);
    job.sentinel(1).leave();
    const { workers } = job.openCrew(0);
    expect(job.isShuttingDown).toBe(false);
    expect(workers).toEqual([]);
    expect(job.visitor().store('worker_ids', '0')).toMatchObject(failed('the worker of rank 0 is deadbeat'));
  });
});
