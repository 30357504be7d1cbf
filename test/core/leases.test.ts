import { describe, expect, test } from 'vitest';
import { differences } from '../support/projection.ts';
import { opened, store } from '../support/opened.ts';
import { OK, refused } from '../support/replies.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const LEASE = 'nwsLease';
const NO_VALUE = refused('no value available');
const notHeld = (lease: string): object => refused(`this client does not hold the lease "${lease}".`);

/** @returns the value and the number of its lease */
function take(client: SimulatedClient, milliseconds = 1_000): { text: string; lease: string } {
  const reply = client.call(['takeTry', 'w', 'v', String(milliseconds)]);
  expect(reply).toMatchObject(OK);
  return { text: reply.value, lease: reply.metadata[LEASE] ?? '' };
}

const left = (client: SimulatedClient): string[] => {
  const found: string[] = [];
  for (let reply = client.call(['fetchTry', 'w', 'v']); reply.status === '0000';) {
    found.push(reply.value);
    reply = client.call(['fetchTry', 'w', 'v']);
  }
  return found;
};

describe('a value that is taken for a time (V13)', () => {
  test('is not available to others, and removed when its holder is done', () => {
    const server = new SimulatedServer();
    const holder = opened(server);
    const other = opened(server);
    store(holder, 'a', 'b');
    const { text, lease } = take(holder);
    expect(text).toBe('a');
    expect(other.call(['findTry', 'w', 'v'])).toMatchObject({ value: 'b' });
    expect(holder.call(['end lease', lease, 'done'])).toMatchObject(OK);
    expect(holder.call(['end lease', lease, 'back'])).toMatchObject(notHeld(lease));
    expect(left(other)).toEqual(['b']);
    server.end();
  });

  test.each<[string, (holder: SimulatedClient, lease: string, server: SimulatedServer) => void]>([
    ['gives it back', (holder, lease) => void holder.call(['end lease', lease, 'back'])],
    ['disconnects', (holder) => holder.disconnect()],
    ['keeps it too long', (_holder, _lease, server) => server.advance(1_000)],
  ])('returns to its place when its holder %s', (_how, end) => {
    const server = new SimulatedServer();
    const holder = opened(server);
    const other = opened(server);
    store(other, 'a', 'b', 'c');
    const { lease } = take(holder);
    const second = take(other, 100_000);
    end(holder, lease, server);
    expect(other.call(['findTry', 'w', 'v'])).toMatchObject({ value: 'a', index: 0 });
    expect(other.call(['ifindTry', 'w', 'v', idOf(server), '0'])).toMatchObject({ value: 'c', index: 2 });
    expect(other.call(['end lease', second.lease, 'back'])).toMatchObject(OK);
    expect(left(other)).toEqual(['a', 'b', 'c']);
    server.end();
  });

  test('returns later if its lease is extended, and only its holder may do so', () => {
    const server = new SimulatedServer();
    const holder = opened(server);
    const other = opened(server);
    store(other, 'a');
    const { lease } = take(holder);
    server.advance(900);
    expect(other.call(['extend lease', lease, '1000'])).toMatchObject(notHeld(lease));
    expect(holder.call(['extend lease', lease, '1000'])).toMatchObject(OK);
    server.advance(900);
    expect(other.call(['findTry', 'w', 'v'])).toMatchObject(NO_VALUE);
    server.advance(100);
    expect(left(other)).toEqual(['a']);
    expect(holder.call(['extend lease', lease, '1000'])).toMatchObject(notHeld(lease));
    server.end();
  });

  test('goes to the client that has waited longest, also when it returns', () => {
    const server = new SimulatedServer();
    const [first, second, third] = [opened(server), opened(server), opened(server)];
    first.send(['take', 'w', 'v', '1000']);
    second.send(['take', 'w', 'v', '1000']);
    third.send(['fetch', 'w', 'v']);
    const maker = opened(server);
    store(maker, 'a');
    expect(first.reply()).toMatchObject({ value: 'a' });
    expect(second.isWaiting).toBe(true);
    first.disconnect();
    expect(second.reply()).toMatchObject({ value: 'a' });
    server.advance(1_000);
    expect(third.reply()).toMatchObject({ value: 'a', index: 0 });
    expect(left(maker)).toEqual([]);
    server.end();
  });

  test('does not return to a single that has a newer value, and returns on top of a lifo', () => {
    const server = new SimulatedServer();
    const client = opened(server);
    for (const [mode, after] of [
      ['single', ['new']],
      ['lifo', ['old', 'new']],
    ] as const) {
      client.call(['declare var', 'w', 'v', mode]);
      store(client, 'old');
      const { lease } = take(client);
      store(client, 'new');
      client.call(['end lease', lease, 'back']);
      expect(left(client)).toEqual(after);
      store(client, 'x');
      const again = take(client);
      client.call(['end lease', again.lease, 'back']);
      expect(left(client)).toEqual(['x']);
      client.call(['delete var', 'w', 'v']);
    }
    server.end();
  });

  test('is dropped with its variable, and with its workspace', () => {
    for (const deletion of [
      ['delete var', 'w', 'v'],
      ['delete ws', 'w'],
    ]) {
      const server = new SimulatedServer();
      const client = opened(server);
      store(client, 'a');
      const { lease } = take(client);
      expect(client.call(deletion)).toMatchObject(OK);
      expect(client.call(['end lease', lease, 'back'])).toMatchObject(notHeld(lease));
      expect(server.stored.filter(({ key }) => key[0] === 'lease')).toEqual([]);
      server.end();
    }
  });

  test('is refused where there are none, and for a time that is none', () => {
    const server = new SimulatedServer();
    const client = opened(server);
    client.call(['declare var', 'w', 'time', '__time']);
    expect(client.call(['takeTry', 'w', 'time', '5'])).toMatchObject(
      refused('take is not supported for a variable of mode "__time".'),
    );
    for (const bad of ['0', '1.5', 'soon', '604800001'])
      expect(client.call(['takeTry', 'w', 'v', bad])).toMatchObject(
        refused(`a lease has a whole number of milliseconds from 1 to 604800000, not "${bad}".`),
      );
    store(client, 'a');
    const { lease } = take(client);
    expect(client.call(['end lease', lease, 'over'])).toMatchObject(
      refused('a lease ends with done or back, not with "over".'),
    );
    server.end();
  });
});

describe('a lease of a server with a store', () => {
  test('is held by its session after a restart until its time elapses, and one of a connection is not (D4)', () => {
    const server = new SimulatedServer();
    const session = server.connect();
    session.call(['open session', 'secret', '30']);
    session.call(['open ws', 'w', 'label', 'yes']);
    const other = opened(server);
    store(other, 'a', 'b', 'c');
    const { lease } = take(session, 10_000);
    take(other, 10_000);
    server.advance(4_000);
    const next = server.crash();
    const back = next.connect();
    expect(back.call(['resume session', 'secret'])).toMatchObject(OK);
    const reader = opened(next);
    // The value of the connection has returned, before those that follow it.
    expect(reader.call(['findTry', 'w', 'v'])).toMatchObject({ value: 'b', index: 1 });
    expect(back.call(['extend lease', lease, '6000'])).toMatchObject(OK);
    next.advance(5_999);
    expect(reader.call(['findTry', 'w', 'v'])).toMatchObject({ value: 'b' });
    next.advance(1);
    expect(left(reader)).toEqual(['a', 'b', 'c']);
    expect(differences(next.stored, next.core.entities())).toEqual([]);
    next.end();
  });

  test('leaves a gap that later values are not counted into', () => {
    const server = new SimulatedServer();
    const session = server.connect();
    session.call(['open session', 'secret', '30']);
    session.call(['open ws', 'w', 'label', 'yes']);
    const other = opened(server);
    store(other, 'a', 'b', 'c');
    const first = take(other, 10_000);
    take(session, 10_000);
    other.call(['end lease', first.lease, 'back']);
    // a is there, b is leased, and c follows.
    const next = server.crash();
    const reader = opened(next);
    expect(reader.call(['ifindTry', 'w', 'v', idOf(next), '0'])).toMatchObject({ value: 'c', index: 2 });
    next.advance(10_000);
    expect(left(reader)).toEqual(['a', 'b', 'c']);
    next.end();
  });
});

describe('the number of a lease (D20)', () => {
  test('is not given again after a restart, so whoever still has it cannot end another lease', () => {
    const server = new SimulatedServer();
    const session = server.connect();
    session.call(['open session', 'secret', '30']);
    session.call(['open ws', 'w', 'label', 'yes']);
    store(session, 'a', 'b');
    const { lease: ended } = take(session);
    session.call(['end lease', ended, 'done']);
    const next = server.crash().crash();
    const back = next.connect();
    expect(back.call(['resume session', 'secret'])).toMatchObject(OK);
    const { text, lease } = take(back);
    expect(text).toBe('b');
    expect(back.call(['end lease', ended, 'done'])).toMatchObject(notHeld(ended));
    expect(back.call(['end lease', lease, 'back'])).toMatchObject(OK);
    expect(left(back)).toEqual(['b']);
    next.end();
  });

  test('of a value that does not survive the server is not given again either', () => {
    const server = new SimulatedServer();
    const client = server.connect();
    client.call(['open ws', 'w', 'label', 'yes'], { durable: 'none' });
    store(client, 'a');
    const { lease } = take(client);
    const next = server.crash();
    const other = opened(next);
    store(other, 'b');
    expect(take(other).lease).not.toBe(lease);
    next.end();
  });

  test('is reserved with others, so that a take of such a value seldom waits for the store (D2)', () => {
    const server = new SimulatedServer();
    const client = server.connect();
    client.call(['open ws', 'w', 'label', 'yes'], { durable: 'none' });
    const waits = (): boolean => {
      const { lease } = take(client);
      const { isTouched } = server.core;
      client.call(['end lease', lease, 'back']);
      return isTouched;
    };
    store(client, 'a');
    expect(Array.from({ length: 1_002 }, waits).flatMap((isWaiting, n) => (isWaiting ? [n] : []))).toEqual([
      0, 1_000,
    ]);
    server.end();
  });
});

/** The id of the variable. */
function idOf(server: SimulatedServer): string {
  return server.core.workspaces.find('w')?.find('v')?.id ?? '';
}
