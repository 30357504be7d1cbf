import { describe, expect, test } from 'vitest';
import { Job } from '../support/job.ts';
import { differences } from '../support/projection.ts';
import { OK, refused } from '../support/replies.ts';
import type { Entries, SimulatedClient } from '../support/simulated-client.ts';
import { it } from '../support/on-server.ts';
import { simulated, type SimulatedServer } from '../support/simulated-server.ts';

const GRACE = 30;
const LONG = 'long '.repeat(1_001);
const SECRET = 'a secret';
const NO_SESSION = refused('There is no such session.');

/** A client of a session, whose requests have numbers. */
class SessionClient {
  #server: SimulatedServer;
  #client: SimulatedClient;
  #number = 0;
  #answered = 0;
  readonly #secret: string;

  constructor(server: SimulatedServer, secret = SECRET) {
    this.#server = server;
    this.#secret = secret;
    this.#client = server.connect();
    expect(this.#client.call(['open session', secret, String(GRACE)])).toMatchObject(OK);
  }

  get client(): SimulatedClient {
    return this.#client;
  }

  /** Sends the next request. */
  send(args: readonly string[], metadata: Entries = {}): void {
    this.#number++;
    this.repeat(args, metadata);
  }

  /** Sends the last request again. */
  repeat(args: readonly string[], metadata: Entries = {}): void {
    this.#client.send(args, {
      ...metadata,
      request: String(this.#number),
      answered: String(this.#answered),
    });
  }

  reply() {
    const reply = this.#client.reply();
    this.#answered = this.#number;
    return reply;
  }

  call(args: readonly string[], metadata: Entries = {}) {
    this.send(args, metadata);
    return this.reply();
  }

  /** Loses its connection, and what was on its way. */
  lose(): void {
    this.#client.disconnect();
  }

  /** Comes back. */
  resume(server = this.#server): void {
    this.#server = server;
    this.#client = server.connect();
    expect(this.#client.call(['resume session', this.#secret])).toMatchObject(OK);
  }
}

/** What may happen to a client of a session: the server it continues on. */
const LOSSES: readonly [
  what: string,
  lose: (server: SimulatedServer, lost: SessionClient) => SimulatedServer,
][] = [
  [
    'the connection is lost',
    (server, client) => {
      client.lose();
      return server;
    },
  ],
  ['the server crashes', (server) => server.crash()],
  ['the server stops and is started again', (server) => server.stop()],
  ['the older connection is still open', (server) => server],
];

const ownsWorkspace = (server: SimulatedServer, name: string): boolean =>
  server.connect().call(['use ws', name, '', 'no', 'no']).status === '0000';

/** The body of a test in which a client may continue on another server, at whose end nothing may be left either. */
const continued = (
  lose: (typeof LOSSES)[number][1],
  body: (first: SimulatedServer, lost: (client: SessionClient) => SimulatedServer) => void,
): (() => void) =>
  simulated((first) => {
    let last = first;
    body(first, (client) => (last = lose(first, client)));
    if (last !== first) last.end();
  });

describe.each(LOSSES)('a session (P15) when %s', (_, lose) => {
  test(
    'keeps its workspaces, and takes requests under the same numbers (P15.2)',
    continued(lose, (first, lost) => {
      const client = new SessionClient(first);
      client.call(['open ws', 'own', 'me', 'no']);
      client.call(['use ws', '__default', 'me', 'no']);
      client.call(['store', 'own', 'v', '1', 'kept']);
      const server = lost(client);
      client.resume(server);
      expect(client.call(['find', 'own', 'v'])).toMatchObject({ ...OK, value: 'kept' });
      expect(client.call(['list wss', 'own']).value).toMatch(/^>own\t/);
      expect(client.call(['findTry', '__default', 'v'])).toMatchObject(refused('no value available'));
    }),
  );

  test(
    'gets the same reply to a request that is repeated, which has no second effect (P15.1)',
    continued(lose, (first, lost) => {
      const client = new SessionClient(first);
      client.call(['open ws', 'own', 'me', 'no']);
      client.call(['store', 'own', 'v', '1', 'one'], { note: 'of the first' });
      client.call(['store', 'own', 'v', '1', 'two']);
      client.send(['fetch', 'own', 'v']);
      const told = client.client.reply();
      const server = lost(client);
      client.resume(server);
      client.repeat(['fetch', 'own', 'v']);
      expect(client.reply()).toEqual(told);
      expect(told).toMatchObject({ value: 'one', metadata: { note: 'of the first' } });
      expect(client.call(['fetchTry', 'own', 'v'])).toMatchObject({ value: 'two' });
      expect(client.call(['fetchTry', 'own', 'v'])).toMatchObject({ status: '0001' });
    }),
  );

  test(
    'does not store again what was stored without a reply (P15.1)',
    continued(lose, (first, lost) => {
      const client = new SessionClient(first);
      client.call(['open ws', 'own', 'me', 'no']);
      client.send(['store', 'own', 'v', '1', 'once']);
      const server = lost(client);
      client.resume(server);
      client.repeat(['store', 'own', 'v', '1', 'once']);
      expect(client.reply()).toMatchObject(OK);
      expect(client.call(['list vars', 'own']).value).toBe('v\t1\t0\t0\tfifo');
    }),
  );

  test(
    'waits again when a get that waits is repeated; it has consumed nothing (V6, P15.5)',
    continued(lose, (first, lost) => {
      const client = new SessionClient(first);
      client.call(['open ws', 'own', 'me', 'no']);
      client.send(['fetch', 'own', 'v']);
      const server = lost(client);
      client.resume(server);
      const other = server.connect();
      other.call(['use ws', 'own', '', 'no']);
      other.call(['store', 'own', 'v', '1', 'x']);
      client.repeat(['fetch', 'own', 'v']);
      expect(client.reply()).toMatchObject({ value: 'x' });
    }),
  );

  test(
    'ends when nobody has come back within its grace: what it owned is deleted (P15.3, W6)',
    continued(lose, (first, lost) => {
      const client = new SessionClient(first);
      client.call(['open ws', 'own', 'me', 'no']);
      const server = lost(client);
      client.lose();
      server.advance(GRACE * 1000 - 1);
      expect(ownsWorkspace(server, 'own')).toBe(true);
      server.advance(1);
      expect(ownsWorkspace(server, 'own')).toBe(false);
      expect(server.connect().call(['resume session', SECRET])).toMatchObject(NO_SESSION);
      expect([...server.core.sessions.all]).toEqual([]);
    }),
  );
});

describe('a session (P15)', () => {
  it(
    'says for how long it may be without a connection: at most the limit (P12)',
    (server) => {
      const told = (grace: string) => server.connect().call(['open session', `of ${grace}`, grace]).metadata;
      expect(told('20')).toMatchObject({ nwsGrace: '20' });
      expect(told('2000')).toMatchObject({ nwsGrace: '60' });
    },
    { limits: { sessionSeconds: 60 } },
  );

  it('begins with the first request of a connection, once', (server) => {
    const client = server.connect();
    expect(client.call(['open session', SECRET, '1'])).toMatchObject(OK);
    expect(client.call(['open session', SECRET, '1'])).toMatchObject(
      refused('This connection has a session already.'),
    );
    const { client: numbered } = new SessionClient(server, 'another');
    expect(numbered.call(['resume session', SECRET]).status).toBe('0001');
    const late = server.connect();
    late.call(['list wss']);
    expect(late.call(['resume session', SECRET])).toMatchObject(
      refused('A session begins with the first request of a connection.'),
    );
    expect(late.call(['end session'])).toMatchObject(refused('This connection has no session.'));
  });

  it('needs a secret of 1 to 255 bytes, and a grace that is a number', (server) => {
    const asks = (secret: string, grace: string) => server.connect().call(['open session', secret, grace]);
    expect(asks('', '1')).toMatchObject({ status: '0001' });
    expect(asks('x'.repeat(256), '1')).toMatchObject({ status: '0001' });
    expect(asks('x'.repeat(255), '1')).toMatchObject(OK);
    expect(asks('y', 'soon')).toMatchObject(refused('grace must be a number, not "soon".'));
    expect(asks('z', '-1')).toMatchObject({ status: '0001' });
  });

  it('closes the older connection when another one takes it up (P15.2)', (server) => {
    const client = new SessionClient(server);
    client.call(['open ws', 'own', 'me', 'no']);
    const { client: older } = client;
    client.send(['fetch', 'own', 'v']);
    client.resume();
    expect(older.closed).toBe(true);
    client.repeat(['fetch', 'own', 'v']);
    const other = server.connect();
    other.call(['use ws', 'own', '', 'no']);
    other.call(['store', 'own', 'v', '1', 'x']);
    expect(client.reply()).toMatchObject({ value: 'x' });
    expect(client.call(['list vars', 'own']).value).toBe('v\t0\t0\t0\tfifo');
  });

  it('ends at once with a connection on which its client has asked for that (P15.4)', (server) => {
    const client = new SessionClient(server);
    client.call(['open ws', 'own', 'me', 'no']);
    expect(client.call(['end session'])).toMatchObject(OK);
    expect(ownsWorkspace(server, 'own')).toBe(true);
    client.lose();
    expect(ownsWorkspace(server, 'own')).toBe(false);
  });

  it('ends with a connection that the server closes, for example because a request came while one was blocked (P15.3)', (server) => {
    const client = new SessionClient(server);
    client.call(['open ws', 'own', 'me', 'no']);
    client.send(['fetch', 'own', 'v']);
    client.send(['end session']);
    expect(client.client.closed).toBe(true);
    expect(client.client.take()).toContain('A request came while an earlier one was blocked.');
    expect(ownsWorkspace(server, 'own')).toBe(false);
  });

  it('keeps replies until they are acknowledged, and refusals in their place (P15.1)', (server) => {
    const client = server.connect();
    client.call(['open session', SECRET, '10']);
    const ask = (number: number, answered: number, args: readonly string[], on = client) =>
      on.call(args, { request: String(number), answered: String(answered) });
    expect(ask(1, 0, ['store', 'own', 'v', '1', 'x']).status).toBe('2001');
    expect(ask(2, 0, ['open ws', 'own', 'me', 'no']).status).toBe('0000');
    const next = server.connect();
    next.call(['resume session', SECRET]);
    // The first request was refused when it came, and is not carried out now.
    expect(ask(1, 0, ['store', 'own', 'v', '1', 'x'], next).status).toBe('2001');
    expect(ask(3, 2, ['fetchTry', 'own', 'v'], next).status).toBe('0001');
    const [session] = server.core.sessions.all;
    expect(session?.replies.find(1)).toBeUndefined();
    expect(session?.replies.find(3)).toBeDefined();
    expect(ask(4, 3, ['list wss', 'own'], next).status).toBe('0000');
    expect(session?.replies.find(3)).toBeUndefined();
    expect(ask(5, 4, ['mktemp ws'], next).value).toMatch(/^__ws__0/);
  });

  it('refuses a number that is none, and does not keep its numbers with values (P5.5, V3)', (server) => {
    const client = new SessionClient(server);
    client.call(['open ws', 'own', 'me', 'no']);
    client.call(['store', 'own', 'v', '1', 'x'], { note: 'a' });
    expect(client.call(['find', 'own', 'v']).metadata).toEqual({ note: 'a' });
    expect(client.client.call(['list wss'], { request: 'x' })).toMatchObject(
      refused('request must be a number, not "x".'),
    );
  });
});

describe('a file in a kept reply (P11, P15.1)', () => {
  it(
    'is there until the reply is acknowledged, also after a crash',
    (first) => {
      const client = new SessionClient(first);
      client.call(['open ws', 'own', 'me', 'no']);
      client.call(['store', 'own', 'v', '1', LONG]);
      expect(client.client.isAnswered).toBe(false);
      client.send(['fetch', 'own', 'v']);
      expect(client.client.reply()).toMatchObject({ value: LONG });
      const server = first.crash();
      client.resume(server);
      client.repeat(['fetch', 'own', 'v']);
      expect(client.reply()).toMatchObject({ value: LONG });
      expect(server.files.count).toBe(1);
      client.call(['list wss', 'own']);
      expect(server.files.count).toBe(0);
    },
    { limits: { longValueBytes: 5_000 } },
  );
});

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

describe.each(LOSSES)('a job of sessions (P15, S13, S18) when %s', (_, lose) => {
  it('continues: the sentinel keeps its worker, the worker its task, and the master gets the result once', (first) => {
    const { master, sentinel } = aJob(first);
    const { worker } = registers(first, {});
    sentinel.send(['fetch', 'job', 'sentinel_alive']);
    master.call(['store', 'job', 'task', '1', 'a task'], { batchId: 'b' });
    expect(worker.call(['fetch', 'job', 'task'])).toMatchObject({
      value: 'a task',
      metadata: { nwsTask: '1' },
    });
    master.send(['fetch', 'job', 'result'], { batchId: 'b' });

    let server = lose(first, master);
    if (server === first) server = lose(first, sentinel);
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
    if (server !== first) server.end();
  });

  it('a result that was taken without a reply is given once, to the same master (P15.1)', (first) => {
    const { master } = aJob(first);
    const { worker } = registers(first, {});
    master.call(['store', 'job', 'task', '1', 'a task'], { batchId: 'b' });
    worker.call(['fetch', 'job', 'task']);
    worker.call(['store', 'job', 'result', '1', 'done']);
    master.send(['fetch', 'job', 'result'], { batchId: 'b' });
    const server = lose(first, master);
    master.resume(server);
    master.repeat(['fetch', 'job', 'result'], { batchId: 'b' });
    expect(master.reply()).toMatchObject({ value: 'done' });
    expect(master.call(['fetchTry', 'job', 'result'], { batchId: 'b' }).status).toBe('0001');
    if (server !== first) server.end();
  });

  it('a sentinel that has not come back within its grace has died, and its workers with it (P15.3, S13)', (first) => {
    const { master, sentinel } = aJob(first);
    registers(first, {});
    let server = lose(first, master);
    master.resume(server);
    if (server === first) server = lose(first, sentinel);
    sentinel.lose();
    const status = (): string => master.call(['find', 'job', 'agentStatus']).value ?? '';
    expect(status()).toMatch(/Active sentinels/);
    server.advance(GRACE * 1000);
    expect(status()).toMatch(/Dead workers/);
    expect(status()).toMatch(/Dead sentinels/);
    if (server !== first) server.end();
  });

  it('a worker of a session that waits for a task asks again (P15.5)', (first) => {
    const { master } = aJob(first);
    const worker = new SessionClient(first, 'of the worker');
    worker.call(['use ws', 'job', 'me', 'no']);
    worker.call(['store', 'job', 'worker_ids', '1', '0']);
    worker.send(['fetch', 'job', 'task']);
    let server = lose(first, worker);
    if (server === first) server = lose(first, master);
    worker.resume(server);
    master.resume(server);
    worker.repeat(['fetch', 'job', 'task']);
    master.call(['store', 'job', 'task', '1', 'a task']);
    expect(worker.reply()).toMatchObject({ value: 'a task' });
    if (server !== first) server.end();
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
