import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, NetWorkSpace, type Server } from '../../src/index.ts';
import { LmdbStore } from '../../src/transport/lmdb-store.ts';
import { prepareData } from '../../src/transport/data-folder.ts';
import { bytesOf } from '../support/bytes-of.ts';

const LONG = 2 ** 16;

let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-data-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true });
});

async function start(): Promise<Server> {
  const options = { port: 0, logLevel: 'error', limits: { longValueBytes: LONG } } as const;
  const server = await createServer({ ...options, data: { folder } });
  servers.push(server);
  return server;
}

const shop = ({ port }: Server): Promise<NetWorkSpace> =>
  NetWorkSpace.open('shop', { port, persistent: true });

/** Writes a store as a server would. */
async function written(entities: Parameters<LmdbStore['commit']>[0]): Promise<void> {
  await prepareData({ folder });
  const store = new LmdbStore(folder, 'always');
  await store.claim();
  await store.commit(entities);
  await store.close();
}

describe('a server that is started again with the same data', () => {
  test('has its persistent workspaces, with the values in their order, and none of the owned ones (D4)', async () => {
    const before = await start();
    const space = await shop(before);
    await space.store('fifo', 1);
    await space.store('fifo', 'two');
    await space.store('fifo', Buffer.from('three'));
    await space.declare('lifo', 'lifo');
    await space.store('lifo', 1);
    await space.store('lifo', 2);
    const own = await NetWorkSpace.open('own', { port: before.port });
    await own.store('x', 1);
    await before.close();
    const again = await start();
    await expect(NetWorkSpace.use('own', { port: again.port, create: false })).rejects.toThrow();
    const after = await shop(again);
    expect(await after.fetch('fifo')).toBe(1);
    expect(await after.fetch('fifo')).toBe('two');
    expect(await after.fetch('fifo')).toEqual(Buffer.from('three'));
    expect(await after.fetch('lifo')).toBe(2);
    expect(await after.fetch('lifo')).toBe(1);
    expect(await after.fetchTry('fifo')).toBeUndefined();
  });

  test('has large values, whose files it keeps as long as it needs them, and no others (P11)', async () => {
    const blobs = (): readonly string[] => readdirSync(join(folder, 'blobs'));
    const before = await start();
    const space = await shop(before);
    const value = Buffer.alloc(3 * LONG, 'a large value, over and over; ');
    await space.store('x', value);
    await space.store('x', value);
    await space.fetch('x');
    await before.close();
    expect(blobs()).toHaveLength(1);
    writeFileSync(join(folder, 'blobs', '77'), 'an orphan');
    const after = await shop(await start());
    expect(blobs()).toHaveLength(1);
    expect(value.equals(bytesOf(await after.find('x')))).toBe(true);
    await after.store('y', value);
    expect(blobs()).toHaveLength(2);
    expect(value.equals(bytesOf(await after.fetch('x')))).toBe(true);
    expect(value.equals(bytesOf(await after.fetch('y')))).toBe(true);
    await servers.at(-1)?.close();
    expect(blobs()).toEqual([]);
  });
});

describe('a folder of data', () => {
  test('belongs to one server at a time', async () => {
    const first = await start();
    await expect(start()).rejects.toMatchObject({ code: 'data-in-use' });
    await (await shop(first)).store('x', 1);
    await first.close();
    expect(await (await shop(await start())).fetch('x')).toBe(1);
  });

  test('is given up by a server that cannot listen', async () => {
    const { port } = await createServer({ port: 0, logLevel: 'error' }).then((server) => {
      servers.push(server);
      return server;
    });
    await expect(createServer({ port, logLevel: 'error', data: { folder } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await start();
  });

  test('of a newer format is refused with a sentence, and stays as it is', async () => {
    await written([{ type: 'put', key: ['server'], fields: { format: 2, run: 'newer' } }]);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(start()).rejects.toThrow(
        'the data has format 2, and this version of the server knows format 1',
      );
  });

  test('without a format is refused', async () => {
    await written([{ type: 'put', key: ['variable', 0, 1], fields: { id: 'a', name: 'b', mode: 'fifo' } }]);
    await expect(start()).rejects.toMatchObject({ code: 'unknown-format' });
  });

  test('from which a large value is missing is refused, and names the file', async () => {
    await written([
      { type: 'put', key: ['server'], fields: { format: 1, run: 'first' } },
      {
        type: 'put',
        key: ['variable', 0, 1],
        fields: { id: 'i'.repeat(20), name: 'x', mode: 'fifo', emptyAt: 0 },
      },
      {
        type: 'put',
        key: ['value', 0, 1, 0],
        fields: { descriptor: 1, payload: { file: 5, size: 10 }, metadata: undefined },
      },
    ]);
    await expect(start()).rejects.toThrow(/a large value cannot be read from .*blobs\/5: ENOENT/);
  });
});
