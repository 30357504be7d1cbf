import { readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { thisHost } from '../../src/client/platform.ts';
import { unsafeCast } from '../../src/client/unsafe-cast.ts';
import { NetWorkSpace } from '../../src/client/workspace/net-work-space.ts';
import { isLong, KEY } from '../../src/wire/names.ts';
import { VARIABLES } from '../../src/wire/refusals.ts';
import { longReply, shortReply } from '../support/server-line.ts';
import {
  obliging,
  refusal,
  ScriptedServer,
  turns,
  workspaceOn,
  type Answer,
} from '../support/scripted-server.ts';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function* streamOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** Each verb of a workspace, with its options. */
const VERBS: Readonly<Record<string, (workspace: NetWorkSpace, options: object) => unknown>> = {
  store: (w, options) => w.store('v', 'x', options),
  storeWait: (w, options) => w.store('v', 'x', { wait: true, ...options }),
  storeStream: (w, options) => w.storeStream('v', { size: 1, bytes: streamOf('x') }, options),
  fetch: (w, options) => w.fetch('v', options),
  find: (w, options) => w.find('v', options),
  fetchTry: (w, options) => w.fetchTry('v', options),
  findTry: (w, options) => w.findTry('v', options),
  ifetch: (w, options) => w.ifetch('v', options).next(),
  ifind: (w, options) => w.ifind('v', options).next(),
  ifetchTry: (w, options) => w.ifetchTry('v', options).next(),
  ifindTry: (w, options) => w.ifindTry('v', options).next(),
};
const GETS = Object.entries(VERBS).filter(([verb]) => !verb.startsWith('store'));
const OTHERS: typeof VERBS = {
  declare: (w, options) => w.declare('v', 'fifo', options),
  variable: (w, options) => w.variable('v', 'fifo', options),
  take: (w, options) => w.variable('v').take({ lease: 1, ...options }),
  lock: (w, options) => w.lock('l', options),
  elect: (w, options) => w.elect('l', () => Promise.resolve(), options),
  'wait of a barrier': (w, options) => w.barrier('b').wait(options),
};

describe('the options of', () => {
  it.each(Object.entries({ ...VERBS, ...OTHERS }))(
    '%s are checked before anything is asked',
    async (_verb, call) => {
      const { server, workspace } = await workspaceOn();
      const unknown = (async () => void (await call(workspace, { tiemout: 5 })))();
      await expect(unknown).rejects.toThrow('has no option `tiemout`');
      await turns();
      expect([server.asked, server.lines.length, server.clock.running]).toEqual([[], 1, 0]);
    },
  );

  it.each(Object.entries(VERBS))('%s have metadata, an object or a map', async (verb, call) => {
    for (const metadata of [{ unit: 'km' }, new Map([['unit', 'km']])]) {
      const { server, workspace } = await workspaceOn();
      await call(workspace, { metadata });
      const [asked] = server.asked.slice(-1);
      const name = verb === 'storeStream' ? 'store' : verb;
      expect([asked?.args[0], asked?.metadata.get('unit')]).toEqual([name, 'km']);
    }
  });

  it.each(GETS)('%s say the form of the value', async (verb, call) => {
    const { workspace } = await workspaceOn(({ args: [asked = ''] }) =>
      isLong(asked) ? longReply('x', { index: 3 }) : shortReply(),
    );
    const valueOf = (result: unknown): unknown =>
      verb.startsWith('i') ? unsafeCast<{ value: unknown }>(result).value : result;
    expect(valueOf(await call(workspace, {}))).toBe('x');
    expect(valueOf(await call(workspace, { as: 'value' }))).toBe('x');
    expect(valueOf(await call(workspace, { as: 'found' }))).toMatchObject({ value: 'x', index: 3 });
    expect(valueOf(await call(workspace, { as: 'stream' }))).toMatchObject({ size: 1, index: 3 });
  });

  it.each(GETS.filter(([verb]) => verb.endsWith('Try')))(
    '%s find nothing in any form',
    async (verb, call) => {
      const { workspace } = await workspaceOn(({ args: [asked = ''] }) =>
        isLong(asked) ? refusal(asked, '0001', VARIABLES.noValue().message) : shortReply(),
      );
      const nothing = verb.startsWith('i') ? { done: true, value: undefined } : undefined;
      for (const as of ['value', 'found', 'stream']) expect(await call(workspace, { as })).toEqual(nothing);
    },
  );
});

it.each(Object.entries(VERBS))('%s of a typed variable declares it first', async (verb, call) => {
  const { server, workspace } = await workspaceOn();
  const typed = workspace.variable('v', 'fifo', { capacity: 2 });
  // The same calls, without the name of the variable.
  const asTyped = new Proxy(typed, {
    get:
      (target, name) =>
      (_variable: string, ...args: unknown[]) =>
        Reflect.get(target, name).apply(target, args),
  });
  await call(unsafeCast<NetWorkSpace>(asTyped), {});
  const verbs = server.asked.map(({ args: [asked] }) => asked).filter((asked) => asked !== 'use ws');
  expect(verbs).toEqual(['declare var', verb === 'storeStream' ? 'store' : verb]);
});

it('taking a value of a typed variable declares it first', async () => {
  const { server, workspace } = await workspaceOn();
  const lease = await workspace.variable('v', 'lifo').take({ lease: 5 });
  await lease.done();
  expect(server.taken()).toEqual([
    '0: declare var | w | v | lifo',
    '1: use ws | w |  | no | no',
    '1: take | w | v | 5',
    '1: end lease |  | done',
  ]);
});

it.each(['lifo', undefined] as const)(
  'a capacity is refused for the mode %s, which is named',
  async (mode) => {
    const { workspace } = await workspaceOn();
    expect(() => workspace.variable('v', mode, { capacity: 1 })).toThrow(
      `\`capacity\` needs the mode "fifo", got ${mode}.`,
    );
  },
);

it('a variable is declared with its capacity', async () => {
  const { server, workspace } = await workspaceOn();
  await workspace.declare('v', 'fifo', { capacity: 7 });
  expect(server.asked[0]?.metadata.get(KEY.capacity)).toBe('7');
});

describe('a value that is read as a stream', () => {
  it.each(['fetch', 'findTry'] as const)('by %s keeps its connection until its end', async (verb) => {
    const { server, pool, workspace } = await workspaceOn(({ args: [asked = ''] }) =>
      isLong(asked) ? longReply('abc') : shortReply(),
    );
    const found = await workspace[verb]('v', { as: 'stream' });
    await turns();
    expect(server.lines).toHaveLength(2);
    await pool.lend('w', () => Promise.resolve());
    expect(server.lines).toHaveLength(3);
    // The other connection is idle now, and is lent first.
    const hold = pool.lend('w', () => new Promise(() => undefined));
    expect(Buffer.concat((await found?.stream.toArray()) ?? []).toString()).toBe('abc');
    await turns();
    await pool.lend('w', () => Promise.resolve());
    expect([server.lines.length, hold]).toEqual([3, expect.any(Promise)]);
  });

  it.each(['ifind', 'ifindTry'] as const)(
    'by %s continues an iteration after the value before',
    async (name) => {
      const { server, workspace } = await workspaceOn(({ args: [verb = ''] }, at) =>
        isLong(verb) ? longReply('x', { index: at + 4 }) : shortReply(),
      );
      const id = '01234567890123456789';
      let count = 0;
      for await (const { stream } of workspace[name]('v', { as: 'stream' })) {
        stream.resume();
        if (++count === 2) break;
        await turns();
      }
      expect(server.taken()).toEqual([
        '1: use ws | w |  | no | no',
        `1: ${name} | w | v`,
        `1: ${name} | w | v | ${id} | 5`,
      ]);
    },
  );
});

/** The temporary files of this process that have no name any more. */
const spoolFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    const path = `/proc/self/fd/${fd}`;
    try {
      return /\/sleigh-\w+\/stream \(deleted\)$/.test(readlinkSync(path)) ? [path] : [];
    } catch {
      // The one with which the folder was read.
      return [];
    }
  });

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('abc');
  throw new Error('no more');
}

describe.skipIf(process.platform !== 'linux')('a stream of unknown size', () => {
  it('is in a file without a name, which only its owner could read, until it is stored', async () => {
    const { workspace } = await workspaceOn();
    const modes: number[] = [];
    const before = spoolFiles();
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('abc');
      for (const path of spoolFiles().filter((each) => !before.includes(each)))
        modes.push(statSync(path).mode & 0o777);
    }
    await workspace.storeStream('v', { bytes: pieces() });
    await vi.waitFor(() => expect(spoolFiles()).toEqual(before), { interval: 1 });
    expect(modes).toEqual([0o600]);
  });

  it('that fails, or cannot be stored, leaves no file open', async () => {
    const { server, workspace } = await workspaceOn();
    const before = spoolFiles();
    await expect(workspace.storeStream('v', { bytes: failing() })).rejects.toThrow('no more');
    expect(spoolFiles()).toEqual(before);
    server.isDown = true;
    const stored = workspace.storeStream('v', { bytes: streamOf('abc') });
    await expect(stored).rejects.toMatchObject({ code: 'unreachable' });
    await vi.waitFor(() => expect(spoolFiles()).toEqual(before), { interval: 1 });
  });
});

it('a stream of unknown size is stored, even if someone else removes the folder of its file', async () => {
  const { server, workspace } = await workspaceOn();
  const { open } = files;
  vi.spyOn(files, 'open').mockImplementation(async (path, ...how) => {
    const file = await open(path, ...how);
    rmSync(dirname(String(path)), { recursive: true });
    return file;
  });
  syncBuiltinESMExports();
  await workspace.storeStream('v', { bytes: streamOf('abc') });
  expect(server.taken().at(-1)).toMatch(/abc$/);
});

/** The functions of `NetWorkSpace` on a server in the hands of the test. */
function onServer(answer: Answer = obliging) {
  const server = new ScriptedServer(answer);
  const platform = server.platform();
  vi.spyOn(thisHost, 'connect').mockImplementation((options) => platform.connect(options));
  const isClosed = async (): Promise<boolean> => {
    await turns();
    return server.lines.length === 1 && server.lines.every(({ destroyed }) => destroyed);
  };
  return { server, isClosed };
}
const SERVER = { host: 'ada', token: 't' };
const OPEN = { ...SERVER, label: 'me', persistent: true, create: false, metadata: { a: 'b' } };

describe('a program', () => {
  it.each<[string, () => Promise<NetWorkSpace>, asked: string, workspace: string | undefined]>([
    ['opens', () => NetWorkSpace.open('w', OPEN), '0: open ws | w | me | yes | no', 'w'],
    ['uses', () => NetWorkSpace.use('w', OPEN), '0: use ws | w | me | yes | no', 'w'],
    ['makes', () => NetWorkSpace.mktemp('w%d', OPEN), '0: mktemp ws | w%d', undefined],
  ])('%s a workspace with its options', async (_how, call, asked, name) => {
    const { server, isClosed } = onServer(({ args: [verb = ''] }) =>
      isLong(verb) ? longReply('w7') : shortReply(),
    );
    const workspace = await call();
    const [request] = server.asked;
    expect(server.taken()).toEqual([asked]);
    expect(request?.metadata.get('a')).toBe('b');
    expect(server.wanted).toEqual([{ ...OPEN, workspace: name }]);
    expect([workspace.name, workspace.server, await isClosed()]).toEqual([name ?? 'w7', SERVER, false]);
    workspace[Symbol.dispose]();
    expect(await isClosed()).toBe(true);
  });

  it.each<[string, () => Promise<unknown>, asked: string]>([
    ['list', () => NetWorkSpace.list(SERVER), '0: list wss'],
    ['delete', () => NetWorkSpace.delete('w', SERVER), '0: delete ws | w'],
  ])('has a connection for `%s`, also if it is refused', async (_verb, call, asked) => {
    const { server, isClosed } = onServer();
    await call();
    expect([server.taken(), server.wanted, await isClosed()]).toEqual([[asked], [SERVER], true]);
    const refusing = onServer(({ args: [verb = ''] }) => refusal(verb, '0001', 'no'));
    await expect(call()).rejects.toMatchObject({ reason: 'no' });
    expect(await refusing.isClosed()).toBe(true);
  });

  it('that may not open a workspace keeps no connection', async () => {
    const { isClosed } = onServer(({ args: [verb = ''] }) => refusal(verb, '0100'));
    await expect(NetWorkSpace.open('w', OPEN)).rejects.toMatchObject({ code: 'no-workspace' });
    expect(await isClosed()).toBe(true);
  });

  it('that deletes its workspace keeps no connection, also if that is refused', async () => {
    for (const answer of [obliging, (({ args: [verb = ''] }) => refusal(verb, '0001', 'no')) as Answer]) {
      const { server, workspace } = await workspaceOn(answer);
      await workspace.delete().catch(() => undefined);
      await turns();
      expect(server.lines.map(({ destroyed }) => destroyed)).toEqual([true]);
    }
  });

  it.each<[call: () => Promise<unknown>, text: string]>([
    [() => NetWorkSpace.open(unsafeCast(5)), '5'],
    [() => NetWorkSpace.use(unsafeCast(undefined)), 'undefined'],
    [() => NetWorkSpace.mktemp(unsafeCast(5)), '5'],
    [() => NetWorkSpace.delete(unsafeCast(5)), '5'],
    [
      () => NetWorkSpace.open('w', unsafeCast({ prot: 1 })),
      'NetWorkSpace.open has no option `prot`. Do you mean `port`?',
    ],
    [() => NetWorkSpace.use('w', unsafeCast({ prot: 1 })), 'NetWorkSpace.use has no option `prot`'],
    [() => NetWorkSpace.mktemp('w%d', unsafeCast({ prot: 1 })), 'NetWorkSpace.mktemp has no option `prot`'],
    [() => NetWorkSpace.delete('w', unsafeCast({ prot: 1 })), 'NetWorkSpace.delete has no option `prot`'],
    [() => NetWorkSpace.list(unsafeCast({ prot: 1 })), 'NetWorkSpace.list has no option `prot`'],
  ])('that gives the wrong name or option is told so: %s', async (call, text) => {
    const { server } = onServer();
    await expect(call()).rejects.toThrow(text);
    expect(server.wanted).toEqual([]);
  });

  it('that names no lock is told so', async () => {
    const { server, workspace } = await workspaceOn();
    await expect(workspace.lock(unsafeCast(5))).rejects.toThrow('5');
    expect(server.asked).toEqual([]);
  });
});

const leased: Answer = ({ args: [verb = ''] }) =>
  isLong(verb) ? longReply('', { metadata: new Map([[KEY.lease, '17']]) }) : shortReply();

it('leases on one connection listen to its end once', async () => {
  const { pool, workspace } = await workspaceOn(leased);
  const lease = await workspace.variable('v').take({ lease: 100 });
  await lease.done();
  await turns();
  const connection = await pool.lend('w', (each) => Promise.resolve(each));
  const listened = vi.spyOn(connection.ended, 'then');
  const again = await workspace.variable('v').take({ lease: 100 });
  expect(listened).not.toHaveBeenCalled();
  await again.back();
});

it('a lock that is released twice is given back once', async () => {
  const { server, workspace } = await workspaceOn(leased);
  const lock = await workspace.lock('l');
  server.taken();
  await Promise.all([lock.release(), lock.release()]);
  expect(server.taken()).toEqual(['1: end lease | 17 | back']);
});
