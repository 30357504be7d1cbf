import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkedOptions } from '../../src/cluster/cluster-options.ts';
import { ClusterServer } from '../../src/cluster/cluster-server.ts';
import { FORMAT } from '../../src/cluster/schema.ts';
import { NetWorkSpace } from '../../src/index.ts';
import { createLogger } from '../../src/transport/logger.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';

// Two versions of the server side by side, of which the newer one knows another format of the store (D22).

const HOST = '127.0.0.1';
const LEASE_MS = 1_000;
const NEWER = FORMAT + 1;

async function valueThrough({ port }: ClusterServer): Promise<unknown> {
  using shop = await NetWorkSpace.open('shop', { port, persistent: true });
  return await shop.find('x');
}

const title = `servers of two versions${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const start = async (name: string, format: number): Promise<ClusterServer> => {
    const store = { url: postgres.url, name, leaseMs: LEASE_MS, isUnsafe: true, partitions: 1 };
    const server = await ClusterServer.start(
      {
        tcp: {},
        shared: checkedOptions(store, { host: HOST, machine: name, hasFolder: false, hasTls: false }),
        logger: createLogger('silent'),
        web: undefined,
        format,
      },
      {
        begins: () => undefined,
        asked: () => Promise.resolve(undefined),
        owns: () => undefined,
        standsBy: () => undefined,
      },
      { host: HOST, port: 0 },
    );
    onTestFinished(() => server.close());
    return server;
  };
  /** The owner whose lease is valid. */
  const owner = async (): Promise<unknown> =>
    (await postgres.ask('SELECT owner FROM sleigh_partition WHERE lease_until > clock_timestamp()'))[0]?.[
      'owner'
    ];
  const owns = (name: string): Promise<void> =>
    eventually(async () => (await owner()) === name, `${name} owns the data`);
  it('go on together: the older one serves and forwards, and claims nothing from the moment at which a newer one runs', async () => {
    const a = await start('a', FORMAT);
    await owns('a');
    const b = await start('b', FORMAT);
    {
      using shop = await NetWorkSpace.open('shop', { port: a.port, persistent: true });
      await shop.store('x', 'kept');
    }
    const c = await start('c', NEWER);
    // The owner goes on, although it does not know the format.
    for (const server of [a, b, c]) expect(await valueThrough(server)).toBe('kept');
    await expect(start('late', FORMAT)).rejects.toMatchObject({
      code: 'unknown-format',
      message: expect.stringContaining(`format ${NEWER}`),
    });
    await a.close();
    await owns('c');
    for (const server of [b, c]) expect(await valueThrough(server)).toBe('kept');
    await c.close();
    // A server that may claim waits for another one as long as twice its lease.
    await new Promise((resolve) => void setTimeout(resolve, 3 * LEASE_MS));
    expect(await owner()).toBeUndefined();
    const again = await start('c', NEWER);
    await owns('c');
    for (const server of [b, again]) expect(await valueThrough(server)).toBe('kept');
    expect(b.failure).toBeUndefined();
  });
});
