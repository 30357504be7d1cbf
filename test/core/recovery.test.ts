import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Core } from '../../src/core/core.ts';
import type { Entity } from '../../src/store/change.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { VariableRecord } from '../../src/workspace/variable-record.ts';
import { WorkspaceRecord } from '../../src/workspace/workspace-record.ts';
import { byForm } from '../support/form.ts';
import { differences, recovered } from '../support/projection.ts';
import type { SimulatedClient } from '../support/simulated-client.ts';
import { it } from '../support/on-server.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

const WORKSPACES = ['__default', 'kept', 'owned', 'scratch'];
const VARIABLES = ['a', 'b'];
const MODES = ['fifo', 'lifo', 'single', 'multi', '__time', '__barrier'];
const GETS = ['fetch', 'fetchTry', 'find', 'findTry', 'ifetchTry', 'ifindTry'];

type Request = (client: SimulatedClient) => void;

/** A request of a client. A get that waits blocks its client, which then sends nothing until it is answered. */
const requests: fc.Arbitrary<Request> = fc.oneof(
  fc
    .tuple(fc.constantFrom('open ws', 'use ws'), fc.constantFrom(...WORKSPACES))
    .map(([verb, name]): Request => (client) => {
      const metadata = name === 'scratch' ? { durable: 'none' } : { memoryBytes: '1000000' };
      client.send([verb, name, 'label', name === 'owned' ? 'no' : 'yes'], metadata);
    }),
  fc.tuple(fc.constantFrom(...WORKSPACES), fc.constantFrom(...VARIABLES), fc.string({ maxLength: 3 })).map(
    ([workspace, variable, text]): Request =>
      (client) =>
        client.send(['store', workspace, variable, '1', text], { note: text }),
  ),
  fc.tuple(fc.constantFrom(...WORKSPACES), fc.constantFrom(...VARIABLES), fc.constantFrom(...GETS)).map(
    ([workspace, variable, verb]): Request =>
      (client) =>
        client.send([verb, workspace, variable]),
  ),
  fc.tuple(fc.constantFrom(...WORKSPACES), fc.constantFrom(...VARIABLES), fc.constantFrom(...MODES)).map(
    ([workspace, variable, mode]): Request =>
      (client) =>
        client.send(['declare var', workspace, variable, mode]),
  ),
  fc.tuple(fc.constantFrom(...WORKSPACES), fc.constantFrom(...VARIABLES)).map(
    ([workspace, variable]): Request =>
      (client) =>
        client.send(['delete var', workspace, variable]),
  ),
  fc.constantFrom(...WORKSPACES).map(
    (name): Request =>
      (client) =>
        client.send(['delete ws', name]),
  ),
  fc.constant<Request>((client) => client.send(['mktemp ws'])),
  fc.constant<Request>((client) => client.disconnect()),
);

/** Requests for a variable whose values are taken for a time (V13). A fetch that waits would get what returns. */
const leaseRequests: fc.Arbitrary<Request> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...WORKSPACES),
      fc.constantFrom(
        ['store', '1', 'x'],
        ['store', '1', 'y'],
        ['take', '1000'],
        ['takeTry', '1000'],
        ['takeTry', '1000'],
        ['fetchTry'],
        ['declare var', 'fifo'],
        ['declare var', 'single'],
        ['delete var'],
      ),
    )
    .map(
      ([workspace, [verb = '', ...rest]]): Request =>
        (client) =>
          client.send([verb, workspace, 'c', ...rest]),
    ),
  fc
    .tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(['end lease', 'done'], ['end lease', 'back'], ['extend lease', '500']),
    )
    .map(
      ([lease, [verb = '', how = '']]): Request =>
        (client) =>
          client.send([verb, String(lease), how]),
    ),
);

const scripts = fc.array(
  fc.tuple(fc.nat({ max: 2 }), fc.oneof(requests, { arbitrary: leaseRequests, weight: 2 })),
  { maxLength: 80 },
);

/** Plays a script with three clients, each of which is replaced when it disconnects. */
function play(
  server: SimulatedServer,
  script: readonly (readonly [number, Request])[],
  after: () => void,
): void {
  const clients = [server.connect(), server.connect(), server.connect()];
  for (const [n, request] of script) {
    let client = clients[n];
    if (client === undefined || client.gone) clients[n] = client = server.connect();
    client.skip();
    if (!client.isWaiting) request(client);
    after();
  }
}

const newCore = (): Core =>
  new Core({ limits: DEFAULT_LIMITS, plugins: new Map(), tls: 'none', run: 'next', isStored: true });

/** With the values of leases where they were: every holder has disconnected (V13.2). */
function withReturned(entities: readonly Entity[]): Entity[] {
  const returned = entities.flatMap(({ key, fields }): Entity[] => {
    if (key[0] !== 'lease') return [];
    const { workspace, variable, number, descriptor, payload, metadata } = fields;
    const where = ['value', Number(workspace), Number(variable)] as const;
    const isThere = (each: Entity): boolean => where.every((part, at) => each.key[at] === part);
    const { mode, emptyAt } =
      entities.find((each) => each.key.join('/') === `variable/${Number(workspace)}/${Number(variable)}`)
        ?.fields ?? {};
    const newest = Math.max(Number(emptyAt) - 1, ...entities.filter(isThere).map((each) => each.key[3] ?? 0));
    if (mode === 'single' && newest !== number) return [];
    return [{ key: [...where, Number(number)], fields: { descriptor, payload, metadata } }];
  });
  return [...entities.filter(({ key }) => key[0] !== 'lease'), ...returned];
}

/** What is left when every connection has closed: all but the owned workspaces and their contents (W6). */
function withoutOwned(entities: readonly Entity[]): Entity[] {
  const owned = new Set(
    entities.flatMap(({ key, fields }) => (fields['isOwned'] === true ? [key[1] ?? -1] : [])),
  );
  return entities.filter(({ key }) => !owned.has(key[1] ?? 0));
}

afterEach(() => vi.restoreAllMocks());

describe('a server that ends after any event', () => {
  test('has afterwards what was stored, without the owned workspaces; and ending again changes nothing (D4)', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const server = new SimulatedServer();
        play(server, script, () => {
          const { stored, now } = server;
          const once = recovered(stored, newCore(), now).store.entities;
          expect(differences(withoutOwned(withReturned(stored)), once)).toEqual([]);
          const twice = recovered(once, newCore(), now).store.entities;
          expect(differences(once, twice)).toEqual([]);
        });
        server.end();
      }),
      { numRuns: byForm(20, 60, 1_000) },
    );
  });

  test('goes on as if its clients had only disconnected', () => {
    fc.assert(
      fc.property(scripts, scripts, (before, after) => {
        const first = new SimulatedServer();
        play(first, before, () => undefined);
        const second = first.crash();
        for (const client of first.clients) client.disconnect();
        for (const server of [first, second]) play(server, after, () => undefined);
        expect(contentOf(second.stored)).toEqual(contentOf(first.stored));
      }),
      { numRuns: byForm(20, 60, 1_000) },
    );
  });

  it('keeps the ids of variables and the numbers of values, so that an iteration continues (D5)', (before) => {
    const visitor = Visitor.of(before, 'shop');
    for (const text of ['a', 'b', 'c']) visitor.store('x', text);
    visitor.get('fetch', 'x');
    const found = visitor.get('ifindTry', 'x');
    const { variableId = '', index = 0 } = found;
    const after = Visitor.of(before.crash(), 'shop');
    const next = after.get('ifindTry', 'x', { after: { variableId, index } });
    expect([next.value, next.index]).toEqual(['c', 2]);
    after.get('fetch', 'x');
    after.get('fetch', 'x');
    const last = Visitor.of(after.client.server.crash(), 'shop');
    last.store('x', 'd');
    expect(last.get('ifindTry', 'x', { after: { variableId, index: 2 } }).index).toBe(3);
  });
});

/** The values by the names of their workspaces and variables: numbers and ids depend on how long a server lives. */
function contentOf(entities: readonly Entity[]): unknown[] {
  const names = new Map(entities.map(({ key, fields }) => [key.join('/'), fields['name']]));
  return entities
    .filter(({ key: [kind] }) => kind === 'value')
    .map(({ key: [, workspace = 0, variable = 0, number], fields }) => ({
      of: [names.get(`workspace/${workspace}`), names.get(`variable/${workspace}/${variable}`), number],
      fields,
    }))
    .sort((a, b) => (JSON.stringify(a.of) < JSON.stringify(b.of) ? -1 : 1));
}

describe('the projection law finds a record that forgets', () => {
  const script: Request[] = [
    (client) => client.call(['open ws', 'kept', 'label', 'yes']),
    (client) => client.call(['store', 'kept', 'a', '1', 'x']),
    (client) => client.call(['store', 'kept', 'a', '1', 'y']),
    (client) => client.call(['fetch', 'kept', 'a']),
    (client) => client.call(['fetch', 'kept', 'a']),
    (client) => client.call(['declare var', 'kept', 'b', 'single']),
    (client) => client.call(['store', 'kept', 'b', '1', 'z']),
    (client) => client.call(['delete var', 'kept', 'b']),
    (client) => client.call(['delete ws', 'kept']),
  ];
  const run = (): void => {
    const server = new SimulatedServer();
    const client = server.connect();
    for (const request of script) request(client);
    server.end();
  };

  test('and nothing if none does', run);

  test.each([
    ['a put', VariableRecord.prototype, 'put'],
    ['a delete', VariableRecord.prototype, 'delete'],
    ['the mode or the numbers of a variable', VariableRecord.prototype, 'changed'],
    ['that a variable is deleted', VariableRecord.prototype, 'end'],
  ] as const)('%s', (_what, record, method) => {
    vi.spyOn(record, method).mockImplementation(() => undefined);
    expect(run).toThrow('the store is wrong');
  });

  test.each([
    ['a workspace', 'changed'],
    ['that a workspace is deleted', 'end'],
  ] as const)('%s', (_what, method) => {
    vi.spyOn(WorkspaceRecord.prototype, method).mockImplementation(() => undefined);
    expect(run).toThrow(/the store is wrong/);
  });
});
