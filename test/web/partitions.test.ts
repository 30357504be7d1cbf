import { describe, expect, it, onTestFinished } from 'vitest';
import { NetWorkSpace } from '../../src/index.ts';
import type { OverviewView } from '../../src/views/types.ts';
import type { TakeoversView, WholeView, WholeWorkspacesView } from '../../src/views/whole-types.ts';
import { ask, ViewStream } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { scrapeOf } from '../support/scrape.ts';
import { startWhole, type SimulatedWhole } from '../support/whole.ts';

// One page for several partitions: those that this server owns, those of others, and the whole at the root.

const TOKEN = 'open sesame';

/** Four partitions of two servers. */
async function newWhole(): Promise<SimulatedWhole> {
  const whole = await startWhole({ owners: ['a', 'b', 'a', 'b'], write: TOKEN });
  onTestFinished(() => whole[Symbol.asyncDispose]());
  return whole;
}

async function openIn(whole: SimulatedWhole, partition: number, name: string): Promise<NetWorkSpace> {
  const ws = await NetWorkSpace.open(name, { port: whole.cores[partition]?.port ?? 0, persistent: true });
  onTestFinished(() => ws.close());
  return ws;
}

async function read<View>(whole: SimulatedWhole, server: string, path: string): Promise<View> {
  const { status, text } = await ask(whole.url(server), path);
  expect(status, `${path}: ${text}`).toBe(200);
  // The caller states the type of the view, as the page does.
  const view: View = JSON.parse(text);
  return view;
}

describe('the page of a partition', () => {
  it('is below its number at its owner: page, files, views, streams, and changes with the token', async () => {
    const whole = await newWhole();
    await openIn(whole, 2, 'shop');
    const url = whole.url('a');
    const { cluster, workspaces } = await read<OverviewView>(whole, 'a', '/p/2/api/overview');
    expect(cluster).toMatchObject({ partition: 2, partitions: 4, owner: 'a' });
    expect(workspaces).toBe(2);
    const stream = await ViewStream.open(url, '/p/2/api/stream?view=/workspaces/shop');
    await eventually(() => stream.events.length > 0, 'the view comes');
    expect(stream.latest?.data).toContain('shop');
    stream[Symbol.dispose]();
    expect(await ask(url, '/p/2')).toMatchObject({ status: 302, headers: { location: '/p/2/' } });
    const headers = { Authorization: `Bearer ${TOKEN}` };
    expect((await ask(url, '/p/2/api/workspaces/shop', { method: 'DELETE', headers })).status).toBe(200);
    expect((await ask(url, '/p/2/api/workspaces/shop')).status).toBe(404);
    expect((await ask(url, '/api/workspaces/shop', { method: 'DELETE', headers })).status).toBe(403);
  });

  it('is at the owner for every other server, which sends browsers and programs there', async () => {
    const whole = await newWhole();
    for (const path of ['p/1/', 'p/1/workspaces/x?from=3', 'p/1/api/overview'])
      expect(await ask(whole.url('a'), `/${path}`)).toMatchObject({
        status: 307,
        headers: { location: `${whole.url('b')}${path}` },
      });
    whole.move(1, 'a');
    expect((await ask(whole.url('a'), '/p/1/api/overview')).status).toBe(200);
    expect(await ask(whole.url('b'), '/p/1/')).toMatchObject({ status: 307 });
  });

  it('is not there while nobody owns the partition, or if the number is none, which it says', async () => {
    const whole = await newWhole();
    whole.move(1, undefined);
    expect((await ask(whole.url('a'), '/p/1/api/overview')).text).toContain('the server is starting');
    expect(await ask(whole.url('a'), '/p/4/api/overview')).toMatchObject({
      status: 404,
      text: '{"error":"there is no partition 4: the data has 4, from 0"}',
    });
  });
});

describe('the page of the whole', () => {
  it('has the workspaces of all partitions at every server, each with its partition, and searches them', async () => {
    const whole = await newWhole();
    for (const [partition, name] of ['apples', 'pears', 'plums', 'apple juice'].entries())
      await openIn(whole, partition, name);
    for (const server of ['a', 'b']) {
      const { items, total } = await read<WholeWorkspacesView>(whole, server, '/api/workspaces?search=apple');
      expect(items.map(({ title, partition }) => [title, partition])).toEqual([
        ['apple juice', 3],
        ['apples', 0],
      ]);
      expect(total).toBe(2);
      // Every core has a workspace `__default`; that of the whole is in one partition.
      const all = await read<WholeWorkspacesView>(whole, server, '/api/workspaces');
      expect(all.total).toBe(5);
      expect(all.items[0]).toMatchObject({ title: '__default', partition: 0 });
      const { workspaces, partitions } = await read<WholeView>(whole, server, '/api/overview');
      expect(workspaces).toBe(5);
      expect(partitions.map(({ owner, state }) => `${owner} ${state}`)).toEqual([
        'a served',
        'b served',
        'a served',
        'b served',
      ]);
    }
  });

  it('goes on without a server that is silent, and says so', async () => {
    const whole = await newWhole();
    await read<WholeView>(whole, 'a', '/api/overview');
    whole.silent.add('b');
    const stream = await ViewStream.open(whole.url('a'), '/api/overview');
    const silent = (): unknown[] => {
      const { partitions }: WholeView = JSON.parse(stream.latest?.data ?? '{"partitions":[]}');
      return partitions.filter(({ state }) => state === 'silent').map(({ partition }) => partition);
    };
    await eventually(() => silent().length === 2, 'the partitions of b are marked');
    expect(silent()).toEqual([1, 3]);
    whole.silent.delete('b');
    await eventually(() => silent().length === 0, 'they are there again');
    stream[Symbol.dispose]();
  });

  it('asks the others only while somebody looks', async () => {
    const whole = await newWhole();
    expect(whole.asked).toEqual([]);
    await Promise.all(Array.from({ length: 5 }, () => read<WholeView>(whole, 'a', '/api/overview')));
    expect(whole.asked).toEqual(['b']);
    await read<TakeoversView>(whole, 'a', '/api/takeovers');
    expect(whole.asked).toEqual(['b']);
  });

  it('has metrics of the partitions that the server owns, with their number, and is ready', async () => {
    const whole = await newWhole();
    await openIn(whole, 2, 'shop');
    const samples = await scrapeOf(whole.url('a'));
    expect(samples.get('sleigh_workspaces{partition="0"}')).toBe(1);
    expect(samples.get('sleigh_workspaces{partition="2"}')).toBe(2);
    expect(samples.get('sleigh_requests_total{verb="open ws",partition="2"}')).toBe(1);
    expect(samples.has('sleigh_workspaces{partition="1"}')).toBe(false);
    const failure = { server: 'b', version: '1', reason: 'it is damaged', time: 0, restsMs: 1_000 };
    whole.failures = [{ ...failure, partition: 3, times: 2 }];
    for (const server of ['a', 'b'])
      expect(
        (await scrapeOf(whole.url(server))).get('sleigh_partition_failures{server="b",partition="3"}'),
      ).toBe(2);
    whole.move(0, 'b');
    whole.move(2, 'b');
    expect((await scrapeOf(whole.url('a'))).has('sleigh_workspaces{partition="0"}')).toBe(false);
    expect((await scrapeOf(whole.url('b'))).get('sleigh_workspaces{partition="2"}')).toBe(2);
    expect((await ask(whole.url('a'), '/readyz')).status).toBe(200);
    for (const partition of [0, 1, 2, 3]) whole.move(partition, undefined);
    expect((await ask(whole.url('a'), '/readyz')).status).toBe(503);
  });
});
