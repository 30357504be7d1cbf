import { afterEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../../src/core/connection.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { BusyCore } from '../support/busy-core.ts';
import { it } from '../support/on-server.ts';
import { OK, refused } from '../support/replies.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

afterEach(() => vi.restoreAllMocks());

const boom = (): never => {
  throw new Error('on purpose');
};
const LONG_TAIL = '0'.repeat(20) + ' '.repeat(20) + '0'.repeat(40);

describe('the metrics of requests', () => {
  it('count unknown verbs together, so that a client cannot make as many counters as it likes', (server) => {
    const client = server.connect();
    for (const verb of ['list wss', 'nonsense', 'more nonsense']) client.call([verb]);
    expect(Object.fromEntries(server.core.figures.requests)).toEqual({ 'list wss': 1, other: 2 });
  });

  it('say how long requests were blocked until they were answered or refused', (server) => {
    const [one, other, giver] = [1, 2, 3].map(() => Visitor.of(server, 'w'));
    one?.wait('fetch', 'v');
    server.advance(1_000);
    other?.wait('fetch', 'v');
    server.advance(2_000);
    giver?.store('v', 'x');
    expect(server.core.figures.blocked.get('fetch')).toMatchObject({ count: 1, sum: 3 });
    giver?.delete('v');
    expect(server.core.figures.blocked.get('fetch')).toMatchObject({ count: 2, sum: 5 });
    // One that does not wait is not counted.
    expect(one?.reply().value).toBe('x');
    expect(other?.reply()).toMatchObject(refused('Variable purged.'));
    giver?.store('v', 'y');
    giver?.get('fetch', 'v');
    expect(server.core.figures.blocked.get('fetch')?.count).toBe(2);
  });

  it('say how many connections wait for a reply, also while their next request arrives', (server) => {
    const [silent, sending] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    expect(server.core.blockedConnections).toBe(0);
    silent.wait('fetch', 'v');
    sending.wait('fetch', 'v');
    expect(server.core.blockedConnections).toBe(2);
    sending.client.write(encodeRequest(['list wss'], new Map()).slice(0, 6));
    expect(server.core.blockedConnections).toBe(2);
    silent.leave();
    expect(server.core.blockedConnections).toBe(1);
  });
});

describe('a request that waited', () => {
  it('and is refused does not keep the next one of its client', (server) => {
    const [waiting, other] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    waiting.wait('fetch', 'v');
    other.delete('v');
    expect(waiting.reply()).toMatchObject(refused('Variable purged.'));
    expect(waiting.store('v', 'x')).toMatchObject(OK);
    waiting.wait('fetch', 'w');
    expect(waiting.client.closed).toBe(false);
  });
});

describe('a fault of the server (P9)', () => {
  test.each<[verb: string, args: string[], reply: string]>([
    ['delete ws', ['w'], '2000'],
    ['no verb at all', [], '2000'],
    ['find', ['w', 'v'], `2000${LONG_TAIL}`],
  ])('in a request is refused in the form of its verb: %s', (verb, args, reply) => {
    const server = new SimulatedServer({ expectsErrors: true });
    const client = server.connect({ options: {} });
    vi.spyOn(server.core.figures, 'countRequest').mockImplementation(boom);
    client.write(encodeRequest([verb, ...args], undefined));
    expect([client.take(), client.closed]).toEqual([reply, true]);
    expect(server.errors[0]).toContain('an event could not be handled');
    server.end();
  });

  it(
    'between requests ends the connection without a reply',
    (server) => {
      const client = server.connect();
      expect(client.call(['list wss'])).toMatchObject(OK);
      vi.spyOn(Connection.prototype, 'flushed').mockImplementation(boom);
      server.handle({ type: 'flushed', connection: client.id });
      expect([client.received, client.closed]).toEqual(['', true]);
    },
    { expectsErrors: true },
  );
});

/** The connection is lost when the request has begun. @returns the reply when it is repeated over the next one */
const repeated = (server: BusyCore, args: string[]): string => {
  const sent = server.sent.get(1);
  server.write(1, encodeRequest(args, new Map([['request', '1']])));
  expect(server.due).toEqual(['continued']);
  server.leave(1);
  while (server.turn());
  expect(server.sent.get(1)).toBe(sent);
  server.join(2);
  server.tell(2, ['resume session', 'secret']);
  return server.tell(2, args, { request: '1' });
};

describe('a session whose connection is lost while a request is being carried out in turns (P14, P15.1)', () => {
  const VARIABLES = 40;
  /** A client with a session in a workspace with many variables. */
  const begun = (): BusyCore => {
    const server = new BusyCore(true);
    server.join(1);
    server.tell(1, ['open session', 'secret', '30']);
    server.tell(1, ['open ws', 'w', 'me', 'yes']);
    for (let n = 0; n < VARIABLES; n++) server.tell(1, ['declare var', 'w', `variable ${n}`, 'fifo']);
    return server;
  };
  const ACCEPTED = '00000000';

  test('is told that a deletion was carried out, which is completed without it', () => {
    const server = begun();
    expect(repeated(server, ['delete ws', 'w'])).toBe(ACCEPTED);
    expect(server.tell(2, ['list wss', 'w'])).toMatch(/1\n$/);
    expect(server.tell(2, ['delete ws', 'w'])).toContain('does not exist');
  });

  test('gets a listing that is made again', () => {
    const server = begun();
    expect(repeated(server, ['list vars', 'w'])).toContain(`variable ${VARIABLES - 1}`);
  });

  test.each([
    ['list vars', ['list vars', 'w']],
    ['list wss', ['list wss']],
    ['the scoreboard of a job', ['findTry', 'job', 'scoreboard']],
    ['the state of the agents of a job', ['findTry', 'job', 'agentStatus']],
  ])('leaves nothing of a listing behind if it is not asked for again: %s (P12)', (_what, args) => {
    const server = begun();
    server.tell(1, ['open ws', 'job', 'me', 'yes'], { wstype: 'sleigh' });
    for (let n = 0; n < 70; n++) server.tell(1, ['fetch', 'job', 'worker_ids']);
    const { listings } = server.core.accounting.budget.byKind;
    server.join(3);
    server.tell(3, ['use ws', 'w', 'me', 'no']);
    server.tell(3, ['use ws', 'job', 'me', 'no']);
    server.write(3, encodeRequest(args, new Map()));
    expect([listings, server.due]).toEqual([0, ['continued']]);
    server.leave(3);
    while (server.turn());
    expect(server.core.accounting.budget.byKind.listings).toBe(0);
  });
});

test('a connection that the server has closed does not wait any more, even before it is gone', () => {
  const server = new BusyCore(false);
  server.join(1);
  server.tell(1, ['use ws', 'w', 'me', 'no']);
  server.tell(1, ['fetch', 'w', 'v']);
  const waits = () => server.core.connection(1).lastRequest?.waits;
  expect(waits()).toBe(true);
  server.stop();
  expect(server.closed).toEqual(new Set([1]));
  expect(waits()).toBe(false);
});
