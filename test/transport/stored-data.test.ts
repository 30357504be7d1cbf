import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, NetWorkSpace } from '../../src/index.ts';
import type { Change, Entity } from '../../src/store/change.ts';
import { prepareData } from '../../src/transport/data-folder.ts';
import { LmdbStore } from '../../src/transport/lmdb-store.ts';
import { checkData, readData } from '../../src/transport/stored-data.ts';
import { BOTH_WAYS } from '../../src/verify/client-codec.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

const LONG = 2 ** 16;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sleigh-stored-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = () =>
  createServer({ port: 0, logLevel: 'error', limits: { longValueBytes: LONG }, data: { folder } });

/** A workspace with a small value and a large one. */
async function fill(): Promise<void> {
  const server = await start();
  const space = await NetWorkSpace.open('shop', { port: server.port, persistent: true });
  await space.store('small', 'one');
  await space.store('large', Buffer.alloc(2 * LONG, 'x'));
  await server.close();
}

async function commit(...changes: Change[]): Promise<void> {
  await prepareData({ folder });
  const store = new LmdbStore(folder, 'always');
  await store.claim();
  await store.commit(changes);
  await store.close();
}

async function exported(): Promise<Entity[]> {
  const all = [];
  for await (const entity of readData(folder)) all.push(entity);
  return all;
}

const FORMAT: Change = { type: 'put', key: ['server'], fields: { format: 1, run: 'x' } };

describe('an export of a data folder', () => {
  test('has everything in the order of the keys, and gives the folder up', async () => {
    const [two, one]: Change[] = [2, 1].map((number) => ({
      type: 'put',
      key: ['numbers', number],
      fields: {},
    }));
    if (one === undefined || two === undefined) throw new Error('there are two');
    await commit(two, one, FORMAT);
    const keys = [['server'], ['numbers', 1], ['numbers', 2]];
    for (let time = 0; time < 2; time++) expect((await exported()).map(({ key }) => key)).toEqual(keys);
    await commit(FORMAT);
  });
});

describe('a check of a data folder', () => {
  test('names a job of which a record is missing, with its workspace', async () => {
    const server = await start();
    const client = await ProtocolClient.ready(server, BOTH_WAYS);
    const opened = await client.ask(['open ws', 'shop', 'me', 'yes'], { wstype: 'sleigh' });
    expect(opened.status).toBe('0000');
    client.end();
    await server.close();
    const job = (await exported()).find(({ key }) => key[0] === 'job');
    await commit({ type: 'delete', key: job?.key ?? ['job'] });
    const { counts, problems } = await checkData(folder);
    expect([job?.key.length, counts.job]).toEqual([2, undefined]);
    expect(problems).toEqual([expect.stringMatching(/job.*shop/i)]);
  });

  test('finds no file of a value that belongs to none if there is no folder of them', async () => {
    await commit(FORMAT);
    rmSync(join(folder, 'blobs'), { recursive: true, force: true });
    const { counts, largeValues, orphans, problems } = await checkData(folder);
    expect([counts, largeValues, orphans, problems]).toEqual([{ server: 1 }, { count: 0, bytes: 0 }, [], []]);
  });

  test('counts what is in it, and changes nothing', async () => {
    await fill();
    const before = await exported();
    const report = await checkData(folder);
    expect(report).toEqual({
      folder,
      bytes: statSync(join(folder, 'data.mdb')).size,
      counts: { server: 1, workspace: 1, variable: 2, value: 2 },
      largeValues: { count: 1, bytes: 2 * LONG },
      orphans: [],
      problems: [],
    });
    expect(await exported()).toEqual(before);
  });

  test('names files that are missing, cut short, or belong to no value', async () => {
    await fill();
    const blobs = join(folder, 'blobs');
    const [name = ''] = readdirSync(blobs);
    truncateSync(join(blobs, name), 10);
    writeFileSync(join(blobs, '77'), 'left over');
    const short = await checkData(folder);
    expect(short.problems).toEqual([
      `the large value in ${join(blobs, name)} has 10 bytes in place of ${2 * LONG}`,
    ]);
    expect(short.orphans).toEqual(['77']);
    rmSync(join(blobs, name));
    expect((await checkData(folder)).problems).toEqual([
      expect.stringContaining(`a large value cannot be read from ${join(blobs, name)}: ENOENT`),
    ]);
  });

  test('names every record that cannot be restored, and data without a format', async () => {
    const bad: Change = { type: 'put', key: ['workspace', 1], fields: { name: 7 } };
    await commit(FORMAT, bad, { type: 'put', key: ['variable', 9, 1], fields: {} });
    expect((await checkData(folder)).problems).toEqual([
      'workspace/1 cannot be restored: the field "name" of workspace/1 in the data is not a text',
      'variable/9/1 cannot be restored: variable/9/1 belongs to no workspace',
    ]);
    await commit({ type: 'clear', prefix: ['workspace'] }, { type: 'clear', prefix: ['variable'] });
    await commit({ type: 'delete', key: ['server'] });
    expect((await checkData(folder)).problems).toEqual(['the data does not say which format it has']);
  });

  test('refuses a folder without data, one in use, and a file that is something else or cut short', async () => {
    await expect(checkData(folder)).rejects.toThrow(`there is no data of a server in ${folder}`);
    expect(readdirSync(folder)).toEqual([]);
    await fill();
    const server = await start();
    await expect(checkData(folder)).rejects.toThrow('another server uses the data');
    await server.close();
    const file = join(folder, 'data.mdb');
    const { size } = statSync(file);
    truncateSync(file, size / 2);
    const cutShort = `${file} is cut short: it has ${size / 2} bytes in place of ${size}`;
    await expect(checkData(folder)).rejects.toThrow(cutShort);
    await expect(start()).rejects.toThrow(cutShort);
    writeFileSync(file, Buffer.alloc(size, 'no database'));
    await expect(start()).rejects.toThrow(`${file} is not a file of a server's data`);
  });
});
