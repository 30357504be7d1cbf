import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../src/wire/bounds.ts';
import type { Connection } from '../../src/core/connection.ts';
import { isRefusal } from '../../src/workspace/refusal.ts';
import type { Workspace, WorkspacePluginFactory } from '../../src/workspace/workspace.ts';
import { shortOf } from '../../src/workspace/workspaces.ts';
import { it } from '../support/on-server.ts';
import { OK } from '../support/replies.ts';
import { SimulatedServer } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

const open = (name: string, persistent = 'no'): string[] => ['open ws', name, 'label', persistent];

function workspaceOf(server: SimulatedServer, name = 'w'): Workspace {
  const workspace = server.core.workspaces.find(name);
  if (workspace === undefined) throw new Error(`there is no workspace ${name}`);
  return workspace;
}

function lastOf({ core }: SimulatedServer): Connection {
  const connection = [...core.connections].at(-1);
  if (connection === undefined) throw new Error('nobody is connected');
  return connection;
}

/** A plugin that does nothing. */
const idle: WorkspacePluginFactory = () => ({ deleted: () => undefined });

describe('a deleted workspace (W5, W7)', () => {
  it('keeps only its name for the connections that still refer to it', (server) => {
    const owner = server.connect();
    owner.call(open('w'), { about: 'this' });
    const other = Visitor.of(server, 'w');
    other.store('v', 'x');
    const workspace = workspaceOf(server);
    owner.call(['delete ws', 'w']);
    expect([...lastOf(server).references.values()]).toEqual([workspace]);
    const { name, owner: label, owners, metadata, variableCount } = workspace;
    expect({ name, label, owners: owners.size, metadata: metadata.size, variableCount }).toEqual({
      name: 'w',
      label: '',
      owners: 0,
      metadata: 0,
      variableCount: 0,
    });
  });

  test('is released in steps, one for each variable (P14)', () => {
    const server = new SimulatedServer();
    const visitor = Visitor.of(server, 'w');
    for (const name of ['a', 'b', 'c']) visitor.store(name, 'x');
    const steps = server.core.workspaces.delete('w', lastOf(server));
    expect(isRefusal(steps) ? steps : [...steps]).toHaveLength(3);
  });

  test('is one of several that are released in steps when a client leaves, one for each (P14)', () => {
    const server = new SimulatedServer();
    const client = server.connect();
    for (const name of ['a', 'b', 'c']) client.call(open(name));
    const steps = server.core.workspaces.clientLeft(lastOf(server), (act) => act());
    expect([...steps]).toHaveLength(3);
    expect(server.core.workspaces.count).toBe(1);
  });
});

describe('the counts of workspaces and variables', () => {
  it('follow what is created and deleted', (server) => {
    const { workspaces } = server.core;
    const counts = () => [workspaces.count, workspaces.variableCount];
    expect(counts()).toEqual([1, 0]);
    const [visitor, main] = [Visitor.of(server, 'w'), Visitor.of(server, '__default')];
    for (const name of ['a', 'b']) visitor.store(name, 'x');
    main.store('c', 'x');
    expect(counts()).toEqual([2, 3]);
    visitor.delete('a');
    expect(counts()).toEqual([2, 2]);
    visitor.client.call(['delete ws', 'w']);
    expect(counts()).toEqual([1, 1]);
  });

  test('go on when the server is started again, and no number of a workspace is used twice', () => {
    let server = new SimulatedServer({ plugins: { idle } });
    for (const name of ['a', 'b', 'c']) {
      server.connect().call(open(name, 'yes'), { wstype: 'idle' });
      server = server.crash();
    }
    const { workspaces } = server.core;
    expect([...workspaces.occupied].map(({ name, number }) => [name, number])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    server.connect().call(['delete ws', 'b']);
    expect([...workspaces.occupied].map(({ name }) => name)).toEqual(['a', 'c']);
    server.end();
  });

  it(
    'contain a workspace with a plugin from the start',
    (server) => {
      server.connect().call(open('w'), { wstype: 'idle' });
      expect([...server.core.workspaces.occupied].map(({ name }) => name)).toEqual(['w']);
    },
    { plugins: { idle } },
  );
});

const most = BOUNDS.creationMetadataBytes.value;
const long = 'x'.repeat(most);

const keptWith = (name: string, length: number): string[] => {
  const entries = [
    ['a', 'b'],
    [name, 'x'.repeat(length)],
    ['e', ''],
  ] as const;
  return [...shortOf(new Map(entries)).keys()];
};

describe('the metadata of a creation', () => {
  test('are kept as far as they are short enough together', () => {
    expect(keptWith('c', most - 4)).toEqual(['a', 'c', 'e']);
    expect(keptWith('c', most - 3)).toEqual(['a', 'c']);
    expect(keptWith('c', most - 2)).toEqual(['a']);
    expect(keptWith('cd', most - 3)).toEqual(['a']);
    expect(shortOf(new Map([['c', long]])).size).toBe(0);
    expect(shortOf(new Map([['a', 'b']])).get('a')).toBe('b');
    expect(shortOf(new Map()).size).toBe(0);
  });

  test.each([
    ['with a plugin that survives the server', true, { wstype: 'idle' }, true],
    ['with a plugin that does not survive the server', false, { wstype: 'idle', durable: 'none' }, true],
    ['with a plugin of a server that has no store', false, { wstype: 'idle' }, false],
    ['without a plugin', false, {}, true],
  ])('of a workspace %s are kept whole: %s', (_what, isWhole, metadata, isStored) => {
    const server = new SimulatedServer({ plugins: { idle }, isStored });
    server.connect().call(open('w'), { ...metadata, about: long });
    expect(workspaceOf(server).metadata.get('about')).toBe(isWhole ? long : undefined);
  });
});

/** A plugin that stores a value when its workspace is deleted. */
const last: WorkspacePluginFactory = (workspace) => ({
  deleted: () => {
    const value = { descriptor: 1, payload: 'the last value', metadata: new Map<string, string>() };
    workspace.variable('late').store(value, undefined);
  },
});

/** A plugin with a hidden variable. */
const hiding: WorkspacePluginFactory = (workspace) => {
  workspace.define('hidden', { hidden: true });
  return { deleted: () => undefined };
};

describe('a workspace plugin (W9)', () => {
  test('hears of the deletion before and after its variables are purged', () => {
    const told: string[] = [];
    const heard: WorkspacePluginFactory = (workspace) => ({
      deleting: () => told.push(`deleting ${workspace.variableCount}`),
      deleted: () => told.push(`deleted ${workspace.variableCount}`),
    });
    const server = new SimulatedServer({ plugins: { heard } });
    const client = server.connect();
    client.call(open('w'), { wstype: 'heard' });
    client.call(['store', 'w', 'v', '1', 'x']);
    client.call(['delete ws', 'w']);
    expect(told).toEqual(['deleting 1', 'deleted 0']);
    server.end();
  });

  it(
    'may store a last value when its workspace is deleted, which is dropped',
    (server) => {
      const client = server.connect();
      client.call(open('w'), { wstype: 'last' });
      const workspace = workspaceOf(server);
      client.call(['delete ws', 'w']);
      expect([server.core.accounting.bytes, workspace.variableCount]).toEqual([0, 0]);
      expect(server.core.accounting.budget.byKind.names).toBe(0);
    },
    { plugins: { last } },
  );

  it(
    'discards the file of a large value that it takes for itself (P11)',
    (server) => {
      const client = server.connect();
      client.call(open('w'), { wstype: 'taking' });
      expect(client.call(['store', 'w', 'v', '1', 'a large value'])).toMatchObject(OK);
      expect([server.files.count, workspaceOf(server).variableCount]).toEqual([0, 0]);
    },
    {
      limits: { longValueBytes: 5 },
      plugins: { taking: () => ({ isPrivate: () => true, deleted: () => undefined }) },
    },
  );

  it(
    'outlives an owner only if others stay (W6.1)',
    (server) => {
      const [first, second] = [server.connect(), server.connect()];
      first.call(open('w'), { wstype: 'lasting' });
      second.call(open('w'));
      second.disconnect();
      expect(first.call(['list vars', 'w'])).toMatchObject(OK);
      first.disconnect();
      expect(server.core.workspaces.find('w')).toBeUndefined();
    },
    { plugins: { lasting: () => ({ outlives: () => true, deleted: () => undefined }) } },
  );

  test('may hide a variable, which stays hidden when the server is started again (V8)', () => {
    const server = new SimulatedServer({ plugins: { hiding } });
    const client = server.connect();
    client.call(open('w', 'yes'), { wstype: 'hiding' });
    client.call(['store', 'w', 'shown', '1', 'x']);
    // The next version of the plugin does not know the variable.
    const next = server.crash({ plugins: { hiding: idle } });
    expect(Visitor.of(next, 'w').list()).toEqual(['shown\t1\t0\t0\tfifo']);
    expect(workspaceOf(next).find('hidden')?.hidden).toBe(true);
    next.end();
  });
});

describe('a workspace in a session (P15)', () => {
  it('that the client has used first is its own once the client opens it (W2)', (server) => {
    const client = server.connect();
    client.call(['open session', 'a secret', '100']);
    client.call(['use ws', 'w', '', 'no']);
    server.expectRightStore();
    client.call(open('w'));
    server.expectRightStore();
  });

  it('that the client deletes is not in the record of its session any more (W7)', (server) => {
    const client = server.connect();
    client.call(['open session', 'a secret', '100']);
    client.call(open('w', 'yes'));
    client.call(['delete ws', 'w']);
    server.expectRightStore();
  });
});

it('that a workspace exists is part of a reply, and has to be durable (D2)', (server) => {
  const client = server.connect();
  client.call(open('w', 'yes'));
  client.call(['use ws', 'w', '', 'no', 'no']);
  expect(server.core.isTouched).toBe(true);
});
