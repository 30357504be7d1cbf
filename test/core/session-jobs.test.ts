import { describe, expect, test } from 'vitest';
import { sleighsOf } from '../support/invariants.ts';
import { Job } from '../support/job.ts';
import { it } from '../support/on-server.ts';
import { differences } from '../support/projection.ts';
import { OK, refused } from '../support/replies.ts';
import type { Entries, SimulatedClient } from '../support/simulated-client.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';
import { GRACE, itLoses, LOSSES, SessionClient } from './session-client.ts';

const JOB = { wstype: 'sleigh', onDeadWorker: 'requeue', reconnectGrace: '60', sentinelRefreshPeriod: '10' };

/** A job with a master, a sentinel with one worker under S18, and a task that the worker has. */
function aJob(server: SimulatedServer) {
  const master = new SessionClient(server, 'of the master');
  master.call(['open ws', 'job', 'me', 'no'], JOB);
  const sentinel = new SessionClient(server, 'of the sentinel');
  sentinel.call(['use ws', 'job', 'me', 'no']);
  expect(sentinel.call(['fetch', 'job', 'worker_ids'], { session: 's' })).toMatchObject({ value: '0' });
  return { master, sentinel };
}

const registers = (server: SimulatedServer, metadata: Entries) => {
  const worker = server.connect();
  worker.call(['use ws', 'job', 'me', 'no']);
  const { status, metadata: told } = worker.call(['store', 'job', 'worker_ids', '1', '0'], {
    session: 'w',
    ...metadata,
  });
  return { worker, status, told };
};

describe('a file in a kept reply that the task of a worker has as well (P11, P15.1)', () => {
  const LONG = 'long '.repeat(1_001);

  it(
    'stays when the reply is acknowledged after a crash: the task goes to another worker',
    (first) => {
      const master = new SessionClient(first, 'of the master');
      master.call(['open ws', 'job', 'me', 'no'], JOB);
      const one = new SessionClient(first, 'of one worker');
      const another = new SessionClient(first, 'of another worker');
      for (let n = 0; n < 2; n++) master.call(['fetch', 'job', 'worker_ids']);
      for (const [rank, worker] of [one, another].entries()) {
        worker.call(['use ws', 'job', 'me', 'no']);
        expect(worker.call(['store', 'job', 'worker_ids', '1', String(rank)])).toMatchObject(OK);
      }
      master.call(['store', 'job', 'task', '1', LONG]);
      one.send(['fetch', 'job', 'task']);
      expect(one.client.reply()).toMatchObject({ value: LONG });
      const server = first.crash();
      one.resume(server);
      one.repeat(['fetch', 'job', 'task']);
      expect(one.reply()).toMatchObject({ value: LONG });
      one.call(['list wss', 'job']);
      one.call(['end session']);
      one.lose();
      another.resume(server);
      expect(another.call(['fetch', 'job', 'task'])).toMatchObject({ value: LONG });
      another.call(['store', 'job', 'result', '1', 'done']);
      another.call(['list wss', 'job']);
      expect(server.files.count).toBe(0);
      server.end();
    },
    { limits: { longValueBytes: 5_000 } },
  );
});

/** The address of a sentinel, as the store has it. */
const peerOf = (server: SimulatedServer) =>
  server.stored.find(({ key }) => key[0] === 'sentinel')?.fields['peer'];

it('a session after a restart is not the sentinel that another session was, which has left (P15, D4)', (first) => {
  const { master, sentinel } = aJob(first);
  sentinel.call(['end session']);
  sentinel.lose();
  const second = first.crash();
  master.resume(second);
  // So that the other one has another address.
  second.connect();
  const another = new SessionClient(second, 'of another client');
  another.call(['use ws', 'job', 'me', 'no']);
  expect(peerOf(second)).toBe(peerOf(first));
  // The store has what the server has, or this throws.
  const third = second.crash();
  third.end();
});

describe.each(LOSSES)('a job of sessions (P15, S13, S18) when %s', (_, lose) => {
  const it = itLoses(lose);

  it('continues: the sentinel keeps its worker, the worker its task, and the master gets the result once', (first, lost) => {
    const { master, sentinel } = aJob(first);
    const { worker } = registers(first, {});
    sentinel.send(['fetch', 'job', 'sentinel_alive']);
    master.call(['store', 'job', 'task', '1', 'a task'], { batchId: 'b' });
    expect(worker.call(['fetch', 'job', 'task'])).toMatchObject({
      value: 'a task',
      metadata: { nwsTask: '1' },
    });
    master.send(['fetch', 'job', 'result'], { batchId: 'b' });

    const server = lost(master, sentinel);
    if (server === first) worker.disconnect();
    master.resume(server);
    sentinel.resume(server);
    sentinel.repeat(['fetch', 'job', 'sentinel_alive']);
    master.repeat(['fetch', 'job', 'result'], { batchId: 'b' });
    expect(server.connect().call(['list wss', 'job']).value).toMatch(/^ job/);

    const back = registers(server, { doing: '1' });
    expect(back).toMatchObject({ status: '0000', told: { nwsBusy: '1' } });
    expect(back.worker.call(['store', 'job', 'result', '1', 'done'])).toMatchObject(OK);
    expect(master.reply()).toMatchObject({ value: 'done', metadata: { batchId: 'b' } });
    server.advance(10_000);
    expect(sentinel.reply()).toMatchObject({ value: '0' });
    expect(sentinel.call(['fetch', 'job', 'worker_ids'], { session: 's', replaces: '0' })).toMatchObject({
      value: '0',
    });
    expect(master.call(['find', 'job', 'jobStatus'], { batchId: 'b' })).toMatchObject({ value: '0' });
    master.call(['store', 'job', 'Sleigh ride over', '1', '1']);
    expect(sentinel.call(['fetch', 'job', 'sentinel_alive'])).toMatchObject({ value: '1' });
  });

  it('a result that was taken without a reply is given once, to the same master (P15.1)', (first, lost) => {
    const { master } = aJob(first);
    const { worker } = registers(first, {});
    master.call(['store', 'job', 'task', '1', 'a task'], { batchId: 'b' });
    worker.call(['fetch', 'job', 'task']);
    worker.call(['store', 'job', 'result', '1', 'done']);
    master.send(['fetch', 'job', 'result'], { batchId: 'b' });
    const server = lost(master);
    master.resume(server);
    master.repeat(['fetch', 'job', 'result'], { batchId: 'b' });
    expect(master.reply()).toMatchObject({ value: 'done' });
    expect(master.call(['fetchTry', 'job', 'result'], { batchId: 'b' }).status).toBe('0001');
  });

  it('a sentinel that has not come back within its grace has died, and its workers with it (P15.3, S13)', (first, lost) => {
    const { master, sentinel } = aJob(first);
    registers(first, {});
    const server = lost(master);
    master.resume(server);
    lost(sentinel);
    sentinel.lose();
    const status = (): string => master.call(['find', 'job', 'agentStatus']).value ?? '';
    expect(status()).toMatch(/Active sentinels/);
    server.advance(GRACE * 1000);
    expect(status()).toMatch(/Dead workers/);
    expect(status()).toMatch(/Dead sentinels/);
  });

  it('a worker of a session that waits for a task asks again (P15.5)', (first, lost) => {
    const { master } = aJob(first);
    const worker = new SessionClient(first, 'of the worker');
    worker.call(['use ws', 'job', 'me', 'no']);
    worker.call(['store', 'job', 'worker_ids', '1', '0']);
    worker.send(['fetch', 'job', 'task']);
    const server = lost(worker, master);
    worker.resume(server);
    master.resume(server);
    worker.repeat(['fetch', 'job', 'task']);
    master.call(['store', 'job', 'task', '1', 'a task']);
    expect(worker.reply()).toMatchObject({ value: 'a task' });
  });
});

const formerWorkersIn = (server: SimulatedServer) =>
  server.stored.filter(({ key: [kind] }) => kind === 'formerWorker');

/** The ids of the actors that each session is or was, which the page shows. */
const actorsOfSessions = (server: SimulatedServer) => {
  const [job] = sleighsOf(server);
  return [...server.core.sessions.all].map((session) =>
    [...(job?.crew.actorsOf(session) ?? [])].map(({ id }) => id),
  );
};

/** What a worker that has ended is told (S3, S7), whatever rank it asks for. */
const expectEnded = (worker: SessionClient): void => {
  for (const variable of ['task', 'result'])
    expect(worker.call(['fetch', 'job', variable])).toMatchObject(refused('worker is dead'));
  expect(worker.call(['store', 'job', 'worker_ids', '1', '1'])).toMatchObject(
    refused('Worker registration failed: this connection is worker 0 already.'),
  );
};

/** A job with a worker that is dead by the report of its sentinel, and another rank. */
function aDeadWorker(server: SimulatedServer) {
  const { master, sentinel } = aJob(server);
  sentinel.call(['fetch', 'job', 'worker_ids']);
  const worker = new SessionClient(server, 'of the worker');
  worker.call(['use ws', 'job', 'me', 'no']);
  expect(worker.call(['store', 'job', 'worker_ids', '1', '0'])).toMatchObject(OK);
  sentinel.call(['store', 'job', 'worker_dead', '1', '0'], { session: 's', task: 'tried' });
  expectEnded(worker);
  return { master, sentinel, worker };
}

describe.each(LOSSES)('a worker of a session that has ended (S7, P15), when %s', (_, lose) => {
  const it = itLoses(lose);

  it('is dead to whoever asks for work until the session ends', (first, lost) => {
    const { master, sentinel, worker } = aDeadWorker(first);
    const comesBack = () => worker.call(['store', 'job', 'worker_ids', '1', '0']).reason;
    const reason = comesBack();
    expect(actorsOfSessions(first)).toEqual([[], ['sentinel.0'], ['worker.0']]);
    const server = lost(worker, master, sentinel);
    worker.resume(server);
    expectEnded(worker);
    expect(comesBack()).toBe(reason);
    expect(actorsOfSessions(server)).toEqual([[], ['sentinel.0'], ['worker.0']]);
    expect(formerWorkersIn(server)).toMatchObject([{ fields: { rank: 0 } }]);
    worker.call(['end session']);
    worker.lose();
    expect(formerWorkersIn(server)).toEqual([]);
  });

  it('is dead when another worker has its rank, and takes no task from it (S19)', (first, lost) => {
    const { master, sentinel, worker } = aDeadWorker(first);
    sentinel.call(['fetch', 'job', 'worker_ids'], { session: 's', replaces: '0' });
    const { worker: next } = registers(first, {});
    const server = lost(worker, master, sentinel);
    if (server === first) next.disconnect();
    worker.resume(server);
    expectEnded(worker);
    const back = registers(server, { doing: '0' });
    expect(back).toMatchObject({ status: '0000' });
    back.worker.send(['fetch', 'job', 'task']);
    master.resume(server);
    master.call(['store', 'job', 'task', '1', 'a task']);
    expect(back.worker.reply()).toMatchObject({ value: 'a task' });
    expectEnded(worker);
    worker.call(['end session']);
    worker.lose();
    expect(formerWorkersIn(server)).toEqual([]);
  });

  it('is forgotten with the job, whoever has its rank', (first, lost) => {
    const { master, sentinel, worker } = aDeadWorker(first);
    sentinel.call(['fetch', 'job', 'worker_ids'], { session: 's', replaces: '0' });
    const server = lost(worker, master, sentinel);
    for (const client of [master, sentinel, worker]) client.resume(server);
    master.call(['delete ws', 'job']);
    expect(formerWorkersIn(server)).toEqual([]);
    master.call(['open ws', 'job', 'me', 'no'], JOB);
    for (const client of [sentinel, worker]) client.call(['use ws', 'job', 'me', 'no']);
    worker.send(['fetch', 'job', 'task']);
    expect(worker.client.take()).toBe('');
  });
});

/** A job with a sentinel that is dead because it has stayed away (S13), and a master. */
function aDeadSentinel(server: SimulatedServer) {
  const { master, sentinel } = aJob(server);
  sentinel.call(['fetchTry', 'job', 'sentinel_alive']);
  server.advance(30_000);
  expect(master.call(['find', 'job', 'agentStatus']).value).toMatch(/Dead sentinels/);
  return { master, sentinel };
}

/** What a sentinel that has ended is told (S2, S9, S19). */
const expectEndedSentinel = (sentinel: SessionClient): void => {
  expect(sentinel.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: '-1' });
  expect(sentinel.call(['fetch', 'job', 'worker_ids'], { session: 's', replaces: '0' })).toMatchObject({
    value: '-1',
  });
  expect(sentinel.call(['fetchTry', 'job', 'sentinel_alive'])).toMatchObject({ value: '1' });
};

describe.each(LOSSES)(
  'a sentinel of a session that is dead because it has stayed away (S2, S13), when %s',
  (_, lose) => {
    const it = itLoses(lose);

    it('is given no rank until the session ends', (first, lost) => {
      const { master, sentinel } = aDeadSentinel(first);
      expectEndedSentinel(sentinel);
      const server = lost(sentinel, master);
      sentinel.resume(server);
      expectEndedSentinel(sentinel);
      expect(actorsOfSessions(server)).toEqual([[], ['sentinel.0']]);
      sentinel.call(['end session']);
      sentinel.lose();
      const another = new SessionClient(server, 'of another sentinel');
      another.call(['use ws', 'job', 'me', 'no']);
      expect(another.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: '1' });
    });
  },
);

describe('the number of a session (D20)', () => {
  it('is not given again after a restart: a sentinel that has ended is no later session', (first) => {
    const { sentinel } = aDeadSentinel(first);
    sentinel.call(['end session']);
    sentinel.lose();
    const second = first.crash();
    const another = new SessionClient(second, 'of another sentinel');
    another.call(['use ws', 'job', 'me', 'no']);
    const third = second.crash();
    another.resume(third);
    expect(actorsOfSessions(third)).toEqual([[], []]);
    expect(another.call(['fetch', 'job', 'worker_ids'])).toMatchObject({ value: '1' });
    third.end();
  });
});

/** The server stops: its store is as it was, and its clients get nothing more. */
const stopsSilently = (server: SimulatedServer): void => {
  const stored = [...server.stored];
  for (const client of server.clients) client.take();
  server.stop().end();
  expect(differences(stored, server.stored)).toEqual([]);
  expect(stored.map(({ key: [kind] }) => kind)).toEqual(expect.arrayContaining(['job', 'task', 'worker']));
  for (const client of server.clients) expect([client.closed, client.take()]).toEqual([true, '']);
};

/** Waits for a variable of the job. */
const waits = (client: SimulatedClient, variable: string): SimulatedClient => {
  client.call(['use ws', 'job', 'me', 'no']);
  client.send(['fetch', 'job', variable]);
  return client;
};

describe('a server that stops (P15.3, S14.1, D8)', () => {
  it('leaves the job of a session and its sessions as they are, whatever their clients wait for', (server) => {
    const { master, sentinel } = aJob(server);
    const { worker } = registers(server, {});
    master.call(['store', 'job', 'task', '1', 'a task']);
    worker.call(['fetch', 'job', 'task']);
    sentinel.send(['fetch', 'job', 'sentinel_alive']);
    master.send(['fetch', 'job', 'result']);
    stopsSilently(server);
  });

  it('leaves a persistent job as it is: no waiting worker gets the task of one whose connection closes', (server) => {
    const job = new Job(server, { onDeadWorker: 'requeue', maxAttempts: '2' });
    const [busy, idle] = job.openCrew(2).workers;
    job.task('a task');
    busy?.get('fetch', 'task');
    idle?.wait('fetch', 'task');
    stopsSilently(server);
  });

  it(
    'ends its sessions, and with them their jobs, if it has no store',
    (server) => {
      const { master } = aJob(server);
      master.send(['fetch', 'job', 'result']);
      server.stop().end();
      expect(master.client.reply()).toMatchObject(refused('sleigh is dead'));
      expect(server.core.sessions.count).toBe(0);
      expect([...server.core.workspaces.all].map(({ name }) => name)).toEqual(['__default']);
    },
    { isStored: false },
  );

  /** Jobs that do not survive the server. */
  const ENDING: readonly [what: string, owner: (server: SimulatedServer) => SimulatedClient, Entries][] = [
    [
      'of a session, with `durable` = `none` (W13)',
      (server) => new SessionClient(server).client,
      { durable: 'none' },
    ],
    ['of a connection (W6)', (server) => server.connect(), {}],
  ];

  test.each(ENDING)('ends a job %s, whose clients are answered', (_, owner, metadata) =>
    simulated((server) => {
      const first = server.connect();
      owner(server).call(['open ws', 'job', 'me', 'no'], { ...JOB, ...metadata });
      const master = waits(first, 'result');
      const [old, other] = [waits(server.connect(), 'Sleigh ride over'), waits(server.connect(), 'v')];
      server.stop().end();
      expect(master.reply()).toMatchObject(refused('sleigh is dead'));
      expect(old.reply()).toMatchObject({ value: '1' });
      expect(other.reply()).toMatchObject(refused('Variable purged.'));
    })(),
  );
});
