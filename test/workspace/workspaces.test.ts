import { describe, expect, test } from 'vitest';
import { EMPTY_VALUE, OK, refused } from '../support/replies.ts';
import { it } from '../support/on-server.ts';
import { simulated } from '../support/simulated-server.ts';
import { Visitor } from '../support/visitor.ts';

const GONE = refused('No such workspace.', '0100');
const unopened = (name: string) => refused(`Workspace ${name} has not been opened.`, '2001');
const purged = refused('Variable purged.');
const open = (name: string, ...more: string[]): string[] => ['open ws', name, 'label', 'no', ...more];
const store = (name: string, value: string): string[] => ['store', name, 'v', '1', value];
const use = (name: string, ...more: string[]): string[] => ['use ws', name, '', 'no', ...more];

describe('opening a workspace (W2–W5)', () => {
  it('creates a missing workspace, unless create is `no` (W2, W4)', (server) => {
    const client = server.connect();
    expect(client.call(open('w', 'no'))).toMatchObject(GONE);
    expect(client.call(use('w', 'no'))).toMatchObject(GONE);
    expect(client.call(['list wss', 'w']).value).toBe('\n');
    expect(client.call(open('w'))).toMatchObject(OK);
    expect(client.call(use('w', 'no'))).toMatchObject(OK);
  });

  it('lets a connection name only what it has opened or used (W5)', (server) => {
    server.connect().call(open('w'));
    const stranger = server.connect();
    const requests = [
      ['store', 'w', 'v', '1', 'x'],
      ['find', 'w', 'v'],
      ['declare var', 'w', 'v', 'fifo'],
      ['delete var', 'w', 'v'],
      ['list vars', 'w'],
    ];
    for (const request of requests) expect(stranger.call(request)).toMatchObject(unopened('w'));
    stranger.call(use('w'));
    expect(stranger.call(['store', 'w', 'v', '1', 'x'])).toMatchObject(OK);
  });

  it('binds the name to the workspace until the name is opened again (W5)', (server) => {
    const [owner, other] = [server.connect(), server.connect()];
    owner.call(open('w'));
    other.call(use('w'));
    owner.call(['delete ws', 'w']);
    expect(other.call(['findTry', 'w', 'v'])).toMatchObject({ ...GONE, ...EMPTY_VALUE });
    owner.call(open('w'));
    owner.call(['store', 'w', 'v', '1', 'new']);
    expect(other.call(['findTry', 'w', 'v'])).toMatchObject(GONE);
    other.call(use('w'));
    expect(other.call(['findTry', 'w', 'v']).value).toBe('new');
  });
});

describe('owning a workspace (W2, W3, W6)', () => {
  it('begins with the first client to open it; a later one changes neither owner nor persistence (W2, W10)', (server) => {
    const [first, second, user] = [server.connect(), server.connect(), server.connect()];
    user.call(use('w'));
    expect(user.call(['list wss', 'w']).value).toBe(' w\t\tFalse\t0\t\n');
    first.call(['open ws', 'w', 'one', 'no']);
    second.call(['open ws', 'w', 'two', 'yes']);
    for (const [client, mark] of [
      [first, '>'],
      [second, '>'],
      [user, ' '],
    ] as const)
      expect(client.call(['list wss', 'w']).value).toBe(`${mark}w\t${first.peer} (one)\tFalse\t0\t\n`);
  });

  it('deletes the workspace when its owner or a later opener disconnects, whoever uses it (W6)', (server) => {
    for (const leaver of [0, 1] as const) {
      const owners = [server.connect(), server.connect()] as const;
      for (const owner of owners) owner.call(open('w'));
      const user = Visitor.of(server, 'w');
      user.wait('find', 'v');
      owners[leaver].disconnect();
      expect(user.reply()).toMatchObject(purged);
      expect(user.get('findTry', 'v')).toMatchObject(GONE);
    }
  });

  it('is not affected when another user disconnects (W3)', (server) => {
    const user = Visitor.of(server, 'w');
    user.leave();
    expect(server.connect().call(use('w', 'no'))).toMatchObject(OK);
  });

  it("keeps a persistent workspace, and its owner's name, after the owner has disconnected (W6)", (server) => {
    const owner = server.connect();
    owner.call(['open ws', 'w', 'label', 'yes']);
    owner.call(['store', 'w', 'v', '1', 'x']);
    owner.disconnect();
    const other = server.connect();
    other.call(open('w'));
    expect(other.call(['list wss', 'w']).value).toBe(`>w\t${owner.peer} (label)\tTrue\t1\tv\n`);
    other.disconnect();
    expect(server.connect().call(['list wss', 'w']).value).toBe(` w\t${owner.peer} (label)\tTrue\t1\tv\n`);
  });

  it('ends when the workspace is deleted, even if another client creates it again (W5, W6)', (server) => {
    const [first, second] = [server.connect(), server.connect()];
    first.call(open('w'));
    second.call(['delete ws', 'w']);
    second.call(open('w'));
    first.call(use('w'));
    first.disconnect();
    expect(second.call(['list vars', 'w'])).toMatchObject(OK);
  });
});

describe('deleting a workspace (W7)', () => {
  it('is allowed for any name, opened or not; a missing one is refused', (server) => {
    server.connect().call(open('w'));
    const stranger = server.connect();
    expect(stranger.call(['delete ws', 'w'])).toMatchObject(OK);
    expect(stranger.call(['delete ws', 'w'])).toMatchObject(refused('Workspace "w" does not exist.'));
  });

  it('notifies every client blocked in it, and the client that deleted it no longer has it open (W5)', (server) => {
    const [finder, fetcher, deleter] = [1, 2, 3].map(() => Visitor.of(server, 'w'));
    finder?.wait('find', 'a');
    fetcher?.wait('fetch', 'b');
    deleter?.store('c', 'x');
    expect(deleter?.client.call(['delete ws', 'w'])).toMatchObject(OK);
    expect([finder?.reply(), fetcher?.reply()]).toMatchObject([purged, purged]);
    expect(deleter?.get('findTry', 'c')).toMatchObject(unopened('w'));
  });

  it('ends the ownership of the client that empties `__default` (W5)', (server) => {
    const client = server.connect();
    expect(client.call(['open ws', '__default', 'me', 'no'])).toMatchObject(OK);
    expect(client.call(['delete ws', '__default'])).toMatchObject(OK);
    // At the end of a test nothing refers to a client that has gone.
    client.disconnect();
  });

  it('empties `__default`, which always exists (W1)', (server) => {
    const [visitor, other] = [Visitor.of(server, '__default'), Visitor.of(server, '__default')];
    visitor.store('v', 'x');
    other.wait('find', 'nothing');
    expect(visitor.client.call(['list wss']).value).toBe(' __default\t[system]\tTrue\t2\tnothing,v\n');
    expect(visitor.client.call(['delete ws', '__default'])).toMatchObject(OK);
    expect(other.reply()).toMatchObject(purged);
    expect(other.list()).toEqual(['']);
    expect(visitor.client.call(['list wss']).value).toBe(' __default\t[system]\tTrue\t0\t\n');
    // It needs no record, so a client that opens it changes none.
    expect(other.client.call(['open ws', '__default', 'me', 'no'])).toMatchObject(OK);
  });
});

describe('a temporary workspace (W8)', () => {
  it('has a unique name: the running number in the template, and a suffix of this run', (server) => {
    const client = server.connect();
    const names = [['mktemp ws'], ['mktemp ws', '%03d_x'], ['mktemp ws', 'n%d']].map(
      (args) => client.call(args).value,
    );
    const suffix = names[0]?.slice('__ws__0'.length);
    expect(suffix).toMatch(/^\w+$/);
    expect(names).toEqual([`__ws__0${suffix}`, `001_x${suffix}`, `n2${suffix}`]);
  });

  it('is open for the client that created it, and has no owner', (server) => {
    const maker = server.connect();
    const name = maker.call(['mktemp ws']).value ?? '';
    expect(maker.call(['store', name, 'v', '1', 'x'])).toMatchObject(OK);
    expect(maker.call(['list wss', name]).value).toBe(` ${name}\t\tFalse\t1\tv\n`);
    maker.disconnect();
    expect(server.connect().call(use(name, 'no'))).toMatchObject(OK);
  });

  it('never gets the name of an existing workspace', (server) => {
    const client = server.connect();
    const [first, second] = ['%.1s', '%.1s'].map((template) => client.call(['mktemp ws', template]).value);
    client.call(open(second?.replace('1', '2') ?? ''));
    const third = client.call(['mktemp ws', '%d']).value;
    expect(new Set([first, second, second?.replace('1', '2'), third]).size).toBe(4);
  });

  it('is not created from an invalid template, which uses up no number', (server) => {
    const client = server.connect();
    const reply = client.call(['mktemp ws', 'none']);
    expect(reply).toMatchObject({ ...refused('mktemp: bad template "none".'), ...EMPTY_VALUE });
    expect(client.call(['mktemp ws']).value).toMatch(/^__ws__0/);
  });

  it(
    'is not created under a name that is longer than a request may contain',
    (server) => {
      const client = server.connect();
      expect(client.call(['mktemp ws', `${'x'.repeat(26)}%d`])).toMatchObject(EMPTY_VALUE);
      const name = client.call(['mktemp ws', `${'x'.repeat(25)}%d`]).value ?? '';
      expect(client.call(['delete ws', name]).status).toBe('0000');
    },
    { limits: { nameBytes: 30 } },
  );
});

describe('workspace plugins (W9)', () => {
  it('that are unknown are refused, and nothing is created', (server) => {
    const client = server.connect();
    const wstype = { wstype: 'bobsled' };
    const reason = "Failed to create workspace: couldn't load plugin.";
    expect(client.call(open('w'), wstype)).toMatchObject(refused(reason));
    expect(client.call(['mktemp ws'], wstype)).toMatchObject(
      refused('Internal error: reference_space failed'),
    );
    expect(client.call(use('w', 'no'))).toMatchObject(GONE);
  });

  it('are looked up only when the workspace is created', (server) => {
    const client = server.connect();
    client.call(open('w'));
    expect(client.call(open('w'), { wstype: 'bobsled' })).toMatchObject(OK);
  });

  test('can be added by a program: they receive stores, may refuse them, and are told of the end', () => {
    const told: string[] = [];
    simulated(
      (server) => {
        const client = server.connect();
        client.call(open('w'), { wstype: 'watched', option: '1' });
        client.call(['store', 'w', 'good', '1', 'x']);
        expect(client.call(['store', 'w', 'bad', '1', 'x'])).toMatchObject(refused('not here', '0100'));
        client.call(['delete ws', 'w']);
      },
      {
        plugins: {
          watched: ({ name }, options) => ({
            refuseStore: (variable) =>
              variable === 'bad' ? { code: 'bad', status: '0100', reason: 'not here' } : undefined,
            stored: (variable) => told.push(`${name} ${variable} ${options.get('option')}`),
            deleted: () => told.push('deleted'),
          }),
        },
      },
    )();
    expect(told).toEqual(['w good 1', 'deleted']);
  });
});

describe('listings (W10, V8)', () => {
  it('contain workspaces sorted by name, each with the sorted names of its variables (W10)', (server) => {
    const client = server.connect();
    for (const name of ['b', 'B', 'a\xff']) client.call(open(name));
    for (const name of ['z', 'y', 'Z']) client.call(['store', 'b', name, '1', 'x']);
    const owner = `${client.peer} (label)`;
    expect(client.call(['list wss']).value).toBe(
      `>B\t${owner}\tFalse\t0\t\n __default\t[system]\tTrue\t0\t\n>a\xff\t${owner}\tFalse\t0\t\n>b\t${owner}\tFalse\t3\tZ,y,z\n`,
    );
  });

  it('contain variables sorted by name with values, fetchers, finders and mode, without a newline at the end (V8)', (server) => {
    const [visitor, waiter] = [Visitor.of(server, 'w'), Visitor.of(server, 'w')];
    visitor.declare('l', 'lifo');
    for (const value of ['1', '2']) visitor.store('l', value);
    visitor.declare('a', 'single');
    visitor.store('f', 'x');
    waiter.wait('fetch', 'u');
    expect(visitor.client.call(['list vars', 'w'])).toMatchObject({
      descriptor: 1,
      variableId: '',
      value: 'a\t0\t0\t0\tsingle\nf\t1\t0\t0\tfifo\nl\t2\t0\t0\tlifo\nu\t0\t1\t0\tunknown',
    });
  });
});

describe('the memory of values (P12)', () => {
  it(
    'is limited for a workspace and for the server: a store over the limit is refused, and accepted when there is room',
    (server) => {
      const client = server.connect();
      client.call(open('a'));
      client.call(open('b'));
      expect(client.call(store('a', '1234567890'))).toMatchObject(OK);
      const full = 'Refused: the workspace holds 10 bytes; the limit is 10.';
      expect(client.call(store('a', '1'))).toMatchObject(refused(full));
      expect(client.call(store('b', '123456'))).toMatchObject(
        refused('Refused: the server holds 10 bytes; the limit is 15.'),
      );
      client.call(['fetch', 'a', 'v']);
      expect(client.call(store('b', '123456'))).toMatchObject(OK);
    },
    { limits: { workspaceBytes: 10, serverBytes: 15 } },
  );

  it(
    'includes the overhead of many small values',
    (server) => {
      const client = server.connect();
      client.call(open('a'));
      const stored = Array.from({ length: 100 }, () => client.call(store('a', '')).status);
      expect(stored.filter((status) => status === '0000').length).toBeLessThan(25);
      expect(stored.at(-1)).toBe('0001');
    },
    { limits: { memoryBytes: 5_000 } },
  );

  it(
    'includes the names of workspaces and of variables',
    (server) => {
      const client = server.connect();
      const names = Array.from({ length: 20 }, (_, n) => `name ${n}`);
      expect(client.call(open('w'))).toMatchObject(OK);
      const full = { status: '0001', reason: expect.stringMatching(/in memory; the limit is 5000/) };
      expect(names.map((name) => client.call(['findTry', 'w', name])).at(-1)).toMatchObject(full);
      client.call(['delete ws', 'w']);
      expect(names.map((name) => client.call(open(name))).at(-1)).toMatchObject(full);
    },
    { limits: { memoryBytes: 5_000 } },
  );
});
