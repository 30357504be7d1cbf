import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { partitionOf } from '../../src/wire/partition-of.ts';
import { createServer, Sleigh, type Server } from '../../src/index.ts';
import type { OverviewView } from '../../src/views/types.ts';
import type { TakeoversView, WholeView, WholeWorkspacesView } from '../../src/views/whole-types.ts';
import { ask, ViewStream } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { isShort } from '../support/form.ts';
import { noPostgres, startPostgres, type Postgres } from '../support/postgres.ts';
import { scrapeOf } from '../support/scrape.ts';
import { sleigh } from '../support/serve-process.ts';

// The page of each of two servers shows the partitions of both: they ask each other on the link between servers.

const LEASE_MS = 5_000;
const PARTITIONS = 4;

const viewOf = async (server: Server, path: string): Promise<string> =>
  (await ask(server.web?.url ?? '', path)).text;

/** Waits until a server shows that each partition is served, by these owners. */
const served = async (server: Server, owners: Readonly<Record<string, number>>): Promise<WholeView> => {
  using stream = await ViewStream.open(server.web?.url ?? '', '/api/overview');
  const wanted = JSON.stringify(owners);
  let whole: WholeView | undefined;
  const isWanted = (): boolean => {
    whole = JSON.parse(stream.latest?.data ?? 'null') ?? undefined;
    const counts: Record<string, number> = {};
    for (const { owner, state } of whole?.partitions ?? [])
      if (owner !== null && state === 'served') counts[owner] = (counts[owner] ?? 0) + 1;
    return (
      JSON.stringify(Object.keys(owners).map((name) => counts[name] ?? 0)) ===
      JSON.stringify(Object.values(owners))
    );
  };
  await eventually(async () => isWanted(), `${wanted} own the partitions`, 60_000);
  return whole ?? Promise.reject(new Error('nothing is shown'));
};

const ownersIn = ({ partitions }: WholeView): (string | null)[] => partitions.map(({ owner }) => owner);

const titlesOf = async (server: Server): Promise<string[]> => {
  const { sleighs }: WholeView = JSON.parse(await viewOf(server, '/api/overview'));
  return sleighs.map(({ title }) => title).sort();
};

const why = noPostgres === undefined ? '' : `: ${noPostgres}`;

describe.skipIf(noPostgres !== undefined || isShort)(`the whole of several servers${why}`, () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  const start = async (name: string, hasPage = true): Promise<Server> => {
    const server = await createServer({
      port: 0,
      logLevel: 'silent',
      ...(hasPage && { web: { port: 0, host: '127.0.0.1' } }),
      store: { url: postgres.url, name, leaseMs: LEASE_MS, isUnsafe: true, partitions: PARTITIONS },
    });
    onTestFinished(() => server.close());
    return server;
  };

  it('is shown by each of them: owners, leases, takeovers, and the partitions below /p/N/ at their owner', async () => {
    const a = await start('a');
    await served(a, { a: 4 });
    const b = await start('b');
    const [ofA, ofB] = [await served(a, { a: 2, b: 2 }), await served(b, { a: 2, b: 2 })];
    expect(ownersIn(ofB)).toEqual(ownersIn(ofA));
    expect(ofA.servers.map(({ name, answers, partitions }) => [name, answers, partitions])).toEqual([
      ['a', true, 2],
      ['b', true, 2],
    ]);
    for (const { leaseLeft } of ofB.partitions) {
      expect(leaseLeft).toBeGreaterThan(0);
      expect(leaseLeft).toBeLessThanOrEqual(LEASE_MS);
    }
    const ofPartition = ownersIn(ofA).indexOf('b');
    // The server learns who owns the partition when it looks the next time.
    const redirected = async () => ask(a.web?.url ?? '', `/p/${ofPartition}/workspaces`);
    await eventually(async () => (await redirected()).status === 307, 'a leads to b', 30_000);
    expect((await redirected()).headers.location).toBe(`${b.web?.url}p/${ofPartition}/workspaces`);
    const { cluster }: OverviewView = JSON.parse(await viewOf(b, `/p/${ofPartition}/api/overview`));
    expect(cluster).toMatchObject({ partition: ofPartition, partitions: PARTITIONS, owner: 'b' });
    const { epoch } = ofB.partitions[ofPartition] ?? {};
    expect((await scrapeOf(b.web?.url ?? '')).get(`sleigh_epoch{partition="${ofPartition}"}`)).toBe(epoch);

    await a.close();
    const alone = await served(b, { b: 4 });
    expect(alone.servers.map(({ name }) => name)).toEqual(['b']);
    const { takeovers, total }: TakeoversView = JSON.parse(await viewOf(b, '/api/takeovers'));
    expect(total).toBe(alone.partitions.reduce((sum, each) => sum + each.epoch, 0));
    for (const partition of ownersIn(ofA).flatMap((owner, number) => (owner === 'a' ? [number] : []))) {
      const newest = takeovers.find((takeover) => takeover.partition === partition);
      expect(newest).toMatchObject({ from: 'a', to: 'b', reason: 'released', leaseOver: null });
    }
  }, 240_000);

  it('has every job and workspace, through whichever server its clients came, as the command line has', async () => {
    const [a, b] = [await start('a'), await start('b')];
    await served(b, { a: 2, b: 2 });
    const jobs: Sleigh[] = [];
    for (const label of ['one', 'two', 'three', 'four'])
      jobs.push(await Sleigh.start({ workers: 0, join: 'elastic', label, server: { port: a.port } }));
    const names = jobs.map(({ workspace }) => workspace.name).sort();
    for (const server of [a, b]) {
      await eventually(
        async () => (await titlesOf(server)).length === jobs.length,
        'all jobs are shown',
        30_000,
      );
      expect(await titlesOf(server)).toEqual(names);
      const { items }: WholeWorkspacesView = JSON.parse(await viewOf(server, '/api/workspaces'));
      expect(items.map(({ title }) => title)).toEqual(['__default', ...names]);
      for (const { title, partition } of items) expect(partition, title).toBe(partitionOf(title, PARTITIONS));
      const { output } = await sleigh(['status', '--json', '--server', `127.0.0.1:${server.port}`]);
      const status: { readonly jobs: readonly { readonly name: string }[] } = JSON.parse(output);
      expect(status.jobs.map(({ name }) => name).sort()).toEqual(names);
    }
    for (const job of jobs) await job.stop();
  }, 240_000);

  it('has what a server without a page owns', async () => {
    const a = await start('a');
    await start('hidden', false);
    const whole = await served(a, { a: 2, hidden: 2 });
    expect(whole.servers.map(({ name, web }) => [name, web === null])).toEqual([
      ['a', false],
      ['hidden', true],
    ]);
    const ofHidden = whole.partitions.find(({ owner }) => owner === 'hidden')?.partition;
    const answered = async () => ask(a.web?.url ?? '', `/p/${ofHidden}/`);
    await eventually(async () => (await answered()).status === 503, 'a knows the owner', 30_000);
    expect((await answered()).text).toBe('{"error":"server hidden owns this data, and has no page"}');
  }, 120_000);
});
