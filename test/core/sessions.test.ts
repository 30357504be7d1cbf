import { describe, expect, test } from 'vitest';
import { someWouldLose } from '../../src/core/departure.ts';
import { BOUNDS } from '../../src/wire/bounds.ts';
import { COST } from '../../src/workspace/memory-budget.ts';
import { it } from '../support/on-server.ts';
import { OK, refused } from '../support/replies.ts';
import { restartedWith } from '../support/restarted-with.ts';
import type { Entries } from '../support/simulated-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { GRACE, itLoses, LOSSES, SECRET, SessionClient } from './session-client.ts';

const LONG = 'long '.repeat(1_001);
const NO_SESSION = refused('There is no such session.');

const ownsWorkspace = (server: SimulatedServer, name: string): boolean =>
  server.connect().call(['use ws', name, '', 'no', 'no']).status === '0000';

describe.each(LOSSES)('a session (P15) when %s', (_, lose) => {
  const it = itLoses(lose);

  it('keeps its workspaces, and takes requests under the same numbers (P15.2)', (first, lost) => {
    const client = new SessionClient(first);
    client.call(['open ws', 'own', 'me', 'no']);
    client.call(['use ws', '__default', 'me', 'no']);
    client.call(['store', 'own', 'v', '1', 'kept']);
    const server = lost(client);
    client.resume(server);
    expect(client.call(['find', 'own', 'v'])).toMatchObject({ ...OK, value: 'kept' });
    expect(client.call(['list wss', 'own']).value).toMatch(/^>own\t/);
    expect(client.call(['findTry', '__default', 'v'])).toMatchObject(refused('no value available'));
  });

  it('has its first request carried out, even if the loss comes before it (P15.1)', (first, lost) => {
    const client = new SessionClient(first);
    const server = lost(client);
    client.resume(server);
    client.call(['open ws', 'own', 'me', 'no']);
    expect(ownsWorkspace(server, 'own')).toBe(true);
  });

  it('gets the same reply to a request that is repeated, which has no second effect (P15.1)', (first, lost) => {
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
  });

  it('does not store again what was stored without a reply (P15.1)', (first, lost) => {
    const client = new SessionClient(first);
    client.call(['open ws', 'own', 'me', 'no']);
    client.send(['store', 'own', 'v', '1', 'once']);
    const server = lost(client);
    client.resume(server);
    client.repeat(['store', 'own', 'v', '1', 'once']);
    expect(client.reply()).toMatchObject(OK);
    expect(client.call(['list vars', 'own']).value).toBe('v\t1\t0\t0\tfifo');
  });

  it('waits again when a get that waits is repeated; it has consumed nothing (V6, P15.5)', (first, lost) => {
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
  });

  it('ends when nobody has come back within its grace: what it owned is deleted (P15.3, W6)', (first, lost) => {
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
    expect(server.stopRequested).toBe(false);
  });

  it('holds its leases, whose records have its number plus 2^40 (V13, P15)', (first, lost) => {
    const client = new SessionClient(first);
    client.call(['open ws', 'kept', 'me', 'yes']);
    client.call(['store', 'kept', 'v', '1', 'taken']);
    const lease = client.call(['takeTry', 'kept', 'v', '1000']).metadata['nwsLease'] ?? '';
    const server = lost(client);
    client.resume(server);
    const record = server.stored.find(({ key: [kind] }) => kind === 'lease');
    expect(record?.fields['holder']).toBe(2 ** 40 + 1);
    expect(client.call(['end lease', lease, 'done'])).toMatchObject(OK);
  });
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

  it('notes the partitions that there may be, and no others (D18)', (server) => {
    const client = server.connect();
    client.call(['open session', SECRET, '1']);
    const most = BOUNDS.partitionCount.value;
    const statuses = ['0', String(most - 1), String(most), '-1', 'x'].map(
      (partition) => client.call(['note partition', partition]).status,
    );
    expect(statuses).toEqual(['0000', '0000', '0001', '0001', '0001']);
  });

  it('is not needed to ask who owns a workspace, which is nobody else (D24)', (server) => {
    expect(server.connect().call(['locate ws', 'w'])).toMatchObject({ ...OK, metadata: { nwsOwner: '' } });
  });

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
    for (const request of [['end session'], ['note partition', '1']])
      expect(late.call(request)).toMatchObject(refused('This connection has no session.'));
  });

  it('needs a secret of 1 to 255 bytes, and a grace that is a number', (server) => {
    const asks = (secret: string, grace: string) => server.connect().call(['open session', secret, grace]);
    expect(asks('', '1')).toMatchObject({ status: '0001' });
    expect(asks('x'.repeat(256), '1')).toMatchObject({ status: '0001' });
    expect(asks('x'.repeat(255), '1')).toMatchObject(OK);
    expect(asks('w', '0')).toMatchObject(OK);
    expect(asks('y', 'soon')).toMatchObject(refused('grace must be a number, not "soon".'));
    expect(asks('z', '-1')).toMatchObject({ status: '0001' });
  });

  it(
    'is refused when there is no memory for it and its secret (P12)',
    (server) => {
      const asks = (length: number) =>
        server.connect().call(['open session', 'x'.repeat(length), '1']).status;
      expect([asks(101), asks(100), asks(1)]).toEqual(['0001', '0000', '0001']);
    },
    { limits: { memoryBytes: COST.session + 100 } },
  );

  it('that is not there is refused only when it is durable that it has ended (D2)', (server) => {
    expect(server.connect().call(['resume session', SECRET])).toMatchObject(NO_SESSION);
    expect(server.core.isTouched).toBe(true);
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

  it('ends at once when its client asks for that while a request waits, which takes no value (P15.4, V6)', (server) => {
    const [client, other] = [new SessionClient(server), server.connect()];
    client.call(['open ws', 'own', 'me', 'no']);
    other.call(['open ws', 'shop', 'another', 'no']);
    client.call(['use ws', 'shop', '', 'no']);
    client.send(['fetch', 'shop', 'v']);
    client.send(['end session']);
    expect(client.client.closed).toBe(true);
    expect(client.client.take()).toBe('');
    expect(ownsWorkspace(server, 'own')).toBe(false);
    other.call(['store', 'shop', 'v', '1', 'x']);
    expect(other.call(['fetchTry', 'shop', 'v'])).toMatchObject({ value: 'x' });
  });

  it('ends with a connection that the server closes, for example because a request came while one was blocked (P15.3)', (server) => {
    const client = new SessionClient(server);
    client.call(['open ws', 'own', 'me', 'no']);
    client.send(['fetch', 'own', 'v']);
    client.send(['list wss']);
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

/** The numbers of the workspaces that the only session uses, as they are stored. */
const usedIn = ({ stored }: SimulatedServer) =>
  stored.find(({ key: [kind] }) => kind === 'session')?.fields['workspaces'];

describe('the records of sessions', () => {
  it('of a server that did not note the last number are taken up, and no number is given again (D20)', (first) => {
    const client = new SessionClient(first);
    const server = restartedWith(first, (entity) => (entity.key[0] === 'numbers' ? undefined : entity));
    const noted = () => server.stored.find(({ key: [kind, of] }) => kind === 'numbers' && of === 0)?.fields;
    expect(noted()).toEqual({ last: 1 });
    client.resume(server);
    const later = new SessionClient(server, 'another');
    expect(Array.from(server.core.sessions.all, ({ number }) => number)).toEqual([1, 2]);
    later.lose();
    server.end();
  });

  it('no longer name a workspace that was deleted before the last start of the server (W6, D4)', (first) => {
    const owner = first.connect();
    owner.call(['open ws', 'own', 'me', 'no']);
    const client = new SessionClient(first);
    client.call(['use ws', 'own', 'me', 'no']);
    expect(usedIn(first)).toHaveLength(1);
    // Its owner has no session, so it is deleted at the first start.
    const server = first.crash().crash();
    expect(usedIn(server)).toEqual([]);
    client.resume(server);
    server.end();
  });

  it('have replies with and without metadata and values, which are the same after a restart (P15.1)', (first) => {
    const client = new SessionClient(first);
    client.call(['open ws', 'own', 'me', 'no']);
    client.call(['store', 'own', 'v', '7', 'plain']);
    client.send(['fetch', 'own', 'v']);
    const told = client.client.reply();
    const [server, again] = [first.crash(), first.crash().crash()];
    for (const each of [server, again]) {
      client.resume(each);
      client.repeat(['fetch', 'own', 'v']);
      expect(client.client.reply()).toEqual(told);
      each.end();
    }
  });
});

describe('a trace', () => {
  test('has the steps of the sessions', () => {
    const server = new SimulatedServer({ traces: true });
    new SessionClient(server).lose();
    server.advance(GRACE * 1000);
    const steps = server.trace.filter(({ scope }) => scope === 'session 1');
    expect(steps.map(({ chart, before, after }) => [chart, before, after])).toEqual([
      ['session', '', 'connected'],
      ['session', 'connected', 'disconnected'],
      ['session', 'disconnected', 'ended'],
    ]);
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

describe('the end of a server', () => {
  const SESSIONS: readonly [what: string, ask: readonly string[], metadata: Entries, loses: boolean][] = [
    ['uses nothing', ['use ws', '__default', 'me', 'no'], {}, false],
    ['owns a workspace', ['open ws', 'w', 'me', 'no'], {}, false],
    ['owns a job', ['open ws', 'w', 'me', 'no'], { wstype: 'sleigh' }, false],
    ['uses a workspace that does not survive', ['open ws', 'w', 'me', 'no'], { durable: 'none' }, true],
  ];
  for (const [what, ask, metadata, loses] of SESSIONS)
    it(`${loses ? 'takes something' : 'takes nothing'} from a session that ${what} (D8)`, (server) => {
      const client = new SessionClient(server);
      client.call(ask, metadata);
      expect(someWouldLose(server.core)).toBe(loses);
      client.call(['delete ws', 'w']);
      expect(someWouldLose(server.core)).toBe(false);
    });

  it('takes nothing from several sessions that use the same workspace (D8)', (server) => {
    const [one, two] = [new SessionClient(server), new SessionClient(server, 'another')];
    one.call(['open ws', 'w', 'me', 'yes']);
    two.call(['use ws', 'w', 'me', 'no']);
    expect(someWouldLose(server.core)).toBe(false);
    two.call(['open ws', 'scratch', 'me', 'no'], { durable: 'none' });
    expect(someWouldLose(server.core)).toBe(true);
  });

  it('takes its connection from a client without a session', (server) => {
    const session = new SessionClient(server);
    const client = server.connect();
    expect(someWouldLose(server.core)).toBe(true);
    client.disconnect();
    expect(someWouldLose(server.core)).toBe(false);
    session.lose();
  });

  it(
    'without a store takes everything from everyone',
    (server) => {
      const session = new SessionClient(server);
      expect(someWouldLose(server.core)).toBe(true);
      session.lose();
    },
    { isStored: false },
  );
});
