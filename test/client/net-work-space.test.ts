import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest';
import { NetWorkSpace, type Found, type FoundStream } from '../../src/client/index.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { byForm } from '../support/form.ts';

let server: Server;
let ws: NetWorkSpace;
let other: NetWorkSpace;
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'error' });
  ws = await NetWorkSpace.open('w', address());
  other = await NetWorkSpace.use('w', address());
});
afterEach(() => server.close());

const address = (): { host: string; port: number } => ({ host: server.host, port: server.port });

/** The number of clients that wait in a variable. */
async function waiters(variable: string): Promise<number> {
  const info = (await other.list()).find(({ name }) => name === variable);
  return info === undefined ? 0 : info.fetchers + info.finders;
}
const waits = (variable: string, count = 1): Promise<void> =>
  eventually(async () => (await waiters(variable)) === count, `${count} wait in ${variable}`);

/** The first elements. */
async function take<T>(values: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of values) if (taken.push(value) === count) break;
  return taken;
}

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

/** Each long after the one before it has left. */
async function* inTurns(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    yield piece;
    for (let turn = 0; turn < 20; turn++) await other.list();
  }
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(5);
  throw new Error('no more');
}

describe('a workspace', () => {
  it('is opened, used, listed and deleted (W2-W7, W10)', async () => {
    await expect(NetWorkSpace.use('none', { ...address(), create: false })).rejects.toMatchObject({
      code: 'no-workspace',
    });
    await ws.store('x', 1);
    const mine = await NetWorkSpace.open('mine', { ...address(), label: 'me', persistent: true });
    mine.close();
    const listed = await NetWorkSpace.list(address());
    expect(listed).toMatchObject([
      { name: '__default', isOwned: false, owner: '[system]', isPersistent: true, variables: [] },
      { name: 'mine', isOwned: false, owner: expect.stringMatching(/ \(me\)$/), isPersistent: true },
      { name: 'w', isPersistent: false, variables: ['x'] },
    ]);
    await NetWorkSpace.delete('mine', address());
    const waiting = expect(other.fetch('none')).rejects.toMatchObject({ code: 'purged' });
    await waits('none');
    await ws.delete();
    await waiting;
    expect((await NetWorkSpace.list(address())).map(({ name }) => name)).toEqual(['__default']);
  });

  it('can be created with a new name (W8)', async () => {
    using made = await NetWorkSpace.mktemp('job %03d', address());
    expect(made.name).toMatch(/^job \d{3}/);
    await made.store('x', 1);
    using same = await NetWorkSpace.use(made.name, made.server);
    expect(await same.find('x')).toBe(1);
  });

  it('returns metadata, and lists variables (V3, V8)', async () => {
    await ws.declare('s', 'single');
    await ws.store('s', { a: 1 }, { metadata: { unit: 'km' } });
    const found = await other.find('s', { as: 'found' });
    expect([found.value, found.metadata.get('unit'), found.index]).toEqual([{ a: 1 }, 'km', 0]);
    expect(await ws.list()).toEqual([{ name: 's', values: 1, fetchers: 0, finders: 0, mode: 'single' }]);
    await ws.deleteVariable('s');
    expect(await ws.list()).toEqual([]);
  });

  it('reports in a Try form that there is no value (V4)', async () => {
    expect([await ws.findTry('x'), await ws.fetchTry('x')]).toEqual([undefined, undefined]);
    await ws.store('x', 1);
    expect([await ws.findTry('x'), await ws.fetchTry('x'), await ws.fetchTry('x')]).toEqual([
      1,
      1,
      undefined,
    ]);
  });

  it('serves many concurrent callers, even while some of them wait (P5.3)', async () => {
    const fetched = Array.from({ length: 20 }, (_, n) => ws.fetch(`x${n}`));
    await Promise.all(fetched.map((_, n) => waits(`x${n}`)));
    await Promise.all(fetched.map((_, n) => ws.store(`x${19 - n}`, 19 - n)));
    expect(await Promise.all(fetched)).toEqual(fetched.map((_, n) => n));
  });

  it('rejects pending and later requests when it is closed', async () => {
    const waiting = expect(ws.fetch('x')).rejects.toMatchObject({ code: 'closed' });
    await waits('x');
    ws.close();
    await waiting;
    await expect(ws.store('x', 1)).rejects.toMatchObject({ code: 'closed' });
    await expect(ws.fetch('x')).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('a waiting get', () => {
  it('ends by its signal or its timeout, and consumes no value (V6)', async () => {
    const stop = new AbortController();
    const aborted = expect(ws.fetch('x', { signal: stop.signal })).rejects.toThrow('enough');
    await waits('x');
    stop.abort(new Error('enough'));
    await aborted;
    await expect(ws.fetch('x', { signal: stop.signal })).rejects.toThrow('enough');
    await expect(ws.find('x', { timeout: 20 })).rejects.toMatchObject({
      name: 'TimeoutError',
      code: 'timed-out',
      message: 'no value came to "x" within 20 ms',
    });
    await waits('x', 0);
    await other.store('x', 'kept');
    expect(await ws.fetch('x')).toBe('kept');
  });

  it('loses no value, even if it ends at the moment when a value arrives', async () => {
    const rounds = byForm(70, 300, 300);
    let early = 0;
    for (let n = 0; n < rounds; n++) {
      const stop = new AbortController();
      const fetched = ws.fetch('x', { signal: stop.signal }).catch(() => undefined);
      if (n % 2 === 0) await waits('x');
      const stored = other.store('x', n);
      // Before, while and after the value is transferred.
      for (let turn = 0; turn < n % 7; turn++) await new Promise(setImmediate);
      stop.abort();
      await stored;
      const value = await fetched;
      if (value === undefined) early++;
      expect(value ?? (await ws.fetch('x'))).toBe(n);
    }
    expect(await ws.fetchTry('x')).toBeUndefined();
    expect(early, 'both happen').toBeGreaterThan(0);
    expect(early, 'both happen').toBeLessThan(rounds);
  }, 60_000);

  it('leaves the workspace with usable connections after it ends', async () => {
    for (let n = 0; n < 10; n++) await expect(ws.find('x', { timeout: 1 })).rejects.toThrow('within 1 ms');
    const fetched = ws.fetch('x');
    await ws.store('x', 1);
    expect(await fetched).toBe(1);
  });
});

describe('iteration (V10)', () => {
  it('reads each value of a fifo once, including later ones', async () => {
    for (const n of [1, 2]) await ws.store('x', n);
    const taken = take(ws.ifind('x'), 4);
    await waits('x');
    for (const n of [3, 4, 5]) await other.store('x', n);
    expect(await taken).toEqual([1, 2, 3, 4]);
    expect(await take(ws.ifindTry('x'), 9)).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes one value at a time, and only when asked for it', async () => {
    for (const n of [1, 2, 3, 4]) await ws.store('x', n);
    expect(await take(ws.ifetch('x'), 2)).toEqual([1, 2]);
    expect(await take(ws.ifetchTry('x'), 9)).toEqual([3, 4]);
    expect(await take(ws.ifetchTry('x'), 9)).toEqual([]);
  });

  it('sees each value of a single variable that it reads in time (V10.2)', async () => {
    const x = ws.variable<number>('x', 'single');
    await x.store(1);
    const seen = x.ifind();
    expect((await seen.next()).value).toBe(1);
    const next = seen.next();
    await waits('x');
    await x.store(2);
    expect((await next).value).toBe(2);
    for (const n of [3, 4]) await x.store(n);
    expect((await seen.next()).value).toBe(4);
  });

  it.each(['lifo', 'multi'] as const)('rejects a %s (V10.3)', async (mode) => {
    const x = ws.variable<number>('x', mode);
    await x.store(1);
    await x.store(2);
    const values = x.ifind();
    expect((await values.next()).value).toBe(2);
    await expect(values.next()).rejects.toMatchObject({ code: 'not-iterable' });
  });

  it('reads the time repeatedly (V11)', async () => {
    await ws.declare('now', '__time');
    expect(String(await ws.find('now'))).toMatch(/\d\d:\d\d:\d\d/);
  });

  it('ends by its signal', async () => {
    await ws.store('x', 1);
    const values = ws.ifind('x', { signal: AbortSignal.timeout(50), as: 'found' });
    expect((await values.next()).value).toMatchObject({ value: 1, index: 0 });
    await expect(values.next()).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a barrier (V12)', () => {
  it('releases all members when all have arrived, repeatedly', async () => {
    const [mine, theirs] = [ws.barrier('b'), other.barrier('b')];
    await Promise.all([mine.join(), theirs.join()]);
    for (let round = 0; round < 3; round++)
      expect(await Promise.all([mine.wait(), theirs.wait()])).toEqual([2, 2]);
    await theirs.leave();
    expect(await mine.wait()).toBe(1);
  });

  it('can be left by a member that stops waiting, and the others continue', async () => {
    const [mine, theirs] = [ws.barrier('b'), other.barrier('b')];
    await Promise.all([mine.join(), theirs.join()]);
    await expect(theirs.wait({ timeout: 20 })).rejects.toMatchObject({ code: 'timed-out' });
    expect(await mine.wait()).toBe(1);
  });
});

describe('a typed variable', () => {
  interface Point {
    x: number;
    y: number;
  }

  it('has values of its type in every form', async () => {
    const points = ws.variable<Point>('p', 'lifo');
    for (const x of [1, 2]) await points.store({ x, y: 0 });
    const found = await points.find({ as: 'found' });
    expectTypeOf(found).toEqualTypeOf<Found<Point>>();
    // Checked by the compiler, and never called.
    const calls = (): void => {
      expectTypeOf(points.find()).resolves.toEqualTypeOf<Point>();
      expectTypeOf(points.fetchTry()).resolves.toEqualTypeOf<Point | undefined>();
      expectTypeOf(points.fetch({ as: 'stream' })).resolves.toEqualTypeOf<FoundStream>();
      expectTypeOf(points.ifind().next()).resolves.toEqualTypeOf<IteratorResult<Point, void>>();
      expectTypeOf(ws.find('p')).resolves.toEqualTypeOf<unknown>();
    };
    expectTypeOf(calls).toBeFunction();
    expectTypeOf<Parameters<typeof points.store>[0]>().toEqualTypeOf<Point>();
    expect(found.value).toEqual({ x: 2, y: 0 });
  });

  it('reports that it has another mode (V2)', async () => {
    await ws.declare('p', 'fifo');
    await expect(ws.variable<Point>('p', 'single').store({ x: 1, y: 1 })).rejects.toThrow(
      'Cannot change variable mode',
    );
  });
});

describe('values that are streamed', () => {
  it('are stored and read chunk by chunk', async () => {
    const pieces = Array.from({ length: 100 }, (_, n) => Buffer.alloc(1_000, n));
    await ws.storeStream('x', { size: 100_000, bytes: Readable.from(pieces) }, { metadata: { name: 'n' } });
    const { stream, size, metadata } = await other.find('x', { as: 'stream' });
    expect([size, metadata.get('name'), metadata.get('type')]).toEqual([100_000, 'n', 'bytes']);
    expect(Buffer.concat(pieces).equals(await buffer(stream))).toBe(true);
    expect(await other.fetch('x')).toEqual(Buffer.concat(pieces));
    expect(await other.fetchTry('x', { as: 'stream' })).toBeUndefined();
  });

  it.each([
    [9, 'the stream ended 1 bytes before the announced 9'],
    [7, 'the stream has more than the 7 bytes that were announced'],
    [4, 'the stream has more than the 4 bytes that were announced'],
  ])('are rejected if they have 8 bytes instead of the declared %d', async (size, message) => {
    await expect(
      ws.storeStream('x', { size, bytes: inTurns(Buffer.alloc(4), Buffer.alloc(4)) }),
    ).rejects.toThrow(message);
    await ws.store('y', 'goes on');
    expect(await ws.fetchTry('x')).toBeUndefined();
  });

  it('are not stored if the source fails half way', async () => {
    await expect(ws.storeStream('x', { size: 10, bytes: failing() })).rejects.toThrow('no more');
    expect(await ws.fetchTry('x')).toBeUndefined();
  });

  it('are stored through a temporary file if their size is not known, and leave nothing there', async () => {
    // Other programs of this machine have their files elsewhere.
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-streamed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    await ws.storeStream('x', { bytes: inTurns(Buffer.alloc(70_000, 1), Buffer.alloc(3, 2)) });
    expect(await ws.fetch('x')).toEqual(Buffer.concat([Buffer.alloc(70_000, 1), Buffer.alloc(3, 2)]));
    await ws.storeStream('x', { bytes: inTurns() }, { type: 'text' });
    expect(await ws.fetch('x')).toBe('');
    await expect(ws.storeStream('x', { bytes: failing() })).rejects.toThrow('no more');
    expect(await ws.fetchTry('x')).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('wait for a slow reader', async () => {
    const size = byForm(20_000_000, 60_000_000, 60_000_000);
    await ws.store('x', Buffer.alloc(size));
    const { stream } = await ws.find('x', { as: 'stream' });
    for (let turn = 0; turn < byForm(50, 300, 300); turn++) await other.list();
    expect(stream.readableLength).toBeLessThan(1_000_000);
    expect(await buffer(stream)).toHaveLength(size);
  });

  it('need not be read to the end', async () => {
    await ws.store('x', Buffer.alloc(10_000_000));
    const { stream } = await ws.find('x', { as: 'stream' });
    await once(stream, 'readable');
    stream.destroy();
    expect(await ws.find('x')).toHaveLength(10_000_000);
  });

  it('arrive complete and in order in an iteration', async () => {
    for (const n of [1, 2]) await ws.store('x', Buffer.alloc(300_000, n));
    const sizes: number[] = [];
    for await (const { stream } of ws.ifetchTry('x', { as: 'stream' }))
      sizes.push((await buffer(stream)).reduce((sum, byte) => sum + byte, 0));
    expect(sizes).toEqual([300_000, 600_000]);
  });
});

describe('TLS (P2.3)', () => {
  const ca = fixture('localhost.crt');

  it('is used on all connections of a workspace if the server is trusted', async () => {
    const tls = { cert: ca, key: fixture('localhost.key') };
    const secure = await createServer({ port: 0, logLevel: 'error', tls });
    const { port } = secure;
    using one = await NetWorkSpace.open('w', { host: 'localhost', port, tls: { ca } });
    const fetched = one.fetch('x');
    await one.store('x', Buffer.alloc(1_000_000, 7));
    expect(await fetched).toHaveLength(1_000_000);
    await expect(NetWorkSpace.open('w', { host: 'localhost', port, tls: true })).rejects.toMatchObject({
      code: 'not-secure',
    });
    await expect(
      NetWorkSpace.open('w', { host: '127.0.0.1', port, tls: { ca, servername: 'elsewhere' } }),
    ).rejects.toMatchObject({ code: 'not-secure' });
    await secure.close();
  });

  it('never falls back to plain text if the server does not offer it', async () => {
    await expect(NetWorkSpace.open('w', { ...address(), tls: true })).rejects.toMatchObject({
      code: 'not-secure',
      message: `127.0.0.1:${server.port} offers no TLS`,
    });
  });
});
