import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetWorkSpace } from '../../src/index.ts';
import { prepareData } from '../../src/transport/data-folder.ts';
import { NODE_DISK, type Disk } from '../../src/transport/disk.ts';
import { NODE_EDGE } from '../../src/transport/edge.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { TcpServer } from '../../src/transport/server.ts';
import { bytesOf } from '../support/bytes-of.ts';

const LONG = 2 ** 16;
const value = Buffer.alloc(2 * LONG, 'a large value; ');

let folder: string;
const servers: TcpServer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-failing-disk-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true });
});

const failing = (): Promise<never> => Promise.reject(new Error('EIO: i/o error, fsync'));

/** A disk on which the content of a file, or the names of a folder, cannot be made durable. */
const FAILING: Readonly<Record<string, Disk>> = {
  'its content': {
    ...NODE_DISK,
    create: async (path) => ({ ...(await NODE_DISK.create(path)), sync: failing }),
  },
  'its name': { ...NODE_DISK, syncFolder: failing },
};

async function start(disk: Disk): Promise<number> {
  const options = { port: 0, limits: { longValueBytes: LONG } };
  const storage = await prepareData({ folder });
  const server = new TcpServer(options, createLogger('silent'), undefined, { ...NODE_EDGE, disk }, storage);
  servers.push(server);
  await server.listen('127.0.0.1', 0);
  return server.port;
}

describe.each(Object.entries(FAILING))('a large value of which %s cannot be made durable', (_what, disk) => {
  it('is refused with the reason and leaves no file; nothing else is lost', async () => {
    const port = await start(disk);
    const space = await NetWorkSpace.open('shop', { port, persistent: true });
    await space.store('x', 'a small value');
    await expect(space.store('x', value)).rejects.toThrow('EIO: i/o error, fsync');
    await space.store('x', 'another');
    await servers.pop()?.close();
    expect(readdirSync(join(folder, 'blobs'))).toEqual([]);

    const again = await NetWorkSpace.open('shop', { port: await start(NODE_DISK), persistent: true });
    expect(await again.fetch('x')).toBe('a small value');
    expect(await again.fetch('x')).toBe('another');
    expect(await again.fetchTry('x')).toBeUndefined();
    await again.store('x', value);
    expect(value.equals(bytesOf(await again.fetch('x')))).toBe(true);
  });
});
