import { describe, expect, test } from 'vitest';
import { Fifo } from '../../src/workspace/fifo.ts';
import { textOf } from '../../src/workspace/value.ts';
import type { Variable } from '../../src/workspace/variable.ts';
import type { WorkspacePluginFactory } from '../../src/workspace/workspace.ts';
import { OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { opened } from '../support/opened.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

const NUMBERED = ['fifo', 'single'];
const ORDERED = [...NUMBERED, 'lifo'];

const enter = (server: SimulatedServer): Visitor => new Visitor(opened(server), 'w');

function variableOf(server: SimulatedServer, name = 'v'): Variable {
  const variable = server.core.workspaces.find('w')?.find(name);
  if (variable === undefined) throw new Error(`there is no variable ${name}`);
  return variable;
}

/** Stores a value. @returns the number that it has */
function numberOfNext(visitor: Visitor, value = 'next'): number | undefined {
  visitor.store('v', value);
  return visitor.get('find', 'v').index;
}

/** All orders of three. */
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
];

const leaseOf = (visitor: Visitor): string =>
  visitor.client.call(['takeTry', 'w', 'v', '100000']).metadata['nwsLease'] ?? '';

const end = (visitor: Visitor, lease: string, how: 'done' | 'back'): void =>
  expect(visitor.client.call(['end lease', lease, how])).toMatchObject(OK);

/** The values that are there, with their numbers, as iterations find them (V10). */
function iterated(visitor: Visitor): [value: string, number: number][] {
  const found: [string, number][] = [];
  let reply = visitor.get('ifindTry', 'v');
  while (reply.status === OK.status) {
    found.push([reply.value, reply.index ?? -1]);
    reply = visitor.get('ifindTry', 'v', { after: reply });
  }
  return found;
}

describe.each(NUMBERED)('the values of a %s have numbers (V10)', (mode) => {
  test('that begin with 0, also when the server was started again before the first value', () => {
    const server = new SimulatedServer();
    enter(server).declare('v', mode);
    const next = server.crash();
    expect(numberOfNext(enter(next))).toBe(0);
    next.end();
  });

  test.each<[string, (visitor: Visitor) => void]>([
    ['fetched', (visitor) => void visitor.get('fetch', 'v')],
    ['taken', (visitor) => end(visitor, leaseOf(visitor), 'done')],
  ])('that are not used again when the last value was %s and the server is started again', (_how, take) => {
    const server = new SimulatedServer();
    const visitor = enter(server);
    visitor.declare('v', mode);
    for (const value of ['a', 'b']) {
      visitor.store('v', value);
      take(visitor);
    }
    const next = server.crash();
    expect(numberOfNext(enter(next))).toBe(2);
    next.end();
  });

  test.each(['fetch', 'take'])(
    'that are not used again when a %s was waiting for the last value and the server is started again',
    (verb) => {
      const server = new SimulatedServer();
      const [visitor, waiting] = [enter(server), enter(server)];
      visitor.declare('v', mode);
      waiting.client.send([verb, 'w', 'v', ...(verb === 'take' ? ['100000'] : [])]);
      visitor.store('v', 'a');
      const { metadata, value } = waiting.reply();
      expect(value).toBe('a');
      if (verb === 'take') end(waiting, metadata['nwsLease'] ?? '', 'done');
      const next = server.crash();
      expect(numberOfNext(enter(next))).toBe(1);
      next.end();
    },
  );

  it('that clients are told that waited for the value', (server) => {
    const [storer, finder, fetcher] = [enter(server), enter(server), enter(server)];
    storer.declare('v', mode);
    storer.store('v', 'a');
    storer.get('fetch', 'v');
    finder.wait('find', 'v');
    fetcher.wait('fetch', 'v');
    storer.store('v', 'b');
    for (const { value, index } of [finder.reply(), fetcher.reply()])
      expect([value, index]).toEqual(['b', 1]);
  });

  it('that they keep when they return to clients that wait (V13.2)', (server) => {
    const [holder, finder, fetcher] = [enter(server), enter(server), enter(server)];
    holder.declare('v', mode);
    holder.store('v', 'a');
    holder.get('fetch', 'v');
    holder.store('v', 'b');
    const lease = leaseOf(holder);
    finder.wait('find', 'v');
    fetcher.wait('fetch', 'v');
    end(holder, lease, 'back');
    for (const { value, index } of [finder.reply(), fetcher.reply()])
      expect([value, index]).toEqual(['b', 1]);
  });

  it('after which an iteration waits for the next value', (server) => {
    const [storer, finder] = [enter(server), enter(server)];
    storer.declare('v', mode);
    storer.store('v', 'a');
    const after = finder.get('ifind', 'v');
    finder.wait('ifind', 'v', { after });
    storer.store('v', 'b');
    expect(finder.reply()).toMatchObject({ value: 'b', index: 1 });
  });
});

describe('values that were leased (V13.2)', () => {
  it('are in the order of their numbers again, in whatever order they return', (server) => {
    const visitor = enter(server);
    for (const order of ORDERS) {
      for (const value of ['a', 'b', 'c']) visitor.store('v', value);
      const leases = order.map(() => leaseOf(visitor));
      for (const place of order) end(visitor, leases[place] ?? '', 'back');
      expect(order.map(() => visitor.get('fetch', 'v').value)).toEqual(['a', 'b', 'c']);
    }
  });

  test('and have returned to an empty fifo keep their numbers, and so does the next one, when the server is started again', () => {
    const server = new SimulatedServer();
    const visitor = enter(server);
    for (const value of ['a', 'b']) visitor.store('v', value);
    const [first, second] = [leaseOf(visitor), leaseOf(visitor)];
    end(visitor, second, 'done');
    end(visitor, first, 'back');
    const next = server.crash();
    const other = enter(next);
    other.store('v', 'c');
    expect(iterated(other)).toEqual([
      ['a', 0],
      ['c', 2],
    ]);
    next.end();
  });

  test('and have returned before others keep their numbers when the server is started again', () => {
    const server = new SimulatedServer();
    const visitor = enter(server);
    for (const value of ['a', 'b', 'c', 'd', 'e']) visitor.store('v', value);
    const [first, second, third] = [leaseOf(visitor), leaseOf(visitor), leaseOf(visitor)];
    end(visitor, third, 'done');
    for (const lease of [second, first]) end(visitor, lease, 'back');
    const next = server.crash();
    const other = enter(next);
    other.store('v', 'f');
    expect(iterated(other)).toEqual([
      ['a', 0],
      ['b', 1],
      ['d', 3],
      ['e', 4],
      ['f', 5],
    ]);
    next.end();
  });
});

function expectParts(variable: Variable, all: string): void {
  for (let from = 0; from <= 7; from++)
    for (let count = 1; count <= 7; count++) {
      const values = variable.values(from, count).map(textOf).join('');
      expect([from, count, values]).toEqual([from, count, all.slice(from, from + count)]);
    }
}

describe('any part of the values of a variable', () => {
  test.each([
    ['fifo', 'abcde'],
    ['lifo', 'edcba'],
    ['single', 'e'],
    ['__time', ''],
  ])('that is a %s is a part of %j', (mode, all) => {
    const server = new SimulatedServer();
    const visitor = enter(server);
    visitor.declare('v', mode);
    for (const value of 'abcde') visitor.store('v', value);
    expectParts(variableOf(server), all);
    server.end();
  });

  it('that is a fifo with values that have returned is in order (V13.2)', (server) => {
    const visitor = enter(server);
    for (const value of 'abcde') visitor.store('v', value);
    const leases = [leaseOf(visitor), leaseOf(visitor)];
    for (const lease of leases) end(visitor, lease, 'back');
    expectParts(variableOf(server), 'abcde');
  });
});

describe.each(ORDERED)('a %s', (mode) => {
  test('takes as much memory as before when the server is started again (P12)', () => {
    const server = new SimulatedServer();
    const visitor = enter(server);
    visitor.declare('v', mode);
    for (const value of ['a value', 'another value']) visitor.store('v', value);
    const { bytes, budget } = server.core.accounting;
    const next = server.crash();
    expect([next.core.accounting.bytes, next.core.accounting.budget.byKind.values]).toEqual([
      bytes,
      budget.byKind.values,
    ]);
    next.end();
  });

  it(
    'keeps no file of a large value that a fetch was waiting for (P11)',
    (server) => {
      const [storer, fetcher] = [enter(server), enter(server)];
      storer.declare('v', mode);
      fetcher.wait('fetch', 'v');
      storer.store('v', 'a large value');
      expect([fetcher.reply().value, server.files.count]).toEqual(['a large value', 0]);
    },
    { limits: { longValueBytes: 5 } },
  );

  it('that is deleted refuses the clients that wait in it (V7)', (server) => {
    const [deleter, finder, fetcher] = [enter(server), enter(server), enter(server)];
    deleter.declare('v', mode);
    finder.wait('find', 'v');
    fetcher.wait('fetch', 'v');
    expect([...variableOf(server).waiting()].map(({ verb }) => verb)).toEqual(['fetch', 'find']);
    deleter.delete('v');
    for (const each of [finder, fetcher]) expect(each.reply()).toMatchObject(refused('Variable purged.'));
  });
});

it('members that wait at a barrier are counted in its listing (V8, V12)', (server) => {
  const [first, second] = [enter(server), enter(server)];
  first.declare('v', '__barrier');
  for (const each of [first, second]) each.store('v', '');
  first.wait('find', 'v');
  expect(second.list()).toEqual(['v\t2\t0\t1\t__barrier']);
  expect([...variableOf(server).waiting()].map(({ verb }) => verb)).toEqual(['find']);
});

it('no store waits in a fifo without a capacity (V14)', (server) => {
  const visitor = enter(server);
  visitor.store('v', 'a');
  const { storers, capacity } = variableOf(server).behaviour;
  expect([storers, capacity]).toEqual([0, undefined]);
});

const ring: WorkspacePluginFactory = (workspace) => {
  workspace.define('v', {}, (context) => new Fifo(context, { count: 3, bytes: 10 }));
  return { deleted: () => undefined };
};

test('a fifo with bounds keeps them when the server is started again (S20)', () => {
  let server = new SimulatedServer({ plugins: { ring } });
  server.connect().call(['open ws', 'w', 'label', 'yes'], { wstype: 'ring' });
  const keptAfter = (...stored: readonly string[]): string[] => {
    server = server.crash();
    const visitor = enter(server);
    for (const value of stored) visitor.store('v', value);
    return variableOf(server).values(0, Infinity).map(textOf);
  };
  expect(keptAfter('aa', 'bb', 'cc')).toEqual(['aa', 'bb', 'cc']);
  expect(keptAfter('dd')).toEqual(['bb', 'cc', 'dd']);
  expect(keptAfter('fffff')).toEqual(['cc', 'dd', 'fffff']);
  expect(keptAfter('gggg')).toEqual(['fffff', 'gggg']);
  expect(keptAfter('h')).toEqual(['fffff', 'gggg', 'h']);
  expect(keptAfter('longer than all')).toEqual(['longer than all']);
  server.end();
});
