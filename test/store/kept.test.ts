import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, type Server } from '../../src/index.ts';
import { checkData } from '../../src/transport/stored-data.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';

// Data folders that earlier versions have written (scripts/keep-data.mjs). Each version must load all of them: a change that
// makes one of these tests fail needs a new format, and code that loads the old one.

const KEPT = join(import.meta.dirname, 'kept');
const FORMATS = readdirSync(KEPT);
const LONG = 2 ** 16;

describe.each(FORMATS)('a data folder of %s', (format) => {
  let folder: string;
  let server: Server;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sleigh-kept-'));
    cpSync(join(KEPT, format), folder, { recursive: true });
    server = await createServer({ port: 0, logLevel: 'error', data: { folder } });
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const connect = (): Promise<ProtocolClient> =>
    ProtocolClient.ready({ host: '127.0.0.1', port: server.port });

  test('has no problems', async () => {
    await server.close();
    expect((await checkData(folder)).problems).toEqual([]);
  });

  test('has its workspaces, with the values of each mode in their order', async () => {
    const client = await connect();
    const { value } = await client.ask(['list wss']);
    expect(value.split('\n').map((line) => line.split('\t')[0])).toEqual([
      ' __default',
      ' job',
      ' own',
      ' shop',
      '',
    ]);
    await client.ask(['use ws', 'shop', '', 'no']);
    const take = async (variable: string) => {
      const { metadata, value } = await client.ask(['fetchTry', 'shop', variable]);
      return value === '' ? 'nothing' : `${value} (${metadata['note']})`;
    };
    expect([await take('fifo'), await take('fifo'), await take('fifo')]).toEqual([
      'two (of 3 bytes)',
      '\xff\0\xfe (of 3 bytes)',
      'nothing',
    ]);
    expect([await take('lifo'), await take('lifo'), await take('lifo')]).toEqual([
      '\xff\0\xfe (of 3 bytes)',
      'two (of 3 bytes)',
      'one (of 3 bytes)',
    ]);
    expect([await take('single'), await take('single')]).toEqual(['\xff\0\xfe (of 3 bytes)', 'nothing']);
    expect((await client.ask(['fetch', 'shop', 'large'])).value).toBe('x'.repeat(2 * LONG));
    const refused = await client.ask(['store', 'shop', 'x', '1', 'y'.repeat(1_000_001)]);
    expect(refused.reason).toContain('the limit is 1000000');
    client.vanish();
  });

  test('has its sessions, with the replies that were not acknowledged', async () => {
    const client = await connect();
    expect((await client.ask(['resume session', 'the secret of the visitor'])).status).toBe('0000');
    const again = await client.ask(['fetch', 'own', 'x'], { request: '3', answered: '2' });
    expect(again.value).toBe('kept');
    expect((await client.ask(['findTry', 'own', 'x'])).value).toBe('');
    client.vanish();
  });

  test('has its job, whose workers come back and whose tasks go on', async () => {
    const [master, worker] = await Promise.all([connect(), connect()]);
    for (const client of [master, worker]) await client.ask(['use ws', 'job', '', 'no']);
    const back = { session: 'the secret of worker 0', host: 'host0', doing: '1' };
    const returned = await worker.ask(['store', 'job', 'worker_ids', '1', '0'], back);
    expect(returned).toMatchObject({ status: '0000', reason: '' });
    expect((await worker.ask(['store', 'job', 'result', '1', 'A'])).status).toBe('0000');
    const results = [];
    for (let n = 0; n < 2; n++)
      results.push((await master.ask(['fetch', 'job', 'result'], { batchId: 'sums' })).value);
    expect(results).toEqual(['B', 'A']);
    // Its copy of the broadcast comes before the tasks.
    expect((await worker.ask(['fetch', 'job', 'task'])).value).toBe('to all');
    await worker.ask(['store', 'job', 'result', '1', 'heard']);
    expect((await worker.ask(['fetch', 'job', 'task'])).value).toBe('c');
    for (const client of [master, worker]) client.vanish();
  });
});
