import { describe, expect, test } from 'vitest';
import { Core } from '../../src/core/core.ts';
import type { Command } from '../../src/core/commands.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { COST } from '../../src/workspace/memory-budget.ts';
import { EVERYTHING } from '../../src/workspace/part.ts';
import { BusyCore } from '../support/busy-core.ts';
import { it } from '../support/on-server.ts';
import { recovered } from '../support/projection.ts';
import { opened, store } from '../support/opened.ts';
import { OK, refused } from '../support/replies.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

// The bounds of leases (V13): times, memory, numbers in parts (D17), stops and traces.

/** The longest time of a lease. */
const WEEK_MS = 604_800_000;

const take = (client: SimulatedClient, milliseconds = 1_000) =>
  client.call(['takeTry', 'w', 'v', String(milliseconds)]);
/** @returns the number of the lease */
function taken(client: SimulatedClient, milliseconds?: number): string {
  const reply = take(client, milliseconds);
  expect(reply).toMatchObject(OK);
  return reply.metadata['nwsLease'] ?? '';
}
const isThere = (client: SimulatedClient): boolean => client.call(['findTry', 'w', 'v']).status === '0000';

describe('the time of a lease', () => {
  it('is at least a millisecond', (server) => {
    const client = opened(server);
    store(client, 'a');
    taken(client, 1);
    expect(isThere(client)).toBe(false);
    server.advance(1);
    expect(isThere(client)).toBe(true);
    const lease = taken(client);
    expect(client.call(['extend lease', lease, '1'])).toMatchObject(OK);
    server.advance(1);
    expect(isThere(client)).toBe(true);
  });

  it('is a week at most', (server) => {
    const client = opened(server);
    store(client, 'a');
    const lease = taken(client, WEEK_MS);
    server.advance(WEEK_MS - 1);
    expect(client.call(['extend lease', lease, String(WEEK_MS)])).toMatchObject(OK);
    server.advance(WEEK_MS - 1);
    expect(isThere(client)).toBe(false);
    server.advance(1);
    expect(isThere(client)).toBe(true);
  });

  test('that has elapsed while the server was down is over at once, and the client is there first (D4)', () => {
    const server = new SimulatedServer();
    const session = server.connect();
    session.call(['open session', 'secret', '30']);
    session.call(['open ws', 'w', 'label', 'yes']);
    store(session, 'a');
    taken(session, 1_000);
    const { stored, now } = server;
    const times = (later: number): number[] => {
      const core = new Core({
        limits: DEFAULT_LIMITS,
        plugins: new Map(),
        tls: 'none',
        run: 'next',
        isStored: true,
      });
      const commands: Command[] = [];
      recovered(stored, core, now + later, (command) => void commands.push(command));
      return commands.flatMap((command) => (command.type === 'startTimer' ? command.milliseconds : []));
    };
    // The other timer is that of the grace of the session (P15.3).
    expect([times(400), times(5_000)]).toEqual([
      [600, 30_000],
      [0, 30_000],
    ]);
    server.end();
  });
});

describe('a server with a store that stops and is started again (D4)', () => {
  test.each([
    ['a session goes on', true],
    ['a connection has ended', false],
  ])('the lease of %s', (_what, hasSession) => {
    const server = new SimulatedServer();
    const holder = server.connect();
    if (hasSession) holder.call(['open session', 'secret', '30']);
    holder.call(['open ws', 'w', 'label', 'yes']);
    store(holder, 'a');
    const lease = taken(holder, 60_000);
    const next = server.stop();
    const back = next.connect();
    if (hasSession) expect(back.call(['resume session', 'secret'])).toMatchObject(OK);
    const reader = opened(next);
    expect(isThere(reader)).toBe(!hasSession);
    expect(back.call(['end lease', lease, 'back']).status).toBe(hasSession ? '0000' : '0001');
    expect(isThere(reader)).toBe(true);
    next.end();
  });
});

describe('a client with a lease', () => {
  it('is not meant by what is no number of a lease', (server) => {
    const client = opened(server);
    store(client, 'a');
    expect(taken(client)).toBe('1');
    for (const text of ['', 'one', '1.5', '0'])
      expect(client.call(['end lease', text, 'done'])).toMatchObject(
        refused(`this client does not hold the lease "${text}".`),
      );
    expect(client.call(['end lease', '1', 'back'])).toMatchObject(OK);
    expect(isThere(client)).toBe(true);
  });

  it('that has ended hears so only when that is durable (D2)', (server) => {
    const client = opened(server);
    store(client, 'a');
    const lease = taken(client);
    client.call(['end lease', lease, 'done']);
    client.call(['nonsense']);
    expect(server.core.isTouched).toBe(false);
    client.call(['end lease', lease, 'done']);
    expect(server.core.isTouched).toBe(true);
  });
});

test.each(['done', 'back'])(
  'nothing is kept of a lease that ended with %s, nor is its client told of it',
  (how) => {
    const server = new SimulatedServer();
    const client = opened(server);
    store(client, 'a');
    const listeners = server.core.connection(client.id).closeListeners;
    const lease = taken(client);
    expect([listeners.size, server.core.counts.timers]).toEqual([1, 1]);
    client.call(['end lease', lease, how]);
    expect([listeners.size, server.core.counts.timers]).toEqual([0, 0]);
    server.end();
  },
);

describe('the memory of leases (P12)', () => {
  const ROOM = 5;
  it(
    'belongs to the client that holds them, as long as it does',
    (server) => {
      const [maker, holder] = [opened(server), opened(server)];
      // The values count for the client that has stored them.
      store(maker, ...Array.from({ length: ROOM + 2 }, (_, n) => String(n)));
      const leases: string[] = [];
      let reply = take(holder);
      for (; reply.status === '0000' && leases.length < ROOM + 2; reply = take(holder))
        leases.push(reply.metadata['nwsLease'] ?? '');
      expect(leases).toHaveLength(ROOM);
      expect(reply.reason).toMatch(/^Refused: what this client has stored or made takes \d+ bytes in memory/);
      for (const lease of leases) holder.call(['end lease', lease, 'done']);
      expect(take(holder)).toMatchObject(OK);
    },
    { limits: { clientMemoryBytes: (ROOM + 1) * COST.lease } },
  );
});

test('each step of a lease is in the trace', () => {
  const server = new SimulatedServer({ traces: true });
  const client = opened(server);
  store(client, 'a');
  const lease = taken(client);
  client.call(['extend lease', lease, '2000']);
  client.call(['end lease', lease, 'back']);
  const steps = server.trace.filter(({ scope }) => scope === `lease ${lease}`);
  expect(steps.map(({ event }) => event.type)).toEqual(['xstate.init', 'extended', 'back.asked']);
});

/** The second of three parts of the data, which takes up these entities. */
const second = (entities: Parameters<typeof recovered>[0]): BusyCore => {
  const server = new BusyCore(false, {}, { isStored: true, part: { ...EVERYTHING, number: 1, of: 3 } });
  recovered(entities, server.core, 0);
  server.join(1);
  server.tell(1, ['open session', 'another secret', '30']);
  server.tell(1, ['open ws', 'w', 'label', 'yes']);
  return server;
};
/** Takes a value. @returns the number of the lease */
const takenIn = (server: BusyCore): string | undefined => {
  const [, length, rest] = /nwsLease(\d{4})(\d+)/.exec(server.tell(1, ['takeTry', 'w', 'v', '1000'])) ?? [];
  return rest?.slice(0, Number(length));
};

describe('the number of a lease (D17, D20)', () => {
  test('leaves the number of its part when it is divided by the number of parts', () => {
    const server = second([]);
    for (const value of ['a', 'b', 'c']) server.tell(1, ['store', 'w', 'v', '1', value]);
    expect([takenIn(server), takenIn(server), takenIn(server)]).toEqual(['4', '7', '10']);
  });

  test('follows those of before a restart, even if the store of an earlier version has no record of the last one', () => {
    const first = new SimulatedServer();
    const session = first.connect();
    session.call(['open session', 'secret', '30']);
    session.call(['open ws', 'w', 'label', 'yes']);
    store(session, 'a', 'b');
    expect(taken(session)).toBe('1');
    const old = first.stored
      .filter(({ key }) => key[0] !== 'numbers')
      .map(({ key, fields }) =>
        key[0] === 'lease' ? { key: ['lease', 7] as const, fields } : { key, fields },
      );
    expect(takenIn(second(old))).toBe('10');
    first.end();
  });
});
