import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../src/wire/limits.ts';
import { NO_METADATA } from '../../src/wire/payload.ts';
import { COST, MemoryBudget, memoryOfMetadata } from '../../src/workspace/memory-budget.ts';
import { NO_OTHERS, type OthersUse } from '../../src/workspace/others-use.ts';
import type { Refusal } from '../../src/workspace/refusal.ts';
import { ServerAccounting, StorageAccounting } from '../../src/workspace/storage-accounting.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { it } from '../support/on-server.ts';
import { OK } from '../support/replies.ts';
import { Visitor } from '../support/visitor.ts';

const accountingWith = (limits: Partial<Limits>, others: Partial<OthersUse> = {}): ServerAccounting =>
  new ServerAccounting({ ...DEFAULT_LIMITS, ...limits }, () => undefined, { ...NO_OTHERS, ...others });

const valueOf = (payload: string) => ({
  descriptor: 1,
  payload,
  metadata: NO_METADATA,
  owner: undefined,
});

/** The shape of a refusal for a limit that names how much is held. */
const over = (limit: Refusal['limit'], held: number) => ({
  limit,
  reason: expect.stringMatching(new RegExp(`\\b${held} bytes`)),
});

describe('the memory of a server (P12)', () => {
  test('is filled to the last byte by what it holds, by incomplete requests and by other cores', () => {
    const server = accountingWith({ memoryBytes: 100 }, { memory: 30 });
    server.budget.take('values', 20, {});
    server.incoming.take(10, 0);
    expect(server.budget.refusal(40, {})).toBeUndefined();
    expect(server.budget.refusal(41, {})).toMatchObject(over('memoryBytes', 60));
  });

  test('refuses no more than it has no room for when no requests come in', () => {
    const budget = new MemoryBudget({ ...DEFAULT_LIMITS, memoryBytes: 100 }, () => 0);
    budget.take('values', 99, {});
    expect([budget.refusal(1, {}), budget.refusal(2, {})?.limit]).toEqual([undefined, 'memoryBytes']);
  });
});

describe('incomplete requests (P12)', () => {
  const limits = { memoryBytes: 100, incomingBytes: 80, connectionCount: 4 };

  test('have the memory that neither values nor other cores take, besides the requests of these', () => {
    const server = accountingWith(limits, { memory: 30, incoming: 10 });
    server.budget.take('values', 20, {});
    expect(server.incoming.limit).toBe(60);
    expect(server.incoming.take(51, 100)).toMatchObject(over('memoryBytes', 10));
    expect(server.incoming.take(50, 100)).toBeUndefined();
    expect(server.incoming.take(1, 100)).toMatchObject(over('memoryBytes', 60));
  });

  test('have no room, and not less, when the memory is more than full', () => {
    const server = accountingWith(limits);
    server.budget.take('values', 200, {});
    expect(server.incoming.limit).toBe(0);
  });

  test('are refused for their own limit if that is the smaller one', () => {
    const { incoming } = accountingWith(limits);
    expect(incoming.limit).toBe(80);
    expect(incoming.take(80, 100)).toBeUndefined();
    expect(incoming.take(1, 100)).toMatchObject(over('incomingBytes', 80));
  });

  test('of each connection have its share, however full it is', () => {
    const { incoming } = accountingWith(limits, { incoming: 80 });
    expect(incoming.take(10, 11)).toMatchObject(over('incomingBytes', 80));
    expect(incoming.take(10, 10)).toBeUndefined();
    expect(incoming.bytes).toBe(10);
    incoming.give(10);
    expect(incoming.bytes).toBe(0);
  });
});

describe('what has arrived and is not read (P12)', () => {
  const limits = { incomingBytes: 80, connectionCount: 4 };

  test('is limited together with that of other cores', () => {
    const { unread } = accountingWith(limits, { arrived: 30 });
    expect(unread.take(51, 100)).toMatchObject(over('incomingBytes', 30));
    expect(unread.take(50, 100)).toBeUndefined();
    expect(unread.take(1, 100)).toMatchObject(over('incomingBytes', 80));
  });

  test('of each connection has its share, however full it is', () => {
    const { unread } = accountingWith(limits, { arrived: 80 });
    expect(unread.take(10, 11)).toMatchObject(over('incomingBytes', 80));
    expect(unread.take(10, 10)).toBeUndefined();
    expect(unread.bytes).toBe(10);
  });
});

describe('the bytes of values (P12)', () => {
  test('are limited for a workspace, to the last byte, and free again when a value is dropped', () => {
    const storage = new StorageAccounting(accountingWith({ workspaceBytes: 10 }));
    const value = valueOf('123456');
    storage.keep(value);
    expect(storage.refusal(valueOf('1234'))).toBeUndefined();
    expect(storage.refusal(valueOf('12345'))).toMatchObject(over('workspaceBytes', 6));
    storage.drop(value);
    expect(storage.refusal(valueOf('1234567890'))).toBeUndefined();
    expect(storage.bytes).toBe(0);
  });

  test('are limited for all cores of a service together, to the last byte', () => {
    const storage = new StorageAccounting(accountingWith({ serverBytes: 10 }, { values: 3 }));
    storage.keep(valueOf('1234'));
    expect(storage.refusal(valueOf('123'))).toBeUndefined();
    expect(storage.refusal(valueOf('1234'))).toMatchObject(over('serverBytes', 7));
  });
});

/** What the client that connected last is charged for, in bytes. */
const chargedTo = (server: SimulatedServer): number =>
  [...server.core.connections].at(-1)?.account?.bytes ?? 0;

const use = (client: SimulatedClient, name: string) => client.call(['use ws', name, '', 'no']);
const open = (name: string): string[] => ['open ws', name, 'label', 'yes'];

describe('the account of a client (P12)', () => {
  it('has what the client has made, until it is deleted', (server) => {
    const client = server.connect();
    const before = chargedTo(server);
    client.call(open('w'), { wstype: 'sleigh', about: 'this' });
    expect(chargedTo(server)).toBeGreaterThan(COST.job);
    client.call(['delete ws', 'w']);
    expect(chargedTo(server)).toBe(before);
  });

  it('has the name of a variable until it is deleted, and the membership of a barrier until it ends', (server) => {
    const visitor = Visitor.of(server, 'w');
    const before = chargedTo(server);
    visitor.declare('b', '__barrier');
    const declared = before + COST.name + 1;
    expect(chargedTo(server)).toBe(declared);
    visitor.store('b', '');
    expect(chargedTo(server)).toBe(declared + COST.barrierMember);
    visitor.get('fetch', 'b');
    expect(chargedTo(server)).toBe(declared);
    visitor.delete('b');
    expect(chargedTo(server)).toBe(before);
  });

  test('that is full lets the client use again what it has opened, and nothing else', () => {
    const usual = new SimulatedServer();
    use(usual.connect(), 'w');
    const server = new SimulatedServer({ limits: { clientMemoryBytes: chargedTo(usual) } });
    use(server.connect(), 'x');
    const client = server.connect();
    expect([use(client, 'w'), use(client, 'w')]).toMatchObject([OK, OK]);
    expect(use(client, 'x').reason).toMatch(/what this client has stored or made/);
    for (const each of [usual, server]) each.end();
  });

  test.each<[string, Record<string, string>, number]>([
    ['a workspace', {}, 0],
    ['a workspace with metadata', { about: 'this' }, 0],
    ['a job', { wstype: 'none' }, COST.job],
    ['a job with metadata', { about: 'this', wstype: 'none' }, COST.job],
  ])('must have room for %s to the last byte', (_what, metadata, more) => {
    const plugins = { none: () => ({ deleted: () => undefined }) };
    const needed = COST.name + 'w'.length + memoryOfMetadata(new Map(Object.entries(metadata))) + more;
    const outcomes = [needed, needed - 1].map((clientMemoryBytes) => {
      const server = new SimulatedServer({ plugins, limits: { clientMemoryBytes } });
      const { status } = server.connect().call(['use ws', 'w', '', 'no'], metadata);
      server.end();
      return status;
    });
    expect(outcomes).toEqual(['0000', '0001']);
  });
});

describe('the quota of a workspace (W11)', () => {
  it('may be 0, and then there is no room for the workspace', (server) => {
    const reply = server.connect().call(open('w'), { memoryBytes: '0' });
    expect(reply.reason).toBe('Refused: the workspace takes 0 bytes in memory; the limit is 0.');
  });

  test('lasts when the server is started again', () => {
    const server = new SimulatedServer();
    server.connect().call(open('w'), { memoryBytes: '10000' });
    const next = server.crash();
    const reply = Visitor.of(next, 'w').store('v', 'x'.repeat(10_000));
    expect(reply.reason).toMatch(/the workspace takes \d+ bytes in memory; the limit is 10000\./);
    next.end();
  });
});
