import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { pad20, pad4 } from '../../src/wire/numbers.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { startServe } from '../support/serve-process.ts';
import { isShort } from '../support/form.ts';

const MIB = 2 ** 20;
/** Large for this server, so that tests need not send much. */
const LONG = MIB;

const head = (...args: [...string[], number]): string => {
  const size = Number(args.at(-1));
  const names = args.slice(0, -1).map(String);
  return pad4(args.length) + names.map((name) => pad20(name.length) + name).join('') + pad20(size);
};
const sha = (bytes: string | Uint8Array): string =>
  createHash('sha1')
    .update(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    .digest('hex');
const patterned = (size: number): Buffer => Buffer.alloc(size, 'a large value, over and over; ');

let folder: string;
let server: Server;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-test-'));
  server = await createServer({
    port: 0,
    logLevel: 'error',
    tmpDir: folder,
    limits: { longValueBytes: LONG },
  });
});
afterEach(async () => {
  await server.close();
  expect(readdirSync(folder), 'nothing is left behind (P11)').toEqual([]);
  rmSync(folder, { recursive: true });
});

/** The number of open files of this process in the folder; they have no names any more. */
const openFiles = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false; // Closed meanwhile.
    }
  }).length;

describe.skipIf(process.platform !== 'linux')('a value as large as --long-value-size (P11)', () => {
  it('is returned whole to finders and to the fetcher, and its file is discarded with it', async () => {
    const client = await ProtocolClient.ready(server, {});
    const value = patterned(5 * MIB + 7);
    await client.ask(['open ws', 'w', 'test', 'no']);
    client.write(head('store', 'w', 'x', '1', value.length));
    client.write(value);
    expect(await client.read(4)).toBe('0000');
    for (const verb of ['find', 'findTry', 'fetch']) {
      const found = await client.ask([verb, 'w', 'x']);
      expect([verb, found.status, sha(found.value)]).toEqual([verb, '0000', sha(value)]);
    }
    expect((await client.ask(['fetchTry', 'w', 'x'])).status).toBe('0001');
    await eventually(() => openFiles() === 0, 'the file is closed');
  });

  it('is passed on directly to a waiting client', async () => {
    const [storer, finder, fetcher] = await Promise.all(
      [1, 2, 3].map(() => ProtocolClient.ready(server, {})),
    );
    if (storer === undefined || finder === undefined || fetcher === undefined) throw new Error('no client');
    const value = patterned(3 * MIB);
    await storer.ask(['open ws', 'w', 'test', 'no']);
    for (const client of [finder, fetcher]) await client.ask(['use ws', 'w', 'test', 'no']);
    const waiting = [finder.begin(['find', 'w', 'x']), fetcher.begin(['fetch', 'w', 'x'])];
    await eventually(
      async () => (await storer.ask(['list vars', 'w'])).value.startsWith('x\t0\t1\t1'),
      'both wait',
    );
    storer.write(head('store', 'w', 'x', '1', value.length));
    storer.write(value);
    for (const { whenAnswered } of waiting) expect(sha((await whenAnswered).value)).toBe(sha(value));
    expect(await storer.read(4)).toBe('0000');
    await eventually(() => openFiles() === 0, 'the file is closed');
  });

  it.each([0, 1, LONG / 2, 2 * LONG])(
    'leaves no file behind when its client disconnects after %d bytes',
    async (bytes) => {
      const client = await ProtocolClient.ready(server, {});
      await client.ask(['open ws', 'w', 'test', 'no']);
      client.write(head('store', 'w', 'x', '1', 3 * LONG));
      if (bytes > 0) client.write(patterned(bytes));
      await eventually(() => client.socket.writableLength === 0, 'the bytes are out');
      client.reset();
      const other = await ProtocolClient.ready(server, {});
      await eventually(async () => (await other.ask(['list wss', 'w'])).value === '\n', 'w is gone');
      await eventually(() => openFiles() === 0, 'the file is closed');
    },
  );

  it('is discarded with its variable, with its workspace, and when a single variable is overwritten', async () => {
    const client = await ProtocolClient.ready(server, {});
    await client.ask(['open ws', 'w', 'test', 'no']);
    await client.ask(['declare var', 'w', 's', 'single']);
    for (const variable of ['s', 's', 'f', 'l', 'k']) {
      client.write(head('store', 'w', variable, '1', LONG));
      client.write(patterned(LONG));
      expect(await client.read(4)).toBe('0000');
    }
    await eventually(() => openFiles() === 4, 'the overwritten one is closed');
    await client.ask(['delete var', 'w', 'f']);
    await eventually(() => openFiles() === 3, 'the deleted one is closed');
    await client.ask(['delete ws', 'w']);
    await eventually(() => openFiles() === 0, 'all are closed');
  });

  it('is refused with a reason if the request is invalid, and the connection stays usable', async () => {
    const client = await ProtocolClient.ready(server, {});
    for (const args of [
      ['store', 'unopened', 'x', '1'],
      ['store', 'w', 'x', 'no number'],
    ] as const) {
      client.write(head(...args, 2 * LONG));
      client.write(patterned(2 * LONG));
      expect(await client.read(4)).toMatch(/2001|0001/);
    }
    await eventually(() => openFiles() === 0, 'the files are closed');
    expect((await client.ask(['open ws', 'w', 'test', 'no'])).status).toBe('0000');
  });

  it('waits for a slow reader, which delays no other client', async () => {
    const [slow, quick] = await Promise.all([
      ProtocolClient.ready(server, {}),
      ProtocolClient.ready(server, {}),
    ]);
    const value = patterned(40 * MIB);
    await slow.ask(['open ws', 'w', 'test', 'no']);
    slow.write(head('store', 'w', 'x', '1', value.length));
    slow.write(value);
    await slow.read(4);
    slow.pause();
    const found = slow.begin(['find', 'w', 'x']);
    await quick.ask(['open ws', 'v', 'test', 'no']);
    for (let n = 0; n < 100; n++) {
      expect((await quick.ask(['store', 'v', 'y', '1', 'small'])).status).toBe('0000');
      expect((await quick.ask(['fetch', 'v', 'y'])).status).toBe('0000');
    }
    slow.resume();
    expect(sha((await found.whenAnswered).value)).toBe(sha(value));
  });
});

describe('the memory of a server', () => {
  it.skipIf(isShort || process.platform !== 'linux')(
    'stays far below the size of a value of 400 MiB that is stored and fetched (P11)',
    async () => {
      await using serve = await startServe('--tmp-dir', folder, '--log-level', 'error');
      const client = await ProtocolClient.ready(serve, {});
      await client.ask(['open ws', 'w', 'test', 'no']);
      const peak = (): number =>
        Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${serve.pid}/status`, 'utf8'))?.[1]) / 1024;
      const before = peak();
      const piece = patterned(4 * MIB);
      client.write(head('store', 'w', 'x', '1', 100 * piece.length));
      for (let n = 0; n < 100; n++) {
        client.write(piece);
        await eventually(
          () => client.socket.writableLength < 2 * piece.length,
          'the server takes more',
          20_000,
        );
      }
      expect(await client.read(4)).toBe('0000');
      client.write(client.encode(['fetch', 'w', 'x']));
      expect((await client.read(84)).slice(64)).toBe(pad20(100 * piece.length));
      const text = piece.toString('latin1');
      for (let n = 0; n < 100; n++) expect((await client.read(piece.length)) === text).toBe(true);
      expect(peak() - before, 'MiB').toBeLessThan(64);
    },
    60_000,
  );
});
