import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hostsOf, Link, riskOf, withoutPassword } from '../../src/cluster/link.ts';
import { LOAD, Partition } from '../../src/cluster/partition.ts';
import { PostgresDisk } from '../../src/cluster/postgres-disk.ts';
import type { PostgresStore } from '../../src/cluster/postgres-store.ts';
import type { Change } from '../../src/store/change.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';
import { entitiesOf, LossyNetwork, sharedStore, type Loss } from '../support/shared-store.ts';

// Several servers with one store in PostgreSQL: what a server may still do when another has claimed the data, and what it
// makes of commits whose outcome it does not know.

const put = (number: number): Change => ({ type: 'put', key: ['workspace', number], fields: { number } });
const numbers = async (store: PostgresStore): Promise<readonly unknown[]> =>
  (await entitiesOf(store)).map(({ fields }) => fields['number']);

const NO_LEASE_MS = 0;

describe('the settings of PostgreSQL', () => {
  const safe = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', standbys: 'ANY 1 (*)' };
  it.each([
    [{}, undefined],
    [{ synchronous_commit: 'remote_apply' }, undefined],
    [{ fsync: 'off' }, 'fsync is off'],
    [{ full_page_writes: 'off' }, 'full_page_writes is off'],
    [{ synchronous_commit: 'off' }, 'synchronous_commit is off'],
    [{ synchronous_commit: 'local' }, 'synchronous_commit is local'],
    [{ synchronous_commit: 'remote_write' }, 'synchronous_commit is remote_write'],
    [{ standbys: ' ' }, 'synchronous_standby_names is empty'],
  ])('%j are safe, or the risk is named: %s', (changed, risk) => {
    expect(riskOf({ ...safe, ...changed })).toBe(risk);
  });

  it('are for each host of an address; passwords do not appear in errors', () => {
    expect(hostsOf('postgres://u:p@a:1,b:2/d?x=1')).toEqual([
      'postgres://u:p@a:1/d?x=1',
      'postgres://u:p@b:2/d?x=1',
    ]);
    expect(withoutPassword('postgres://u:secret@a/d')).toBe('postgres://u@a/d');
  });
});

describe.skipIf(noPostgres !== undefined)(
  `a store in PostgreSQL${noPostgres === undefined ? '' : `: ${noPostgres}`}`,
  () => {
    let postgres: Postgres;
    beforeAll(async () => {
      postgres = await startPostgres();
      await (await sharedStore(postgres.url)).close();
    });
    afterAll(() => postgres[Symbol.asyncDispose]());
    beforeEach(async () => {
      await postgres.ask(`UPDATE sleigh_partition SET owner = NULL, lease_until = '-infinity'`);
      await postgres.ask('DELETE FROM sleigh_entity');
    });

    it.skipIf(isShort)(
      'reads records in portions by the index, and large ones in smaller portions',
      async () => {
        const store = await sharedStore(postgres.url);
        await store.claim();
        await store.close();
        // PostgreSQL has not counted them yet.
        await postgres.ask(`ALTER TABLE sleigh_entity SET (autovacuum_enabled = off)`);
        await postgres.ask(
          `INSERT INTO sleigh_entity SELECT 7, int4send(n), convert_to(repeat('x', CASE WHEN n > 20000 THEN 5000000 ELSE 10 END), 'UTF8')
         FROM generate_series(1, 20004) AS n`,
        );
        const link = new Link({ url: postgres.url, name: 'a', isUnsafe: true });
        const { rows } = await link.ask(`EXPLAIN ${LOAD}`, [7, Buffer.of(), 1_000, 8_388_608]);
        const plan = JSON.stringify(rows);
        expect(plan).toContain('Index Scan');
        expect(plan).not.toContain('Sort');
        const partition = new Partition(link, 7, NO_LEASE_MS);
        const sizes: number[] = [];
        for (let after = Buffer.of(); ;) {
          const portion = await partition.load(after, 10_000);
          const last = portion.at(-1);
          if (last === undefined) break;
          sizes.push(portion.length);
          after = Buffer.from(last.key);
        }
        expect(sizes).toEqual([10_000, 10_000, 2, 2]);
        await link.close();
        await postgres.ask('DELETE FROM sleigh_entity WHERE partition = 7');
      },
    );

    it('is refused while another server has a valid lease, and given to one that was started again', async () => {
      const a = await sharedStore(postgres.url, 'a');
      await a.claim();
      const b = await sharedStore(postgres.url, 'b');
      await expect(b.claim()).rejects.toMatchObject({
        code: 'data-in-use',
        message: expect.stringContaining('"a"'),
      });
      const again = await sharedStore(postgres.url, 'a');
      await again.claim();
      expect(again.epoch).toBe(a.epoch + 1);
      await again.close();
      await b.claim();
      await Promise.all([a.close(), b.close()]);
    });

    it('takes nothing from a server whose data another has claimed: neither changes, nor reads, nor large values (D9)', async () => {
      const a = await sharedStore(postgres.url, 'a', NO_LEASE_MS);
      await a.claim();
      await a.commit([put(1)]);
      const link = new Link({ url: postgres.url, name: 'a', isUnsafe: true });
      const disk = new PostgresDisk(link, { partition: 0, name: 'a', epoch: a.epoch });
      const file = await disk.create('1');
      await file.write(Buffer.from('before'));
      const b = await sharedStore(postgres.url, 'b');
      await b.claim();
      await expect(file.write(Buffer.from('after'))).rejects.toMatchObject({ code: 'fenced' });
      await disk.unlink('1');
      expect(await disk.list()).toEqual(['1']);
      await expect(a.commit([put(2), { type: 'clear', prefix: ['workspace'] }])).rejects.toMatchObject({
        code: 'fenced',
      });
      await expect(a.commit([])).rejects.toThrow();
      expect(await numbers(b)).toEqual([1]);
      await expect(entitiesOf(a)).rejects.toMatchObject({ code: 'fenced' });
      // It does not end the lease of the other.
      await a.close();
      await b.commit([put(3)]);
      const c = await sharedStore(postgres.url, 'c');
      await expect(c.claim()).rejects.toMatchObject({ code: 'data-in-use' });
      await Promise.all([b.close(), c.close(), link.close()]);
    });

    it
      .skipIf(isShort)
      .each<readonly Loss[]>([
        ['request'],
        ['answer'],
        ['request', 'answer', 'answer'],
        ['answer', 'request', 'answer', 'request'],
      ])('carries out a commit once when connections are lost: %s, %s, %s, %s (D10)', async (...losses) => {
      using network = await LossyNetwork.before(postgres.port);
      const store = await sharedStore(network.url, 'a');
      await store.claim();
      await store.commit([put(1), put(2)]);
      network.losses.push(...losses.filter((loss) => loss !== undefined));
      await store.commit([{ type: 'delete', key: ['workspace', 1] }, put(3)]);
      expect(network.losses).toEqual([]);
      await store.commit([put(4)]);
      expect(await numbers(store)).toEqual([2, 3, 4]);
      await store.close();
    });

    it.skipIf(isShort)(
      'does not repeat a commit when the data was claimed after its answer was lost (D9, D10)',
      async () => {
        using network = await LossyNetwork.before(postgres.port);
        const a = await sharedStore(network.url, 'a', NO_LEASE_MS);
        await a.claim();
        network.losses.push('answer');
        network.isDown = true;
        const isRefused = expect(a.commit([put(1)])).rejects.toMatchObject({ code: 'fenced' });
        const b = await sharedStore(postgres.url, 'b');
        await eventually(() => network.losses.length === 0, 'the commit is on its way');
        await b.claim();
        network.isDown = false;
        await isRefused;
        await Promise.all([a.close(), b.close()]);
      },
    );

    it.skipIf(isShort)(
      'ends with an error when PostgreSQL has lost what it had acknowledged (D6)',
      async () => {
        using network = await LossyNetwork.before(postgres.port);
        const store = await sharedStore(network.url, 'a');
        await store.claim();
        await store.commit([put(1)]);
        await postgres.ask('UPDATE sleigh_partition SET head = head - 1');
        await expect(store.commit([put(2)])).rejects.toThrow('it has lost data');
        await store.close();
      },
    );

    it.skipIf(isShort)('ends with an error when PostgreSQL cannot carry out the commit (D6)', async () => {
      const store = await sharedStore(postgres.url, 'a');
      await store.claim();
      await postgres.ask('ALTER TABLE sleigh_entity ADD CONSTRAINT none CHECK (key IS NULL)');
      await expect(store.commit([put(1)])).rejects.toThrow('violates check constraint');
      await postgres.ask('ALTER TABLE sleigh_entity DROP CONSTRAINT none');
      await store.close();
    });
  },
);

// It starts several processes that write to the disk.
describe.skipIf(noPostgres !== undefined || isShort)('a store in PostgreSQL with a standby', () => {
  let postgres: Postgres;
  let standby: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres({ isSafe: true });
    standby = await postgres.addStandby();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  it('is accepted as safe, and the standby alone is not', async () => {
    const safe = new Link({ url: postgres.url, name: 'a', isUnsafe: false });
    await eventually(
      async () => (await safe.ask('SELECT 1').catch(() => undefined)) !== undefined,
      'it is safe',
    );
    await safe.close();
    const alone = new Link({ url: standby.url, name: 'a', isUnsafe: false });
    await expect(alone.ask('SELECT 1')).rejects.toMatchObject({ code: 'store-read-only' });
    const both = new Link({
      url: postgres.url.replace('127', `127.0.0.1:${standby.port},127`),
      name: 'a',
      isUnsafe: false,
    });
    expect((await both.ask('SELECT pg_is_in_recovery() AS standby')).rows).toEqual([{ standby: false }]);
    await both.close();
  });

  it('is refused without a standby', async () => {
    await using alone = await startPostgres({ isSafe: true });
    const link = new Link({ url: alone.url, name: 'a', isUnsafe: false });
    await expect(link.ask('SELECT 1')).rejects.toMatchObject({ code: 'unsafe-store' });
  });

  it('acknowledges a commit only when the standby has it, although PostgreSQL was told not to wait for it (D10)', async () => {
    const store = await sharedStore(postgres.url, 'a');
    await store.claim();
    await store.commit([put(1)]);
    standby.kill('SIGSTOP');
    let isDone = false;
    const done = store.commit([put(2)]).then(() => (isDone = true));
    const cancelled = async (): Promise<boolean> => {
      const rows = await postgres.ask(
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE 'sleigh %'`,
      );
      return rows.length > 0;
    };
    await eventually(cancelled, 'the commit waits for the standby');
    await eventually(cancelled, 'a further commit waits for the standby');
    expect(isDone).toBe(false);
    expect(await postgres.ask('SELECT count(*)::int AS count FROM sleigh_entity')).toEqual([{ count: 2 }]);
    standby.kill('SIGCONT');
    await done;
    expect(await numbers(store)).toEqual([1, 2]);
    await store.close();
  });

  it('goes on when PostgreSQL is killed and started again', async () => {
    const store = await sharedStore(postgres.url, 'a');
    await store.claim();
    await store.commit([put(3)]);
    await postgres.restart();
    await store.commit([put(4)]);
    expect(await numbers(store)).toEqual([1, 2, 3, 4]);
    await store.close();
  });
});
