import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import { NetWorkSpace, Sleigh, tasks } from '../../src/client/index.ts';
import { thisHost } from '../../src/client/platform.ts';
import { createServer, type Server } from '../../src/index.ts';
import { TcpProxy, type Passage } from '../../src/verify/tcp-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { byForm, isLong, isShort } from '../support/form.ts';
import { startServe, type ServeProcess } from '../support/serve-process.ts';

const { paced } = tasks<typeof import('./modules/paced.mjs')>(new URL('modules/paced.mjs', import.meta.url));

/** A network that loses all connections on demand, and with them requests and replies that are on their way. */
class CuttingProxy extends TcpProxy {
  isUp = true;
  readonly #open = new Set<Socket>();
  /** Called with each piece from the server: whether it is lost, with its connection. */
  loses: (bytes: Buffer) => boolean = () => false;

  static before(port: number): Promise<CuttingProxy> {
    return new CuttingProxy(() => ({ host: '127.0.0.1', port })).listening();
  }

  cut(): void {
    for (const client of this.#open) client.destroy();
  }

  protected override passage(client: Socket): Passage {
    if (!this.isUp) client.destroy();
    this.#open.add(client);
    return {
      received: (bytes, forward) => {
        if (this.loses(bytes)) client.destroy();
        else forward(bytes);
      },
      closed: () => this.#open.delete(client),
    };
  }
}

describe('a connection that may come back (P15), on a server without a store', () => {
  let server: Server;
  let proxy: CuttingProxy;
  beforeAll(async () => {
    server = await createServer({ port: 0, logLevel: 'error' });
    proxy = await CuttingProxy.before(server.port);
  });
  afterAll(async () => {
    proxy.close();
    await server.close();
  });
  const open = (reconnectGrace = 20): Promise<NwsConnection> =>
    thisHost.connect({ ...proxy.address, reconnectGrace });

  it('carries out each request once, however often it is cut', async () => {
    const connection = await open();
    await connection.openWorkspace('cut');
    let pieces = 0;
    proxy.loses = () => ++pieces % 5 === 0;
    const taken: unknown[] = [];
    const count = byForm(100, 1_000, 5_000);
    for (let n = 0; n < count; n += 10) {
      const stores = Array.from({ length: 10 }, (_, at) => connection.store('cut', 'v', n + at));
      const gets = Array.from({ length: 10 }, () => connection.fetchTry('cut', 'v'));
      if (n % 30 === 0) proxy.cut();
      await Promise.all(stores);
      for (const found of await Promise.all(gets)) taken.push(found?.value);
    }
    expect(taken).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(pieces).toBeGreaterThan(5);
    proxy.loses = () => false;
    connection.close();
  });

  it('gets a value whose reply was lost, and nobody else gets it', async () => {
    const connection = await open();
    await connection.openWorkspace('lost reply');
    await connection.store('lost reply', 'v', 'the value');
    let lost = 0;
    proxy.loses = (bytes) => bytes.includes('the value') && lost++ === 0;
    expect((await connection.fetch('lost reply', 'v')).value).toBe('the value');
    proxy.loses = () => false;
    expect(lost).toBe(2);
    expect(await connection.fetchTry('lost reply', 'v')).toBeUndefined();
    connection.close();
  });

  it('waits on, and a wait that is ended meanwhile ends', async () => {
    using workspace = await NetWorkSpace.open('waits', { ...proxy.address, reconnectGrace: 20 });
    const waits = workspace.fetch('v');
    const ends = workspace.fetch('never', { timeout: 2_000 });
    await eventually(
      async () => (await workspace.list()).filter(({ fetchers }) => fetchers === 1).length === 2,
      'both wait',
    );
    proxy.cut();
    await expect(ends).rejects.toMatchObject({ code: 'timed-out' });
    await workspace.store('v', 'x');
    expect(await waits).toBe('x');
  });

  it('opens further connections as soon as the server lets it', async () => {
    using workspace = await NetWorkSpace.open('further', { ...proxy.address, reconnectGrace: 20 });
    proxy.isUp = false;
    const waits = workspace.fetch('v');
    await sleep(200);
    proxy.isUp = true;
    await workspace.store('v', 'x');
    expect(await waits).toBe('x');
  });

  it('ends its session when it is closed, and owns nothing any more', async () => {
    const connection = await open();
    await connection.openWorkspace('closed');
    const blocked = await open();
    await blocked.openWorkspace('closed while blocked');
    const waits = blocked.fetch('closed while blocked', 'v');
    waits.catch(() => undefined);
    await sleep(20);
    connection.close();
    blocked.close();
    await expect(waits).rejects.toMatchObject({ code: 'closed' });
    using other = await NetWorkSpace.open('other', proxy.address);
    await eventually(async () => {
      const names = (await NetWorkSpace.list(proxy.address)).map(({ name }) => name);
      return !names.some((name) => name.startsWith('closed'));
    }, 'the workspaces are deleted');
    await other.delete();
  });

  it('is lost like any other when it has not come back in time', async () => {
    const connection = await open(0.1);
    proxy.isUp = false;
    const ended = connection.ended;
    proxy.cut();
    await expect(connection.listWorkspaces()).rejects.toMatchObject({ code: 'lost' });
    expect((await ended).code).toBe('lost');
    proxy.isUp = true;
  });
});

/** A job whose workers must not die, and its elements. */
async function startJob(port: number) {
  const deaths: string[] = [];
  const sleigh = await Sleigh.start({
    server: { host: '127.0.0.1', port },
    workers: 2,
    maxAttempts: 1,
    onDeath: (rank, how) => void deaths.push(`${rank}: ${how}`),
  });
  const elements = Array.from({ length: 60 }, (_, n) => ({ n, milliseconds: 20 }));
  return { sleigh, deaths, elements };
}

/** The number of workspaces besides the one that always exists. */
const jobsOf = async (port: number): Promise<number> =>
  (await NetWorkSpace.list({ host: '127.0.0.1', port })).length - 1;

describe.skipIf(isShort)('a program whose server is killed with -9 and started again (P15, D8)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-sessions-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const serve = (port: number): Promise<ServeProcess> =>
    startServe('--data', folder, '--log-level', 'error', '--port', String(port));

  it('gets each result once, and notices nothing but the delay', async () => {
    let server = await serve(0);
    const { port } = server;
    const { sleigh, deaths, elements } = await startJob(port);
    const results = sleigh.eachElem(paced, elements, { chunkSize: 1 });
    const all = results.then((each) => each.map(({ n }) => n));
    for (let kill = 0; kill < (isLong ? 10 : 4); kill++) {
      await sleep(200);
      server.kill('SIGKILL');
      await server.outcome;
      server = await serve(port);
    }
    expect(await all).toEqual(elements.map(({ n }) => n));
    expect(deaths).toEqual([]);
    await sleigh.stop();
    expect(await jobsOf(port)).toBe(0);
    server.kill('SIGTERM');
    expect(await server.outcome).toMatchObject({ code: 0, errors: '' });
  });

  it('ends in time when the server is gone, and leaves no job when it is interrupted (P15.4)', async () => {
    let server = await serve(0);
    const { port } = server;
    const options = { server: { host: '127.0.0.1', port }, workers: 1, onOutput: () => undefined };
    const stop = new AbortController();
    const aborted = await Sleigh.start({ ...options, signal: stop.signal });
    stop.abort();
    await aborted.stop();
    await eventually(
      async () => (await jobsOf(port)) === 0,
      'the job of the program that was interrupted is gone',
    );

    const stopped = await Sleigh.start(options);
    server.kill('SIGKILL');
    await server.outcome;
    const began = performance.now();
    await stopped.stop();
    expect(performance.now() - began).toBeLessThan(10_000);
    server = await serve(port);
    server.kill('SIGKILL');
    await server.outcome;
  });
});

describe('a program whose server is stopped in order and started again (P15.3, D8)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-stops-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const serve = (port: number): Promise<Server> =>
    createServer({ port, logLevel: 'error', data: { folder } });

  it('gets each result once, and notices nothing but the delay', async () => {
    let server = await serve(0);
    const { port } = server;
    const { sleigh, deaths, elements } = await startJob(port);
    const arrived: number[] = [];
    const all = (async () => {
      for await (const { n } of sleigh.eachElem(paced, elements, { chunkSize: 1 })) arrived.push(n);
    })();
    for (const drain of [0, 0.1]) {
      await eventually(() => arrived.length >= (drain === 0 ? 5 : 20), 'the job is under way');
      await server.close({ drain });
      expect(arrived.length).toBeLessThan(elements.length);
      server = await serve(port);
    }
    await all;
    expect(arrived).toEqual(elements.map(({ n }) => n));
    expect(deaths).toEqual([]);
    await sleigh.stop();
    expect(await jobsOf(port)).toBe(0);
    await server.close();
  });
});
