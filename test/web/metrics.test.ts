import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NwsConnection } from '../../src/client/connection/connection.ts';
import { createServer, type Server } from '../../src/index.ts';
import type { OverviewView } from '../../src/views/types.ts';
import { ask } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolClient } from '../../src/verify/protocol-client.ts';
import { scrapeOf } from '../support/scrape.ts';

let server: Server;
let url: string;

beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'silent', web: { port: 0 } });
  url = server.web?.url ?? '';
});
afterEach(() => server.close());

const scrape = (): Promise<Map<string, number>> => scrapeOf(url);

describe('the metrics of a server with a store', () => {
  it('contain its commits, its size and what was taken up', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sleigh-metrics-'));
    const stored = (): Promise<Server> =>
      createServer({ port: 0, logLevel: 'silent', web: { port: 0 }, data: { folder } });
    const first = await stored();
    const client = await NwsConnection.open(first);
    await client.useWorkspace('w');
    await client.store('w', 'v', 'x');
    client.close();
    const samples = await scrapeOf(first.web?.url ?? '');
    expect(samples.get('sleigh_commits_total')).toBeGreaterThanOrEqual(2);
    expect(samples.get('sleigh_committed_changes_total')).toBeGreaterThanOrEqual(3);
    expect(samples.get('sleigh_commit_seconds_total')).toBeGreaterThan(0);
    expect(samples.get('sleigh_store_bytes')).toBeGreaterThan(4_096);
    expect(samples.get('sleigh_recovered_entities')).toBe(0);
    const { storage }: OverviewView = JSON.parse((await ask(first.web?.url ?? '', '/api/overview')).text);
    expect(storage).toMatchObject({ sync: 'always', bytes: samples.get('sleigh_store_bytes'), recovered: 0 });
    expect(storage?.commits).toBeGreaterThanOrEqual(2);
    await first.close();
    const second = await stored();
    // The server, the workspace, the variable and its value.
    expect((await scrapeOf(second.web?.url ?? '')).get('sleigh_recovered_entities')).toBe(4);
    await second.close();
    rmSync(folder, { recursive: true });
  });
});

describe('the metrics', () => {
  it('contain the counts of the core at the time of the request', async () => {
    const client = await NwsConnection.open(server);
    await client.openWorkspace('w');
    await client.store('w', 'v', 'x'.repeat(1_000));
    await client.store('w', 'v', 'y');
    const first = await scrape();
    expect(first.get('sleigh_connections')).toBe(1);
    expect(first.get('sleigh_workspaces')).toBe(2);
    expect(first.get('sleigh_variables')).toBe(1);
    expect(first.get('sleigh_requests_total{verb="store"}')).toBe(2);
    expect(first.get('sleigh_requests_total{verb="open ws"}')).toBe(1);
    expect(first.get('sleigh_held_bytes')).toBe(1_001);
    const received = first.get('sleigh_received_bytes_total') ?? 0;
    expect(received).toBeGreaterThan(1_000);
    await client.fetch('w', 'v');
    const second = await scrape();
    expect(second.get('sleigh_requests_total{verb="fetch"}')).toBe(1);
    expect(second.get('sleigh_requests_total{verb="store"}')).toBe(2);
    expect(
      (second.get('sleigh_sent_bytes_total') ?? 0) - (first.get('sleigh_sent_bytes_total') ?? 0),
    ).toBeGreaterThan(1_000);
    client.close();
    await eventually(async () => (await scrape()).get('sleigh_connections') === 0, 'that it has gone');
  });

  it('contain how long requests were blocked, by verb, and how long the server took', async () => {
    const [client, other] = await Promise.all([NwsConnection.open(server), NwsConnection.open(server)]);
    for (const connection of [client, other]) await connection.useWorkspace('w');
    const fetched = client.fetch('w', 'v');
    await eventually(async () => (await scrape()).get('sleigh_blocked') === 1, 'that it is blocked');
    await other.store('w', 'v', 'x');
    await fetched;
    const samples = await scrape();
    expect(samples.get('sleigh_blocked')).toBe(0);
    expect(samples.get('sleigh_blocked_seconds_count{verb="fetch"}')).toBe(1);
    expect(samples.get('sleigh_blocked_seconds_bucket{verb="fetch",le="+Inf"}')).toBe(1);
    expect(samples.get('sleigh_blocked_seconds_sum{verb="fetch"}')).toBeGreaterThan(0);
    const bounds = [...samples.keys()].flatMap(
      (name) => /^sleigh_blocked_seconds_bucket\{verb="fetch",le="(.+)"\}/.exec(name)?.[1] ?? [],
    );
    expect(bounds.join(' ')).toBe('0.001 0.005 0.025 0.1 0.5 2.5 10 60 600 +Inf');
    const buckets = [...samples].filter(([name]) => name.startsWith('sleigh_handling_seconds_bucket'));
    const counts = buckets.map(([, count]) => count);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(samples.get('sleigh_handling_seconds_count'));
    expect(samples.get('sleigh_handling_seconds_count')).toBeGreaterThan(6);
    for (const connection of [client, other]) connection.close();
  });

  it('contain workers, tasks and results by state', async () => {
    const [master, sentinel, worker] = await Promise.all([1, 2, 3].map(() => NwsConnection.open(server)));
    if (master === undefined || sentinel === undefined || worker === undefined) throw new Error('no client');
    await master.openWorkspace('s', { metadata: new Map([['wstype', 'sleigh']]) });
    for (const connection of [sentinel, worker]) await connection.useWorkspace('s');
    await sentinel.fetch('s', 'worker_ids');
    await worker.store('s', 'worker_ids', '0');
    for (const task of ['a', 'b', 'c']) await master.store('s', 'task', task, new Map([['batchId', '1']]));
    await worker.fetch('s', 'task');
    const samples = await scrape();
    expect(samples.get('sleigh_tasks{state="queued"}')).toBe(2);
    expect(samples.get('sleigh_tasks{state="running"}')).toBe(1);
    expect(samples.get('sleigh_workers{state="registered.busy"}')).toBe(1);
    expect([...samples].filter(([name]) => name.startsWith('sleigh_sleighs{'))).toHaveLength(1);
    await worker.store('s', 'result', 'done');
    expect((await scrape()).get('sleigh_results')).toBe(1);
    for (const connection of [master, sentinel, worker]) connection.close();
  });

  it('contain the process metrics', async () => {
    const samples = await scrape();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
    ])
      expect(samples.has(name), name).toBe(true);
  });
});

describe('the health check', () => {
  it('is ok while the web server answers, and ready when the server listens', async () => {
    expect(await ask(url, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    expect(await ask(url, '/readyz')).toMatchObject({ status: 200, text: 'ready\n' });
  });

  it('is not ready while the server stops', async () => {
    // It waits for this connection, which does not close.
    const rude = await ProtocolClient.open(server, { allowHalfOpen: true });
    rude.write('X000');
    await rude.read(4);
    const closed = server.close();
    const { status } = await ask(url, '/readyz');
    expect(status).toBe(503);
    expect((await ask(url, '/healthz')).status).toBe(200);
    rude.reset();
    await closed;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the handshake', () => {
  it('contains the port of the web page (P2.1)', async () => {
    const client = await ProtocolClient.open(server);
    expect(await client.greet()).toMatchObject({ NwsWebPort: String(server.web?.port) });
    client.reset();
  });
});
