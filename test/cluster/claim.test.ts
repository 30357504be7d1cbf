import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkedOptions } from '../../src/cluster/cluster-options.ts';
import { ClusterServer } from '../../src/cluster/cluster-server.ts';
import { LeaseKeeper } from '../../src/cluster/lease-keeper.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { eventually } from '../support/eventually.ts';
import { ManualLoop } from '../support/manual-loop.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

// What a server knows of the lease of its claim, and of the owner.

const logger = createLogger('silent');
const HOST = '127.0.0.1';

describe('the lease of a claim', () => {
  it('is valid from the beginning of the claim, however long the answer took (D11)', () => {
    const loop = new ManualLoop();
    loop.advance(1_400);
    const keeper = new LeaseKeeper({
      renew: () => Promise.resolve(true),
      leaseMs: 1_000,
      claimedAt: 1_000,
      loop,
      logger,
      over: () => undefined,
      fenced: () => undefined,
    });
    expect(keeper.leftMs).toBe(600);
    loop.advance(100);
    expect(keeper.leftMs).toBe(500);
    keeper.stop();
    expect(loop.running).toBe(0);
  });
});

const title = `a server that stands by${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  it('names the owner once, and again when it is another one or has another address (D12)', async () => {
    const LEASE_MS = 500;
    const store = { url: postgres.url, leaseMs: LEASE_MS, partitions: 1, isUnsafe: true };
    const named: unknown[] = [];
    const start = async (name: string): Promise<ClusterServer> => {
      const shared = checkedOptions(
        { ...store, name },
        { host: HOST, machine: name, hasFolder: false, hasTls: false },
      );
      const server = await ClusterServer.start(
        { tcp: {}, shared, logger, web: undefined },
        {
          begins: () => undefined,
          asked: () => Promise.resolve(undefined),
          owns: () => undefined,
          standsBy: (_, owner) => named.push([name, owner?.name, owner?.web]),
        },
        { host: HOST, port: 0 },
      );
      onTestFinished(() => server.close());
      return server;
    };
    const setOwner = (name: string, web: string) =>
      postgres.ask(
        `UPDATE sleigh_partition SET epoch = epoch + 1, owner = '${name}', address = 'x:1', link = '${HOST}:1',
          web = '${web}', lease_until = clock_timestamp() + interval '1 hour'`,
      );
    await (await start('first')).close();
    await setOwner('other', 'http://x/');
    await start('b');
    await eventually(() => named.length === 1, 'it stands by');
    // It looks eight times in a lease.
    await new Promise((resolve) => void setTimeout(resolve, LEASE_MS));
    expect(named).toEqual([['b', 'other', 'http://x/']]);
    await setOwner('other', 'http://x/observe/');
    await eventually(() => named.length === 2, 'the page is elsewhere');
    await setOwner('another', 'http://x/observe/');
    await eventually(() => named.length === 3, 'another one owns the data');
    expect(named.slice(1)).toEqual([
      ['b', 'other', 'http://x/observe/'],
      ['b', 'another', 'http://x/observe/'],
    ]);
  });
});
