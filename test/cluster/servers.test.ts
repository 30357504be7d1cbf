import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createServer, NetWorkSpace, type Server } from '../../src/index.ts';
import { Link } from '../../src/cluster/link.ts';
import { bytesOf } from '../support/bytes-of.ts';
import { eventually } from '../support/eventually.ts';
import { LossyNetwork } from '../support/shared-store.ts';
import { isShort } from '../support/form.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

// Servers that share one store: which of them owns the data, and what the others do with their clients.

const LEASE_MS = 1_000;
const LONG = 2 ** 16;

const fixture = (name: string): Promise<string> =>
  readFile(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

const title = `servers that share a store${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  const servers: Server[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const start = async (name: string, options: Parameters<typeof createServer>[0] = {}): Promise<Server> => {
    const server = await createServer({
      port: 0,
      logLevel: 'error',
      limits: { longValueBytes: LONG },
      store: { url: postgres.url, name, leaseMs: LEASE_MS, partitions: 1, isUnsafe: true },
      ...options,
    });
    servers.push(server);
    return server;
  };

  const pieces = async (): Promise<number> => (await postgres.ask('SELECT FROM sleigh_blob')).length;

  const owner = async (): Promise<unknown> =>
    (await postgres.ask('SELECT owner FROM sleigh_partition WHERE lease_until > clock_timestamp()'))[0]?.[
      'owner'
    ];

  const epoch = async (): Promise<unknown> =>
    (await postgres.ask('SELECT epoch FROM sleigh_partition'))[0]?.['epoch'];

  it('have the same workspaces, whichever of them a client connects to, and large values, too', async () => {
    const a = await start('a');
    await eventually(async () => (await owner()) === 'a', 'a owns the data');
    const b = await start('b');
    const [atA, atB] = await Promise.all(
      [a, b].map(({ port }) => NetWorkSpace.open('shop', { port, persistent: true })),
    );
    const large = Buffer.alloc(3 * LONG, 'a large value, over and over; ');
    await atB?.store('x', 1);
    await atB?.store('x', large);
    expect(await atA?.fetch('x')).toBe(1);
    expect(large.equals(bytesOf(await atA?.find('x')))).toBe(true);
    expect(large.equals(bytesOf(await atB?.find('x')))).toBe(true);
    await a.close();
    await eventually(async () => (await owner()) === 'b', 'b owns the data');
    const again = await NetWorkSpace.open('shop', { port: b.port, persistent: true });
    expect(large.equals(bytesOf(await again.fetch('x')))).toBe(true);
    await eventually(async () => (await pieces()) === 0, 'nothing is left of the large value');
  });

  it.skipIf(isShort)(
    'keep new credentials when they stand by, and begin nothing with a plugin that cannot be used',
    async () => {
      const a = await start('a', { admission: { token: 'old' } });
      await eventually(async () => (await owner()) === 'a', 'a owns the data');
      const b = await start('b', { admission: { token: 'old' } });
      b.reload({ admission: { token: 'new' } });
      await a.close();
      await eventually(async () => (await owner()) === 'b', 'b owns the data');
      const open = (token: string): Promise<NetWorkSpace> =>
        NetWorkSpace.open('shop', { port: b.port, token, persistent: true });
      await (await open('new')).store('kept', 1);
      await expect(open('old')).rejects.toThrow();
      // @ts-expect-error A plugin needs a name.
      await expect(start('c', { plugins: [{}] })).rejects.toMatchObject({ code: 'bad-plugin' });
    },
  );

  it('send nothing that waits when another server has claimed the data, stand by, take over again, and carry it out once (D9, D11, D13)', async () => {
    const server = await start('a');
    const space = await NetWorkSpace.open('shop', { port: server.port, persistent: true });
    await space.store('seen', 1);
    // As a server does that claims the data while this one is paused.
    await postgres.ask(
      `UPDATE sleigh_partition SET epoch = epoch + 1, owner = 'other', address = 'other:1', link = '127.0.0.1:1',
        lease_until = clock_timestamp() + interval '3 seconds'`,
    );
    const fenced = await epoch();
    await space.store('later', 1);
    expect(Number(await epoch())).toBeGreaterThan(Number(fenced));
    expect(server.failure).toBeUndefined();
    expect(await owner()).toBe('a');
    for (const name of ['later', 'seen']) {
      expect(await space.fetchTry(name)).toBe(1);
      expect(await space.fetchTry(name)).toBeUndefined();
    }
  });

  it.skipIf(isShort).each([
    [{ url: 'mysql://host/data' }, 'bad-store-url'],
    [{ name: 'a b' }, 'bad-server-name'],
    [{ leaseMs: 10 }, 'bad-lease'],
    [{ advertise: 'a host' }, 'bad-advertised-host'],
    [{ advertise: 'host:8765' }, 'bad-advertised-host'],
    [{ isUnsafe: false }, 'unsafe-store'],
    [{ url: 'postgres://sleigh@127.0.0.1:1/data' }, 'store-unreachable'],
  ])('do not start with %j, and say why', async (changed, code) => {
    const store = {
      url: postgres.url,
      name: 'a',
      leaseMs: LEASE_MS,
      partitions: 1,
      isUnsafe: true,
      ...changed,
    };
    await expect(start('a', { store })).rejects.toMatchObject({ code });
  });

  it.skipIf(isShort)(
    'take the time of the store, so that a deadline means the same to the next owner, whose clock may be wrong (D11)',
    async () => {
      const HOUR_MS = 3_600_000;
      await using other = await startPostgres();
      await other.ask('CREATE SCHEMA ahead');
      await other.ask(
        `CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
       $$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$`,
      );
      await other.ask('ALTER ROLE sleigh SET search_path = ahead, pg_catalog, public');
      const store = { url: other.url, name: 'a', leaseMs: LEASE_MS, partitions: 1, isUnsafe: true };
      const server = await start('a', { store });
      const space = await NetWorkSpace.open('clock', { port: server.port });
      await space.declare('time', '__time');
      const told = Date.parse(String(await space.find('time')));
      expect(told).toBeGreaterThan(Date.now() + HOUR_MS - 60_000);
      space.close();
      // Before its PostgreSQL, because it would wait for that.
      await server.close();
    },
  );

  // The statements that read the entities, and the pieces of large values.
  it.skipIf(isShort).each(['load', 'read'])(
    'look again, and load the data, when the store is lost while it is loaded: %s (D11)',
    async (statement) => {
      const large = Buffer.alloc(3 * LONG, 'a large value; ');
      const before = await start('a');
      const space = await NetWorkSpace.open('loaded', { port: before.port, persistent: true });
      await space.store('x', large);
      await before.close();
      using network = await LossyNetwork.before(postgres.port);
      network.loses = statement;
      network.losses.push('request');
      network.goesDown = true;
      const store = { url: network.url, name: 'b', leaseMs: LEASE_MS, partitions: 1, isUnsafe: true };
      const server = await start('b', { store, logLevel: 'silent' });
      await eventually(() => network.isDown, 'the store is lost');
      await sleep(300);
      expect(server.failure).toBeUndefined();
      network.isDown = network.goesDown = false;
      const again = await NetWorkSpace.open('loaded', { port: server.port, persistent: true });
      expect(large.equals(bytesOf(await again.fetch('x')))).toBe(true);
      expect(server.failure).toBeUndefined();
      again.close();
      // Before its network, because it would wait for that.
      await server.close();
    },
  );

  it.skipIf(isShort)('end when they cannot use the tables although the store is there (D6)', async () => {
    await (await start('a')).close();
    await postgres.ask('ALTER TABLE sleigh_entity RENAME TO sleigh_elsewhere');
    const server = await start('a', { logLevel: 'silent' });
    await server.stopped;
    await postgres.ask('ALTER TABLE sleigh_elsewhere RENAME TO sleigh_entity');
    expect(server.failure?.message).toContain('"sleigh_entity" does not exist');
  });

  it.skipIf(isShort)('end when they cannot begin to load the data, and say why', async () => {
    const server = await start('a', { logLevel: 'silent', trace: '/no/such/folder/trace' });
    await server.stopped;
    expect(server.failure?.message).toContain('the trace cannot be written');
    expect(await owner()).toBeUndefined();
  });

  it.skipIf(isShort)('commit nothing more when they are stopped while they load the data', async () => {
    await (await start('a')).close();
    const head = async (): Promise<unknown> =>
      (await postgres.ask('SELECT head FROM sleigh_partition'))[0]?.['head'];
    const before = { head: await head(), epoch: await epoch() };
    const link = new Link({ url: postgres.url, name: 'lock', isUnsafe: true });
    await link.ask('BEGIN; LOCK TABLE sleigh_entity IN ACCESS EXCLUSIVE MODE');
    const server = await start('a', { logLevel: 'silent' });
    await eventually(async () => (await epoch()) !== before.epoch, 'it has claimed the data');
    const closed = server.close();
    await link.ask('COMMIT');
    await closed;
    await link.close();
    expect(await head()).toBe(before.head);
    expect(await owner()).toBeUndefined();
    expect(server.failure).toBeUndefined();
  });

  it.skipIf(isShort)('write a trace of its own for each time in which they own the data', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sleigh-trace-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const trace = join(folder, 'trace');
    const epochs: unknown[] = [];
    for (const space of ['first', 'second']) {
      const server = await start('a', { trace });
      // A client that connects before the server owns the data would go on at another one.
      await eventually(async () => (await owner()) === 'a', 'a owns the data');
      epochs.push(await epoch());
      (await NetWorkSpace.open(space, { port: server.port })).close();
      await server.close();
    }
    for (const each of epochs)
      expect(await readFile(`${trace}.${String(each)}`, 'utf8')).toContain('"connection"');
    expect((await readdir(folder)).length).toBe(2);
  });

  it.skipIf(isShort)(
    'encrypt their links if one of them offers TLS to clients, or is told to (D25)',
    async () => {
      const tls = { cert: await fixture('localhost.crt'), key: await fixture('localhost.key') };
      const store = { url: postgres.url, leaseMs: LEASE_MS, partitions: 1, isUnsafe: true };
      const link = async (): Promise<unknown> =>
        (await postgres.ask('SELECT link FROM sleigh_partition'))[0]?.['link'];
      for (const options of [{ tls }, { store: { ...store, name: 'a', linkTls: true } }]) {
        const a = await start('a', options);
        await eventually(async () => (await owner()) === 'a', 'a owns the data');
        expect(await link()).toMatch(/^tls:\/\//);
        const b = await start('b');
        const space = await NetWorkSpace.open('encrypted', { port: b.port, persistent: true });
        await space.store('x', 1);
        expect(await space.fetch('x')).toBe(1);
        space.close();
        await b.close();
        await a.close();
      }
      const plain = await start('a', { tls, store: { ...store, name: 'a', linkTls: false } });
      await eventually(async () => (await owner()) === 'a', 'a owns the data');
      expect(await link()).not.toContain('tls');
      await plain.close();
    },
  );

  it('do not start with a folder as well', async () => {
    await expect(start('a', { data: { folder: 'data' } })).rejects.toMatchObject({ code: 'two-stores' });
  });

  it.skipIf(isShort)('send browsers to the page of the owner', async () => {
    const web = { port: 0, host: '127.0.0.1' };
    // Each server has a base of its own.
    const a = await start('a', { web: { ...web, base: '/observe' } });
    await eventually(async () => (await owner()) === 'a', 'a owns the data');
    const b = await start('b', { web });
    const path = '/workspaces/shop?tab=1';
    const pageOf = ({ web: page }: Server): string => `${page?.url.slice(0, -1)}${path}`;
    const redirected = async (): Promise<string | null> =>
      (await fetch(pageOf(b), { redirect: 'manual' })).headers.get('location');
    await eventually(async () => (await redirected()) === pageOf(a), 'b sends browsers to a');
    expect((await fetch(`${b.web?.url}readyz`)).status).toBe(200);
  });
});
