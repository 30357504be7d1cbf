import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { isShort } from '../support/form.ts';
import { createServer, type Server } from '../../src/index.ts';
import type { ClusterView } from '../../src/views/cluster-types.ts';
import type { OverviewView } from '../../src/views/types.ts';
import { VERSION } from '../../src/version.ts';
import { ask, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';
import { scrapeOf } from '../support/scrape.ts';
import { screenshot, violations } from '../page/site.ts';

// What the page and the metrics of the owner show about the servers that share its store.

const LEASE_MS = 2_000;

/** @returns null while the server does not own the data */
const shown = async ({ web }: Server): Promise<ClusterView | null> => {
  const { status, text } = await ask(web?.url ?? '', '/api/overview');
  if (status !== 200) return null;
  const { cluster }: OverviewView = JSON.parse(text);
  return cluster;
};

const names = ({ servers: all }: ClusterView): string => all.map(({ name }) => name).join();

const shows = async (
  server: Server,
  what: string,
  isWanted: (view: ClusterView) => boolean,
): Promise<ClusterView> => {
  let view: ClusterView | null = null;
  await eventually(async () => (view = await shown(server)) !== null && isWanted(view), what);
  return view ?? Promise.reject(new Error('nothing is shown'));
};

const title = `the page of the owner${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

describe.skipIf(isShort || noPostgres !== undefined)(title, () => {
  let postgres: Postgres;
  const servers: Server[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const start = async (name: string): Promise<Server> => {
    const server = await createServer({
      port: 0,
      logLevel: 'error',
      web: { port: 0, host: '127.0.0.1' },
      store: { url: postgres.url, name, leaseMs: LEASE_MS, partitions: 1, isUnsafe: true },
    });
    servers.push(server);
    return server;
  };

  it('shows who owns the data, the other servers, and each takeover with its reason, as /metrics do', async () => {
    const began = Date.now();
    const a = await start('a');
    await shows(a, 'a owns the data', ({ owner }) => owner === 'a');
    const b = await start('b');
    const first = await shows(a, 'a knows b', (view) => names(view) === 'a,b');
    expect(first).toMatchObject({ name: 'a', owner: 'a', epoch: 1, takeoverCount: 1 });
    expect(first.leaseLeft).toBeGreaterThan(0);
    expect(first.leaseLeft).toBeLessThanOrEqual(LEASE_MS);
    expect(first.since).toBeGreaterThanOrEqual(began - 1);
    expect(first.since).toBeLessThanOrEqual(Date.now() + 1);
    const [, other] = first.servers;
    expect(other).toMatchObject({ address: `127.0.0.1:${b.port}`, web: b.web?.url, version: VERSION });
    expect(first.takeovers).toEqual([
      { time: first.since, epoch: 1, from: null, to: 'a', reason: 'first', leaseOver: null },
    ]);
    const metrics = await scrapeOf(a.web?.url ?? '');
    expect(metrics.get('sleigh_epoch')).toBe(1);
    expect(metrics.get('sleigh_takeovers_total')).toBe(1);
    expect(metrics.get('sleigh_lease_left_seconds')).toBeGreaterThan(0);
    expect(metrics.get('sleigh_lease_left_seconds')).toBeLessThanOrEqual(LEASE_MS / 1_000);

    await a.close();
    const second = await shows(
      b,
      'b owns the data, and a has left',
      (view) => view.owner === 'b' && names(view) === 'b',
    );
    expect(second).toMatchObject({ name: 'b', owner: 'b', epoch: 2, takeoverCount: 2 });
    expect(second.takeovers[0]).toMatchObject({ epoch: 2, from: 'a', to: 'b', reason: 'released' });
    // As a server does that claims the data, and is killed.
    await postgres.ask(
      `UPDATE sleigh_partition SET epoch = epoch + 1, owner = 'other', address = 'other:1', link = '127.0.0.1:1',
        lease_until = clock_timestamp() + interval '0.3 seconds'`,
    );
    const third = await shows(b, 'b owns the data again', ({ epoch }) => epoch === 4);
    const { takeovers } = await shows(b, 'it has read that', ({ takeoverCount }) => takeoverCount === 4);
    expect(third.name).toBe('b');
    expect(takeovers.map(({ epoch }) => epoch)).toEqual([4, 2, 1]);
    expect(takeovers[0]).toMatchObject({ from: 'other', to: 'b', reason: 'lease over' });
    expect(takeovers[0]?.leaseOver).toBeGreaterThanOrEqual(0);

    const browser = await startBrowser();
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    await page.goto(b.web?.url ?? '');
    const panel = page.getByRole('region', { name: 'Servers' });
    await eventually(
      async () => ((await panel.textContent()) ?? '').includes('The lease of other had been over for'),
      'the takeover is shown',
    );
    expect(await panel.textContent()).toContain('a had stopped, or given it to another server.');
    expect(await panel.textContent()).toContain('Nobody had owned the data.');
    expect(await panel.getByRole('link').getAttribute('href')).toBe(b.web?.url);
    expect(await violations(page)).toEqual([]);
    await screenshot(page, 'servers');
  });

  it('has the newest 20 takeovers, of which the store keeps 1,000, and no servers that were not seen for a day', async () => {
    await start('a').then((server) => server.close());
    await postgres.ask(
      `DELETE FROM sleigh_takeover;
       INSERT INTO sleigh_takeover SELECT 0, n, 'x', 'y', now(), NULL, 2 FROM generate_series(1, 1150) n;
       UPDATE sleigh_partition SET epoch = 1150;
       INSERT INTO sleigh_server VALUES ('old', 'old:1', NULL, '1', now() - interval '25 hours'),
         ('killed', 'killed:1', NULL, '1', now() - interval '23 hours')`,
    );
    const a = await start('a');
    const view = await shows(a, 'it has read them', ({ owner }) => owner === 'a');
    expect(view.takeovers.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 20 }, (_, n) => 1_151 - n));
    expect(view.takeoverCount).toBe(1_151);
    const [kept] = await postgres.ask('SELECT count(*)::int, min(epoch)::int FROM sleigh_takeover');
    expect(kept).toEqual({ count: 1_000, min: 152 });
    expect(names(view)).toBe('a,killed');
    expect(view.servers[1]?.ago).toBeGreaterThan(22 * 3_600_000);
  });

  it('shows that the lease is over while the store cannot be reached, and that an idle owner goes on (D10, D11)', async () => {
    const a = await start('a');
    await shows(a, 'it has read the list', (view) => names(view).startsWith('a'));
    postgres.kill('SIGSTOP');
    try {
      await shows(a, 'its lease is over', ({ leaseLeft }) => leaseLeft === 0);
      expect((await scrapeOf(a.web?.url ?? '')).get('sleigh_lease_left_seconds')).toBe(0);
      await shows(a, 'it goes on', (view) => (view.servers[0]?.ago ?? 0) > 2 * LEASE_MS);
    } finally {
      postgres.kill('SIGCONT');
    }
    await shows(a, 'its lease is valid again', ({ leaseLeft }) => leaseLeft > 0);
    expect(a.failure).toBeUndefined();
  });
});
