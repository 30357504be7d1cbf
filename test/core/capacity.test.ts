import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/workspace/value.ts';
import { byForm } from '../support/form.ts';
import { MemoryHeld } from '../support/memory-held.ts';
import { differences } from '../support/projection.ts';
import { opened } from '../support/opened.ts';
import { OK, refused } from '../support/replies.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';

const FULL = refused('Store failed: the fifo holds as many values as its capacity.');

/** A client with the fifo `v` of that capacity. */
function declared(server: SimulatedServer, capacity: number): SimulatedClient {
  const client = opened(server);
  expect(client.call(['declare var', 'w', 'v', 'fifo'], { capacity: String(capacity) })).toMatchObject(OK);
  return client;
}

const store = (client: SimulatedClient, value: string) => client.call(['store', 'w', 'v', '1', value]);
const storeWait = (client: SimulatedClient, value: string): void =>
  client.send(['storeWait', 'w', 'v', '1', value]);
const fetch = (client: SimulatedClient): string => client.call(['fetchTry', 'w', 'v']).value;
const take = (client: SimulatedClient): string =>
  client.call(['takeTry', 'w', 'v', '1000']).metadata['nwsLease'] ?? '';

describe('a fifo with a capacity (V14)', () => {
  test('refuses a store when it is full, and takes one when a value has been removed', () => {
    const server = new SimulatedServer();
    const client = declared(server, 2);
    for (const value of ['a', 'b']) expect(store(client, value)).toMatchObject(OK);
    expect(store(client, 'c')).toMatchObject(FULL);
    expect(fetch(client)).toBe('a');
    expect(store(client, 'd')).toMatchObject(OK);
    expect([fetch(client), fetch(client)]).toEqual(['b', 'd']);
    server.end();
  });

  test('is deleted with the stores that wait because its values are leased (V14.3)', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    const producer = opened(server);
    store(client, 'a');
    take(client);
    storeWait(producer, 'c');
    expect(client.call(['delete var', 'w', 'v'])).toMatchObject(OK);
    expect(producer.reply()).toMatchObject(refused('Variable purged.'));
    server.end();
  });

  test('counts leased values, until their holder is done with them (V14.1)', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    const producer = opened(server);
    store(client, 'a');
    const lease = take(client);
    expect(store(client, 'b')).toMatchObject(FULL);
    storeWait(producer, 'c');
    client.call(['end lease', lease, 'back']);
    expect(producer.isWaiting).toBe(true);
    client.call(['end lease', take(client), 'done']);
    expect(producer.reply()).toMatchObject(OK);
    expect(fetch(client)).toBe('c');
    server.end();
  });

  test('lets stores wait, and admits the one that has waited longest (V14.2)', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    const [first, second] = [opened(server), opened(server)];
    storeWait(first, 'a');
    expect(first.reply()).toMatchObject(OK);
    storeWait(first, 'b');
    storeWait(second, 'c');
    expect([first.isWaiting, second.isWaiting]).toEqual([true, true]);
    expect(client.call(['list vars', 'w']).value).toContain('v\t1\t0\t0\tfifo');
    expect(fetch(client)).toBe('a');
    expect(first.reply()).toMatchObject(OK);
    expect(second.isWaiting).toBe(true);
    expect([fetch(client), fetch(client)]).toEqual(['b', 'c']);
    expect(second.reply()).toMatchObject(OK);
    server.end();
  });

  test('gives a value that was admitted to a fetch that waits, and then admits the next', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    store(client, 'a');
    const lease = take(client);
    const [consumer, one, two] = [opened(server), opened(server), opened(server)];
    consumer.send(['fetch', 'w', 'v']);
    storeWait(one, 'b');
    storeWait(two, 'c');
    client.call(['end lease', lease, 'done']);
    expect(consumer.reply()).toMatchObject({ value: 'b' });
    for (const each of [one, two]) expect(each.reply()).toMatchObject(OK);
    expect(fetch(client)).toBe('c');
    server.end();
  });

  test('has room when a value that returns goes to a fetch that waits', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    store(client, 'a');
    const lease = take(client);
    const [consumer, producer] = [opened(server), opened(server)];
    consumer.send(['fetch', 'w', 'v']);
    storeWait(producer, 'b');
    client.call(['end lease', lease, 'back']);
    expect(consumer.reply()).toMatchObject({ value: 'a' });
    expect(producer.reply()).toMatchObject(OK);
    expect(fetch(client)).toBe('b');
    server.end();
  });

  test('stores nothing for a client that goes, and refuses those that wait when it is deleted (V14.3)', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    const [gone, stays] = [opened(server), opened(server)];
    store(client, 'a');
    storeWait(gone, 'b');
    storeWait(stays, 'c');
    gone.disconnect();
    expect(fetch(client)).toBe('a');
    expect(stays.reply()).toMatchObject(OK);
    storeWait(stays, 'd');
    expect(client.call(['delete var', 'w', 'v'])).toMatchObject(OK);
    expect(stays.reply()).toMatchObject(refused('Variable purged.'));
    for (const value of ['e', 'f']) expect(store(client, value)).toMatchObject(OK);
    server.end();
  });

  test('is refused for another capacity, another mode and what is no number', () => {
    const server = new SimulatedServer();
    const client = declared(server, 2);
    const declare = (mode: string, capacity: string, name = 'v') =>
      client.call(['declare var', 'w', name, mode], { capacity });
    expect(declare('fifo', '2')).toMatchObject(OK);
    expect(client.call(['declare var', 'w', 'v', 'fifo'])).toMatchObject(OK);
    expect(declare('fifo', '7')).toMatchObject(refused('Cannot change variable capacity to 7.'));
    expect(declare('lifo', '7', 'x')).toMatchObject(refused('a variable of mode "lifo" has no capacity.'));
    for (const bad of ['0', '-1', '1.5', 'many', ''])
      expect(declare('fifo', bad, 'x')).toMatchObject(
        refused(`a capacity is a whole number of at least 1, not "${bad}".`),
      );
    client.call(['store', 'w', 'y', '1', 'a']);
    expect(declare('fifo', '1', 'y')).toMatchObject(refused('Cannot change variable capacity to 1.'));
    server.end();
  });

  test('keeps its capacity when its server is started again, and not the stores that wait', () => {
    const server = new SimulatedServer();
    const client = declared(server, 1);
    store(client, 'a');
    const session = server.connect();
    session.call(['open session', 'secret', '30']);
    session.call(['open ws', 'w', 'label', 'yes']);
    session.send(['storeWait', 'w', 'v', '1', 'b'], { request: '7' });
    const next = server.crash();
    const back = next.connect();
    expect(back.call(['resume session', 'secret'])).toMatchObject(OK);
    const reader = opened(next);
    expect(store(reader, 'c')).toMatchObject(FULL);
    back.send(['storeWait', 'w', 'v', '1', 'b'], { request: '7' });
    expect(fetch(reader)).toBe('a');
    expect(back.reply()).toMatchObject(OK);
    // The request has been carried out, and is not carried out again (P15.1).
    expect(back.call(['storeWait', 'w', 'v', '1', 'b'], { request: '7' })).toMatchObject(OK);
    expect(differences(next.stored, next.core.entities())).toEqual([]);
    expect([fetch(reader), fetch(reader)]).toEqual(['b', '']);
    next.end();
  });
});

type Step =
  | {
      readonly do: 'store' | 'storeWait' | 'fetchTry' | 'fetch' | 'take' | 'disconnect';
      readonly who: number;
    }
  | { readonly do: 'done' | 'back'; readonly which: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('store', 'storeWait', 'fetchTry', 'fetch', 'take', 'disconnect'),
    who: fc.nat(5),
  }),
  fc.record({ do: fc.constantFrom('done', 'back'), which: fc.nat(3) }),
);

/** A client that makes one request at a time. */
interface Player {
  readonly client: SimulatedClient;
  waitsWith?: { readonly verb: 'storeWait' | 'fetch'; readonly value: string };
}

test('whatever clients do, a fifo holds at most its capacity, loses nothing, and lets nobody wait for nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(STEP, { maxLength: 40 }), (capacity, steps) => {
      const server = new SimulatedServer();
      const owner = declared(server, capacity);
      const players: Player[] = Array.from({ length: 6 }, () => ({ client: opened(server) }));
      const leases: { value: string; lease: string }[] = [];
      const accepted: string[] = [];
      const got: string[] = [];
      let values = 0;
      const settle = (): void => {
        for (const player of players) {
          if (player.waitsWith === undefined || player.client.isWaiting) continue;
          const reply = player.client.reply();
          expect(reply).toMatchObject(OK);
          if (player.waitsWith.verb === 'fetch') got.push(reply?.value ?? '');
          else accepted.push(player.waitsWith.value);
          delete player.waitsWith;
        }
      };
      for (const step of steps) {
        if ('which' in step) {
          const [held] = leases.splice(step.which, 1);
          if (held === undefined) continue;
          if (step.do === 'done') got.push(held.value);
          expect(owner.call(['end lease', held.lease, step.do])).toMatchObject(OK);
        } else {
          const player = players[step.who];
          if (player === undefined) continue;
          if (step.do === 'disconnect') {
            player.client.disconnect();
            players[step.who] = { client: opened(server) };
          } else if (player.waitsWith === undefined) {
            const value = `value ${++values}`;
            const isStore = step.do === 'store' || step.do === 'storeWait';
            if (step.do === 'storeWait' || step.do === 'fetch') {
              player.client.send([step.do, 'w', 'v', ...(isStore ? ['1', value] : [])]);
              player.waitsWith = { verb: step.do, value };
            } else if (step.do === 'store') {
              if (store(player.client, value).status === '0000') accepted.push(value);
            } else if (step.do === 'fetchTry') {
              const reply = player.client.call(['fetchTry', 'w', 'v']);
              if (reply.status === '0000') got.push(reply.value);
            } else {
              const reply = owner.call(['takeTry', 'w', 'v', '600000']);
              if (reply.status === '0000')
                leases.push({ value: reply.value, lease: reply.metadata['nwsLease'] ?? '' });
            }
          }
        }
        settle();
        const variable = server.core.workspaces.find('w')?.find('v');
        const here = variable?.behaviour.counts.values ?? 0;
        const held = here + leases.length;
        expect(held).toBeLessThanOrEqual(capacity);
        const waitsTo = (verb: string): boolean => players.some(({ waitsWith }) => waitsWith?.verb === verb);
        if (held < capacity) expect(waitsTo('storeWait')).toBe(false);
        if (here > 0) expect(waitsTo('fetch')).toBe(false);
        const there = variable?.values(0, Infinity).map(textOf) ?? [];
        expect([...got, ...there, ...leases.map(({ value }) => value)].sort()).toEqual([...accepted].sort());
        expect(server.core.accounting.budget.byKind.values).toBe(new MemoryHeld(server.core).byKind.values);
        expect(differences(server.stored, server.core.entities())).toEqual([]);
      }
      // The store is compared with that after a crash, at which no client that waits gets a value that returns.
      for (const { client } of players) client.disconnect();
      server.end();
    }),
    { numRuns: byForm(40, 300, 3_000) },
  );
});
