import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isShort } from '../support/form.ts';
import { createServer, type Server } from '../../src/index.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { eventually } from '../support/eventually.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

// Clients that know nothing of sessions, when the owner of the data changes (D13). Here owners stop, or lose the data.

const LEASE_MS = 1_000;
const MIB = 2 ** 20;

const title = `a client of 2010 whose owner changes${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

const digest = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  const servers: Server[] = [];
  const clients: ProtocolClient[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.vanish();
    for (const server of servers.splice(0)) await server.close();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const start = async (name: string): Promise<Server> => {
    const server = await createServer({
      port: 0,
      logLevel: 'error',
      store: { url: postgres.url, name, leaseMs: LEASE_MS, partitions: 1, isUnsafe: true },
    });
    servers.push(server);
    return server;
  };

  const epochOf = async (name: string): Promise<number> => {
    const rows = await postgres.ask(
      'SELECT owner, epoch FROM sleigh_partition WHERE lease_until > clock_timestamp()',
    );
    return rows[0]?.['owner'] === name ? Number(rows[0]['epoch']) : 0;
  };
  const owns = (name: string): Promise<void> =>
    eventually(async () => (await epochOf(name)) > 0, `${name} owns the data`);

  /** Three servers, of which the first one owns the data. */
  const three = async (): Promise<readonly [Server, Server, Server]> => {
    const a = await start('a');
    await owns('a');
    return [a, await start('b'), await start('c')];
  };

  /** Another server claims the data for a moment, as if the owner had been paused. */
  const fence = () =>
    postgres.ask(
      `UPDATE sleigh_partition SET epoch = epoch + 1, owner = 'other', address = 'other:1', link = '127.0.0.1:1',
        lease_until = clock_timestamp() + interval '500 milliseconds'`,
    );

  const connect = async ({ port }: Server): Promise<ProtocolClient> => {
    const client = await ProtocolClient.ready({ port }, '2222');
    clients.push(client);
    return client;
  };

  it('goes on with its workspaces, its requests that wait, and those that are on their way', async () => {
    const [a, b, c] = await three();
    const [waiting, other] = [await connect(b), await connect(c)];
    await waiting.ask(['open ws', 'own', 'me', 'no']);
    await other.ask(['use ws', 'own', 'me', 'no']);
    const fetched = waiting.begin(['fetch', 'own', 'later']);
    await a.close();
    const large = 'large value; '.repeat(MIB / 4);
    // Of the numbers each is there once: none is lost, and none is stored twice.
    const stores = Array.from({ length: 100 }, (_, at) =>
      other.begin(['store', 'own', 'n', '1', String(at)]),
    );
    const storedLarge = other.begin(['store', 'own', 'later', '1', large]);
    for (const { whenAnswered } of [...stores, storedLarge]) expect((await whenAnswered).status).toBe('0000');
    expect(digest((await fetched.whenAnswered).value ?? '')).toBe(digest(large));
    for (let at = 0; at < 100; at++)
      expect(await other.ask(['fetchTry', 'own', 'n'])).toMatchObject({ status: '0000', value: String(at) });
    expect((await other.ask(['fetchTry', 'own', 'n'])).status).toBe('0001');
  });

  it('goes on at a server that owns the data now, and at one that has lost it and claimed it again', async () => {
    const a = await start('a');
    await owns('a');
    const b = await start('b');
    const client = await connect(b);
    await client.ask(['open ws', 'own', 'me', 'no']);
    await client.ask(['store', 'own', 'x', '1', 'kept']);
    await a.close();
    await owns('b');
    expect(await client.ask(['find', 'own', 'x'])).toMatchObject({ value: 'kept' });
    const before = await epochOf('b');
    await fence();
    expect(await client.ask(['fetch', 'own', 'x'])).toMatchObject({ value: 'kept' });
    expect(await epochOf('b')).toBeGreaterThan(before);
  });

  it('gets the rest of a value of which it had received a part (D16)', async () => {
    const [a, b] = await three();
    const client = await connect(b);
    await client.ask(['open ws', 'own', 'me', 'no']);
    const large = 'a value that takes long; '.repeat(MIB / 2);
    await client.ask(['store', 'own', 'x', '1', large]);
    client.pause();
    const fetched = client.begin(['fetch', 'own', 'x']);
    await sleep(300);
    await a.close();
    client.resume();
    expect(digest((await fetched.whenAnswered).value ?? '')).toBe(digest(large));
    expect((await client.ask(['fetchTry', 'own', 'x'])).status).toBe('0001');
  });

  it('that disconnects while there is no owner leaves nothing behind', async () => {
    const [a, b, c] = await three();
    const client = await connect(b);
    await client.ask(['open ws', 'own', 'me', 'no']);
    await a.close();
    client.vanish();
    const other = await connect(c);
    await eventually(
      async () => (await other.ask(['use ws', 'own', 'me', 'no', 'no'])).status === '0100',
      'its workspace is gone',
    );
  });
});
