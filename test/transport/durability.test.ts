import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Core } from '../../src/core/core.ts';
import type { Command, CoreEvent } from '../../src/core/commands.ts';
import { Durability } from '../../src/transport/durability.ts';
import { BOTH_WAYS } from '../../src/verify/client-codec.ts';
import { encodeDictionary } from '../../src/wire/dictionary.ts';
import { KEY } from '../../src/wire/names.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { ManualStore } from '../support/manual-store.ts';

const NOW = Date.UTC(2026, 10, 22);

/** A core behind a store whose commits the test ends. */
class Behind {
  readonly store = new ManualStore();
  readonly core = new Core({
    limits: { ...DEFAULT_LIMITS, longValueBytes: 10_000 },
    plugins: new Map(),
    tls: 'none',
    run: 'run1',
    isStored: true,
  });
  /** What was sent, and the other commands that clients notice, in order. */
  readonly performed: string[] = [];
  readonly unread: number[] = [];
  /** All commands that were performed, by their types. */
  readonly commands: Command['type'][] = [];
  /** Milliseconds of a monotonic clock. */
  now = 7_000;
  failure: unknown;
  /** Whether the time of an event is up after its first piece of work. */
  isHurried = false;
  readonly durability = new Durability(
    { store: this.store, sync: 'always' },
    this.core,
    {
      perform: (commands) => commands.forEach((command) => this.#note(command)),
      holdReading: (connection, isHeld) => {
        if (isHeld) this.unread.push(connection);
        else this.unread.splice(this.unread.indexOf(connection), 1);
      },
      failed: (error) => (this.failure = error),
    },
    () => this.now,
  );

  static async started(): Promise<Behind> {
    const behind = new Behind();
    const recovered = behind.durability.recover(() => NOW);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    await behind.store.finish();
    await recovered;
    behind.store.commits.length = 0;
    return behind;
  }

  #note(command: Command): void {
    this.commands.push(command.type);
    if (command.type === 'send') {
      const text = typeof command.bytes === 'string' ? command.bytes : Buffer.from(command.bytes).toString();
      this.performed.push(`${command.connection}: ${text.slice(0, 4)}${text.slice(-1)}`);
    } else if (['sendFile', 'close', 'flush', 'discardFile', 'continue'].includes(command.type))
      this.performed.push(command.type);
  }

  handle(event: CoreEvent): void {
    this.durability.handled(this.core.handle(event, NOW, () => this.isHurried));
  }

  /** A client with the old handshake. */
  connect(connection: number): void {
    this.handle({ type: 'connected', connection, peer: `client ${connection}` });
    this.handle({ type: 'received', connection, bytes: Buffer.from('2222') });
    this.performed.length = 0;
  }

  /** A client that uses the workspace that always exists. */
  open(connection: number): void {
    this.connect(connection);
    this.ask(connection, 'use ws', '__default', '', 'no');
  }

  ask(connection: number, ...args: string[]): void {
    this.handle({
      type: 'received',
      connection,
      bytes: Buffer.from(encodeRequest(args, undefined), 'latin1'),
    });
  }
}

const OK = '0000';

describe('a reply', () => {
  test('leaves when the changes of its event are committed, and not before (D2)', async () => {
    const server = await Behind.started();
    server.open(1);
    expect(server.performed.splice(0)).toHaveLength(1);
    server.ask(1, 'store', '__default', 'x', '1', 'value');
    expect(server.performed).toEqual([]);
    await server.store.finish();
    expect(server.performed).toHaveLength(1);
  });

  test('that reads what is not committed yet waits for it, and one of another workspace does not (D2)', async () => {
    const server = await Behind.started();
    for (const connection of [1, 2, 3]) {
      server.connect(connection);
      server.ask(connection, 'use ws', '__default', '', 'no');
    }
    server.performed.length = 0;
    server.ask(1, 'store', '__default', 'x', '1', 'v');
    server.ask(2, 'findTry', '__default', 'x');
    server.ask(3, 'no such verb');
    expect(server.performed).toHaveLength(1);
    expect(server.performed[0]).toMatch(/^3: /);
    while (server.store.isCommitting) await server.store.finish();
    expect(server.performed.map((sent) => sent.slice(0, 2))).toEqual(['3:', '1:', '2:']);
  });

  test('keeps its place behind earlier replies of its connection that wait', async () => {
    const server = await Behind.started();
    server.open(1);
    server.ask(1, 'store', '__default', 'x', '1', 'v');
    server.ask(1, 'no such verb');
    server.performed.length = 0;
    await server.store.finish();
    expect(server.performed).toHaveLength(2);
    expect(server.performed[0]).toContain(OK);
    expect(server.performed[1]).not.toContain(OK);
  });

  test('of the events during a commit waits for one commit more', async () => {
    const server = await Behind.started();
    server.connect(1);
    server.connect(2);
    server.ask(1, 'use ws', '__default', '', 'no');
    server.ask(2, 'use ws', '__default', '', 'no');
    server.performed.length = 0;
    server.ask(1, 'store', '__default', 'x', '1', 'a');
    server.ask(2, 'store', '__default', 'x', '1', 'b');
    server.ask(1, 'store', '__default', 'x', '1', 'c');
    expect(server.store.commits).toHaveLength(1);
    await server.store.finish();
    expect(server.performed).toHaveLength(1);
    expect(server.store.commits).toHaveLength(2);
    await server.store.finish();
    expect(server.performed).toHaveLength(3);
  });

  test('is not sent any more when what was committed before cannot be brought to the disk (D6, D21)', async () => {
    const server = await Behind.started();
    server.open(1);
    server.performed.length = 0;
    server.store.failLater(new Error('EIO'));
    await server.store.failure;
    server.ask(1, 'no such verb');
    expect(server.failure).toEqual(new Error('EIO'));
    expect(server.performed).toEqual([]);
  });

  test('is never sent when its commit has failed, and nothing else is (D6)', async () => {
    const server = await Behind.started();
    server.connect(1);
    server.connect(2);
    server.ask(1, 'use ws', '__default', '', 'no');
    server.performed.length = 0;
    server.ask(1, 'store', '__default', 'x', '1', 'v');
    await server.store.fail(new Error('EIO'));
    expect(server.failure).toEqual(new Error('EIO'));
    server.ask(2, 'no such verb');
    expect(server.performed).toEqual([]);
    expect(server.store.isCommitting).toBe(false);
    await server.durability.close();
    expect(server.store.isClosed).toBe(true);
  });
});

describe('a commit', () => {
  test('does not begin while work that changes something is half done, and its clients are not read from (D3)', async () => {
    const server = await Behind.started();
    server.connect(1);
    for (const name of ['a', 'b', 'c']) server.ask(1, 'open ws', name, 'label', 'no');
    while (server.store.isCommitting) await server.store.finish();
    server.open(2);
    server.performed.length = 0;
    server.store.commits.length = 0;
    server.isHurried = true;
    server.handle({ type: 'disconnected', connection: 1 });
    server.ask(2, 'store', '__default', 'x', '1', 'v');
    expect(server.store.isCommitting).toBe(false);
    expect(server.unread).toEqual([2]);
    for (let turn = 0; !server.store.isCommitting && turn < 20; turn++) server.handle({ type: 'continued' });
    const [commit] = server.store.commits;
    expect(commit?.filter(({ type }) => type === 'delete')).toHaveLength(3);
    await server.store.finish();
    expect(server.unread).toEqual([]);
    expect(server.performed.filter((sent) => sent.startsWith('2: '))).toHaveLength(1);
  });

  test('is awaited by every later reply of its clients, also before it begins (D2)', async () => {
    const server = await Behind.started();
    server.connect(1);
    for (const name of ['a', 'b', 'c']) server.ask(1, 'open ws', name, 'label', 'no');
    while (server.store.isCommitting) await server.store.finish();
    server.open(2);
    server.performed.length = 0;
    server.isHurried = true;
    server.handle({ type: 'disconnected', connection: 1 });
    server.ask(2, 'store', '__default', 'x', '1', 'v');
    // This one depends on nothing that is stored.
    server.ask(2, 'no such verb');
    expect(server.store.isCommitting).toBe(false);
    expect(server.performed.filter((sent) => sent.startsWith('2: '))).toEqual([]);
    for (let turn = 0; !server.store.isCommitting && turn < 20; turn++) server.handle({ type: 'continued' });
    await server.store.finish();
    expect(server.performed.filter((sent) => sent.startsWith('2: '))).toHaveLength(2);
  });

  test('is over before the file of a value that it deletes is discarded', async () => {
    const server = await Behind.started();
    server.open(1);
    server.ask(1, 'store', '__default', 'x', '1', 'long'.repeat(5_000));
    server.handle({ type: 'fileWritten', connection: 1, error: undefined });
    while (server.store.isCommitting) await server.store.finish();
    server.performed.length = 0;
    server.ask(1, 'fetch', '__default', 'x');
    expect(server.performed).toEqual([]);
    await server.store.finish();
    expect(server.performed.slice(-2)).toEqual(['sendFile', 'discardFile']);
  });

  test('is on the disk before the file of a value that it deletes is discarded, also if no reply waits for that (D21)', async () => {
    const server = await Behind.started();
    const disk = new EventEmitter();
    server.store.onDisk = async () => void (await once(disk, 'reached'));
    server.open(1);
    server.ask(1, 'store', '__default', 'x', '1', 'long'.repeat(5_000));
    server.handle({ type: 'fileWritten', connection: 1, error: undefined });
    while (server.store.isCommitting) await server.store.finish();
    server.ask(1, 'fetch', '__default', 'x');
    await server.store.finish();
    expect(server.performed.at(-1)).toBe('sendFile');
    disk.emit('reached');
    await new Promise<void>((resolve) => void setImmediate(resolve));
    expect(server.performed.at(-1)).toBe('discardFile');
  });

  test('is waited for when the server stops, and so are the changes during it', async () => {
    const server = await Behind.started();
    server.open(1);
    server.ask(1, 'store', '__default', 'x', '1', 'a');
    server.ask(1, 'store', '__default', 'x', '1', 'b');
    const closed = server.durability.close();
    await server.store.finish();
    expect(server.store.isClosed).toBe(false);
    await server.store.finish();
    await closed;
    expect(server.store.memory.entities.filter(({ key }) => key[0] === 'value')).toHaveLength(2);
  });

  test('lets a reply that only reads wait for a commit without changes if another server may have claimed the store (D9)', async () => {
    const server = await Behind.started();
    server.store.confirmsReads = true;
    server.open(1);
    server.ask(1, 'findTry', '__default', 'x');
    expect(server.performed).toEqual([]);
    while (server.store.isCommitting) await server.store.finish();
    expect(server.performed).toHaveLength(2);
    server.performed.length = 0;
    server.ask(1, 'findTry', '__default', 'x');
    expect([server.store.isCommitting, server.store.commits.at(-1)]).toEqual([true, []]);
    server.durability.abandon(new Error('fenced'));
    await server.store.finish();
    expect(server.performed).toEqual([]);
    expect(server.failure).toMatchObject({ message: 'fenced' });
  });

  test('is awaited by the reply to a request that is repeated over another connection, too (D2, P15.1)', async () => {
    const behind = await Behind.started();
    const ask = (connection: number, args: readonly string[], number?: string): void => {
      const metadata = new Map(number === undefined ? [] : [[KEY.request, number]]);
      const bytes = Buffer.from(encodeRequest(args, metadata), 'latin1');
      behind.handle({ type: 'received', connection, bytes });
    };
    const connect = (connection: number): void => {
      const options = encodeDictionary(new Map(Object.entries(BOTH_WAYS)));
      behind.handle({ type: 'connected', connection, peer: `client ${connection}` });
      behind.handle({ type: 'received', connection, bytes: Buffer.from(`X000R000${options}`) });
    };
    connect(1);
    ask(1, ['open session', 'a secret that nobody guesses', '60']);
    ask(1, ['open ws', 'w', 'me', 'yes'], '1');
    while (behind.store.isCommitting) await behind.store.finish();
    ask(1, ['store', 'w', 'x', '1', 'value'], '2');
    expect(behind.store.isCommitting).toBe(true);
    connect(2);
    ask(2, ['resume session', 'a secret that nobody guesses']);
    behind.performed.length = 0;
    ask(2, ['store', 'w', 'x', '1', 'value'], '2');
    expect(behind.performed).toEqual([]);
    await behind.store.finish();
    if (behind.store.isCommitting) await behind.store.finish();
    expect(behind.performed.filter((each) => each.startsWith('2:'))).toEqual([`2: ${OK}0`]);
  });

  test('commits what happens while the server recovers after what it has recovered: a timer that is due (D4)', async () => {
    const behind = new Behind();
    const recovered = behind.durability.recover(() => NOW);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    behind.connect(1);
    behind.ask(1, 'open ws', 'w', 'me', 'yes');
    expect(behind.store.commits).toHaveLength(1);
    await behind.store.finish();
    await recovered;
    expect(behind.store.commits).toHaveLength(2);
    expect(behind.performed).toEqual([]);
    await behind.store.finish();
    expect(behind.performed).toEqual([`1: ${OK}0`]);
    expect(behind.failure).toBeUndefined();
  });
});

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('the figures of commits', () => {
  test('begin with nothing, and are their number, their changes and the time that they took', async () => {
    const { durability: before } = new Behind();
    const nothing = { commits: 0, changes: 0, lastSeconds: 0, seconds: 0, recovered: 0, recoverySeconds: 0 };
    expect([before.figures, before.bytes]).toEqual([nothing, 0]);
    const server = await Behind.started();
    server.open(1);
    server.ask(1, 'store', '__default', 'x', '1', 'v');
    const [one = []] = server.store.commits;
    server.now += 250;
    await server.store.finish();
    expect(server.durability.figures).toEqual({
      ...nothing,
      commits: 1,
      changes: one.length,
      lastSeconds: 0.25,
      seconds: 0.25,
    });
    server.ask(1, 'store', '__default', 'x', '1', 'w');
    server.now += 500;
    await server.store.finish();
    const [, two = []] = server.store.commits;
    expect([one.length > 0, two.length > 0]).toEqual([true, true]);
    expect(server.durability.figures).toEqual({
      ...nothing,
      commits: 2,
      changes: one.length + two.length,
      lastSeconds: 0.5,
      seconds: 0.75,
    });
  });

  test('of the start are what was taken up, and the time until that is committed', async () => {
    const before = await withLongValue();
    const { entities } = before.store.memory;
    const behind = new Behind();
    behind.store.memory.apply(entities.map(({ key, fields }) => ({ type: 'put', key, fields })));
    const recovered = behind.durability.recover(() => NOW);
    await turn();
    behind.now += 1_500;
    await behind.store.finish();
    await recovered;
    expect(behind.durability.figures).toMatchObject({ recovered: entities.length, recoverySeconds: 1.5 });
  });
});

/** A server whose client has stored a value that has a file, in a workspace that ends with it. */
async function withLongValue(): Promise<Behind> {
  const server = await Behind.started();
  server.connect(1);
  server.ask(1, 'open ws', 'w', 'me', 'no');
  server.ask(1, 'store', 'w', 'x', '1', 'long'.repeat(5_000));
  server.handle({ type: 'fileWritten', connection: 1, error: undefined });
  while (server.store.isCommitting) await server.store.finish();
  return server;
}

/** A server that takes up what another one has left, up to its first commit. */
async function recovering() {
  const before = await withLongValue();
  const behind = new Behind();
  behind.store.load = () => before.store.memory.load();
  const recovered = behind.durability.recover(() => NOW);
  await turn();
  return { behind, recovered };
}

describe('the start of a server', () => {
  test('commits what follows from what it takes up before a file of that is discarded (D4)', async () => {
    const { behind, recovered } = await recovering();
    expect([behind.store.isCommitting, behind.store.commits.length]).toEqual([true, 1]);
    expect(behind.commands).toContain('restoreFile');
    expect(behind.commands).not.toContain('discardFile');
    await behind.store.finish();
    await recovered;
    expect(behind.commands.at(-1)).toBe('discardFile');
    // The workspace has ended with its owner.
    expect(behind.store.memory.entities.filter(({ key }) => key[0] === 'workspace')).toHaveLength(0);
  });

  test('discards nothing if the store has failed meanwhile (D6)', async () => {
    const { behind, recovered } = await recovering();
    behind.store.failLater(new Error('EIO'));
    await turn();
    await behind.store.finish();
    await recovered;
    expect(behind.failure).toEqual(new Error('EIO'));
    expect(behind.commands).not.toContain('discardFile');
  });

  test('lets others have their turn between two portions of the data', async () => {
    const { store } = await withLongValue();
    const behind = new Behind();
    const order: string[] = [];
    behind.store.load = async function* load() {
      for (const entity of store.memory.entities) {
        setImmediate(() => order.push('others'));
        yield [entity];
      }
    };
    const recovered = behind.durability.recover(() => {
      order.push('one');
      return NOW;
    });
    for (let turns = 0; !behind.store.isCommitting && turns < 99; turns++) await turn();
    await behind.store.finish();
    await recovered;
    expect(order.slice(0, 5)).toEqual(['one', 'others', 'others', 'one', 'others']);
  });
});

describe('while a commit is in flight', () => {
  test('what no client sees is done at once: the next large value arrives', async () => {
    const server = await Behind.started();
    for (const connection of [1, 2]) server.open(connection);
    server.ask(1, 'store', '__default', 'x', '1', 'v');
    server.commands.length = 0;
    server.ask(2, 'store', '__default', 'y', '1', 'long'.repeat(5_000));
    expect(server.store.isCommitting).toBe(true);
    expect(server.commands).toEqual(expect.arrayContaining(['openFile', 'writeFile', 'finishFile']));
  });

  test('and fails, a server that stops does not wait for more', async () => {
    const server = await Behind.started();
    server.open(1);
    server.ask(1, 'store', '__default', 'x', '1', 'v');
    const closed = server.durability.close();
    await server.store.fail(new Error('EIO'));
    await closed;
    expect(server.store.isClosed).toBe(true);
  });

  test('and work is half done again and again, its clients are not read from each time (D3)', async () => {
    const server = await Behind.started();
    server.open(9);
    for (const connection of [1, 2]) {
      server.isHurried = false;
      server.connect(connection);
      for (const name of ['a', 'b', 'c']) server.ask(connection, 'open ws', name, 'label', 'no');
      while (server.store.isCommitting) await server.store.finish();
      server.isHurried = true;
      server.handle({ type: 'disconnected', connection });
      server.ask(9, 'store', '__default', 'x', '1', 'v');
      expect(server.unread).toEqual([9]);
      for (let turns = 0; !server.store.isCommitting && turns < 20; turns++)
        server.handle({ type: 'continued' });
      while (server.store.isCommitting) await server.store.finish();
      expect(server.unread).toEqual([]);
    }
  });
});
