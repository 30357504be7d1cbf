import { afterEach, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { createServer, type Server } from '../../src/index.ts';
import { encodeRequest } from '../../src/wire/request.ts';
import { Unread } from '../../src/transport/unread.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { byForm } from '../support/form.ts';

const MIB = 2 ** 20;

/** The values of this many connections, of 8 MiB each, remain unread. */
const COUNT = byForm(24, 200, 200);

const reader = (unread: number) => ({ unread });

describe('the unread replies of all connections together (P12)', () => {
  let server: Server | undefined;
  const clients: ProtocolClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.reset();
    await server?.close();
  });

  it('stay under the limit: the connection with the most is closed and named, and others are served', async () => {
    let log = '';
    const limits = { unreadBytes: byForm(32, 64, 64) * MIB, longValueBytes: 32 * MIB };
    const logger = pino({ level: 'warn' }, { write: (line) => void (log += line) });
    server = await createServer({ port: 0, limits, logger });
    const { port } = server;
    const join = async (): Promise<ProtocolClient> => {
      const client = await ProtocolClient.ready({ port }, {});
      clients.push(client);
      expect((await client.ask(['use ws', 'w', 'x', 'no'])).status).toBe('0000');
      return client;
    };
    const owner = await ProtocolClient.ready({ port }, {});
    clients.push(owner);
    await owner.ask(['open ws', 'w', 'x', 'no']);
    const value = 'v'.repeat(8 * MIB);
    const before = process.memoryUsage().rss;
    let most = 0;
    for (let i = 0; i < COUNT; i++) {
      const silent = await join();
      expect((await owner.ask(['store', 'w', 'large', '1', value])).status).toBe('0000');
      silent.pause();
      // Removed, so that only unread replies refer to it.
      silent.write(encodeRequest(['fetch', 'w', 'large'], undefined));
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    const ended = log
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(ended.length).toBeGreaterThan(0.75 * COUNT);
    expect(ended.at(0)).toMatchObject({ msg: 'connection ended: it does not read', limit: 'unreadBytes' });
    const peers = new Set(clients.slice(1).map(({ socket }) => `127.0.0.1:${socket.localPort}`));
    for (const { peer } of ended) expect(peers).toContain(peer);
    // Memory that the collector has not freed yet counts as well.
    expect(most / MIB).toBeLessThan(Math.max(400, 4 * COUNT));

    const attentive = await join();
    for (let i = 0; i < 3; i++) {
      await owner.ask(['store', 'w', 'large', '1', value]);
      expect((await attentive.ask(['fetch', 'w', 'large'])).value.length).toBe(value.length);
    }
    await eventually(
      async () => (await owner.ask(['store', 'w', 'small', '1', 'v'])).status === '0000',
      'served',
    );
  }, 180_000);
});

describe('the count of unread replies', () => {
  it('closes the connections with the most first, until a quarter of the limit is free', () => {
    const [a, b, c] = [reader(50), reader(30), reader(40)];
    const unread = new Unread(100);
    for (const each of [a, b, c]) unread.count(each);
    expect(unread.excess()).toEqual([a]);
    expect(unread.bytes).toBe(70);
    expect(unread.excess()).toEqual([]);
  });

  it('is updated for what was read meanwhile before a connection is closed', () => {
    const [a, b] = [reader(80), reader(40)];
    const unread = new Unread(100);
    for (const each of [a, b]) unread.count(each);
    a.unread = 0;
    expect(unread.excess()).toEqual([]);
    expect(unread.bytes).toBe(40);
  });

  it('never closes the last connection, however much is unread', () => {
    const unread = new Unread(100);
    unread.count(reader(500));
    expect(unread.excess()).toEqual([]);
  });

  it('closes no more connections than that, and none at the limit itself', () => {
    const [a, b, c] = [reader(50), reader(45), reader(30)];
    const unread = new Unread(100);
    for (const each of [a, b, c]) unread.count(each);
    expect(unread.excess()).toEqual([a]);
    expect(unread.bytes).toBe(75);
    a.unread = 60;
    b.unread = 60;
    for (const each of [a, b]) unread.count(each);
    [a.unread, b.unread] = [40, 30];
    expect([unread.excess(), unread.bytes]).toEqual([[], 100]);
    // Nobody is asked again before the limit is passed.
    a.unread = 0;
    expect([unread.excess(), unread.bytes]).toEqual([[], 100]);
  });

  it('leaves less to these connections if others of the process use a part of the limit', () => {
    const [a, b] = [reader(30), reader(20)];
    const unread = new Unread(100, { unread: 60 });
    for (const each of [a, b]) unread.count(each);
    expect(unread.excess()).toEqual([a]);
  });

  it('has no connection that has read everything, and each other one once', () => {
    const [idle, slow, last] = [reader(0), reader(1), reader(500)];
    const unread = new Unread(100);
    for (const each of [idle, slow, slow]) unread.count(each);
    expect(unread.bytes).toBe(1);
    slow.unread = 0;
    for (const each of [slow, last]) unread.count(each);
    expect(unread.excess()).toEqual([]);
  });

  it('are counted from nothing again after a client has taken all of them', () => {
    const unread = new Unread(100);
    const client = reader(0);
    for (const bytes of [10, 0, 5]) unread.count(client, bytes);
    expect(unread.bytes).toBe(5);
  });
});
