import { once } from 'node:events';
import { createServer as createSilentServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Found } from '../../src/client/connection/connection.ts';
import { NetWorkSpace } from '../../src/client/index.ts';
import { encodeOrder } from '../../src/client/launchers/remote-launch-order.ts';
import { createServer, type Server } from '../../src/index.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { CommandProcess, Folder, isRunning, type RunOptions } from '../support/run-process.ts';
import { isShort } from '../support/form.ts';

/** A job whose master is this test; its name fails if it is quoted badly. */
const JOB = `my 'job' $HOME`;
const MODULE = `
  import { isMainThread } from 'node:worker_threads';
  export const whoAmI = () => ({ pid: process.pid, isMainThread });
  export const print = (n) => { console.log('out', n); console.error('err', n); return n; };
  export const busy = (ms) => { for (const end = Date.now() + ms; Date.now() < end;); return 'done'; };
  export const deadly = () => process.kill(process.pid, 'SIGKILL');
`;

let server: Server;
let folder: Folder;
let job: NetWorkSpace;
let started: CommandProcess[];
beforeEach(async () => {
  server = await createServer({ port: 0, logLevel: 'silent' });
  folder = new Folder();
  folder.write('tasks.mjs', MODULE);
  job = await openJob({});
  started = [];
});
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await server.close();
  folder[Symbol.dispose]();
});

const openJob = (metadata: Record<string, string>): Promise<NetWorkSpace> =>
  NetWorkSpace.open(JOB, { port: server.port, metadata: { wstype: 'sleigh', ...metadata } });

function worker(args: readonly string[], options: RunOptions = {}): CommandProcess {
  const process = new CommandProcess(folder.path, ['worker', ...args], options);
  started.push(process);
  return process;
}

const byHand = (...args: string[]): CommandProcess =>
  worker([JOB, '--server', `127.0.0.1:${server.port}`, ...args]);

async function call(name: string, value: unknown): Promise<void> {
  const metadata = { batchId: '1', module: `${folder.path}/tasks.mjs`, function: name };
  await job.store('task', value, { metadata });
}

const result = (timeout = 10_000): Promise<Found> =>
  job.fetch('result', { as: 'found', metadata: { batchId: '1' }, timeout });

const workersAre = (count: number): Promise<void> =>
  eventually(async () => (await job.find('rankCount')) === String(count), `${count} workers`);

const callsAre = (count: number): Promise<void> =>
  eventually(async () => {
    const { metadata } = await job.find('jobStatus', { as: 'found', metadata: { all: '1' } });
    return metadata.get('nwsRunning') === String(count);
  }, `${count} calls`);

const told = (variable: string): Promise<Found> => job.fetch(variable, { as: 'found', timeout: 10_000 });

/** The process ids of the workers. */
async function pids(count: number): Promise<number[]> {
  await job.store('broadcast', 0, {
    metadata: { batchId: '1', module: `${folder.path}/tasks.mjs`, function: 'whoAmI' },
  });
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push(Object((await result()).value).pid);
  return found;
}

describe('sleigh worker', () => {
  it('starts the requested number of processes, and exits with status 0 when the job ends', async () => {
    const process = byHand('--workers', '3');
    await workersAre(3);
    const workers = await pids(3);
    expect(new Set(workers).size).toBe(3);
    await job.store('Sleigh ride over', '1');
    expect(await process.status()).toBe(0);
    expect(process.errors).toBe(`sleigh: 3 workers started for ${JOB}\n`);
    expect(workers.filter(isRunning)).toEqual([]);
    expect((await told('bye')).metadata.get('workers')).toBe('3');
  });

  it('replaces a worker that ends, and reports which one died', async () => {
    await job.delete();
    job = await openJob({ onDeadWorker: 'null', join: 'elastic' });
    const process = byHand('--workers', '1');
    await call('deadly', 1);
    expect((await result()).metadata.get('nwsHow')).toBe('signal SIGKILL');
    await call('busy', 0);
    expect((await result()).value).toBe('done');
    expect(process.errors).toContain('sleigh: worker 0 has ended: signal SIGKILL\n');
  });
});

describe.skipIf(isShort)('sleigh worker', () => {
  it('starts threads of one process with --threads', async () => {
    byHand('--workers', '2', '--threads');
    await workersAre(2);
    expect(new Set(await pids(2)).size).toBe(1);
    await call('print', 7);
    await result();
    expect((await told('logDebug')).value).toBe('out 7');
  });

  it('passes the output of its workers to logDebug and logError, with rank and time', async () => {
    byHand('--workers', '1');
    const since = Date.now();
    await call('print', 1);
    await result();
    const [out, err] = [await told('logDebug'), await told('logError')];
    expect([out.value, err.value]).toEqual(['out 1', 'err 1']);
    for (const { metadata } of [out, err]) {
      expect(metadata.get('rank')).toBe('0');
      expect(Date.parse(metadata.get('time') ?? '')).toBeGreaterThanOrEqual(since);
    }
  });

  it('reports the crash of a worker to the server at once, which ends a job under that policy (S13, S19)', async () => {
    const process = byHand('--workers', '2', '--json');
    await workersAre(2);
    await call('deadly', 1);
    const { metadata } = await told('logError');
    expect([metadata.get('host') === '', metadata.get('ended')]).toEqual([false, 'signal SIGKILL']);
    await process.status();
    expect(process.lines.map((line): unknown => JSON.parse(line))).toEqual([
      { event: 'started', workers: 2 },
      { event: 'death', rank: Number(metadata.get('rank')), how: 'signal SIGKILL' },
      { event: 'ended', workers: 2, deaths: 1 },
    ]);
  });

  it('is not declared dead while a worker computes for many refresh periods (S9)', async () => {
    await job.delete();
    job = await openJob({ sentinelRefreshPeriod: '0.1' });
    byHand('--workers', '1');
    await call('busy', 2_000);
    expect((await result()).value).toBe('done');
    expect(await job.find('agentStatus')).toMatch(/Dead workers\n\n[^]*Dead sentinels\s*$/);
    expect(await job.find('rankCount')).toBe('1');
  });

  it('starts fewer workers if the job accepts no more, and exits with status 1 if it accepts none', async () => {
    await job.store('workerCount', '2');
    const first = byHand('--workers', '5');
    await first.said(/2 workers started/g);
    const second = byHand('--workers', '5');
    expect(await second.status()).toBe(1);
    expect(second.errors).toBe(`sleigh: ${JOB} accepts no more workers\n`);
  });

  it.each([
    ['when the time for that is over', ['--drain', '0.1'], 1],
    ['at the second signal', [], 2],
  ])('stops its workers on a signal, even during a long call: %s', async (_when, flags, signals) => {
    const process = byHand('--workers', '2', ...flags);
    await workersAre(2);
    const workers = await pids(2);
    await call('busy', 60_000);
    await callsAre(1);
    process.child.kill('SIGTERM');
    await process.said(/workers end what they are doing/g);
    if (signals === 2) process.child.kill('SIGTERM');
    expect(await process.status()).toBe(143);
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it('finishes the running call when it is stopped, starts no other, and leaves the job (S22.12)', async () => {
    const process = byHand('--workers', '1');
    await workersAre(1);
    await call('busy', 1_000);
    await callsAre(1);
    await call('busy', 0);
    process.child.kill('SIGTERM');
    expect(await process.status()).toBe(143);
    expect((await result()).value).toBe('done');
    const left = await job.find('jobStatus', { as: 'found', metadata: { all: '1' } });
    expect(left.metadata.get('nwsPending')).toBe('1');
  });

  it('exits with its workers when the server disconnects', async () => {
    const process = byHand('--workers', '2');
    await workersAre(2);
    const workers = await pids(2);
    await server.close();
    await once(process.child, 'exit');
    expect(workers.filter(isRunning)).toEqual([]);
  });
});

const order = (): string =>
  encodeOrder({ server: { port: server.port }, workspace: JOB, workers: 2, station: 's' });

describe.skipIf(isShort)('sleigh worker, when a launcher starts it,', () => {
  it('reads its launch order from the environment', async () => {
    const process = worker([], { env: { SLEIGH_ORDER: order() } });
    await workersAre(2);
    await job.store('Sleigh ride over', '1');
    expect([await process.status(), process.errors]).toEqual([0, '']);
    expect((await told('bye')).metadata.get('station')).toBe('s');
  });

  it('reads its launch order from standard input, and stops its workers when standard input ends', async () => {
    const process = worker(['--from-stdin', '--workers', '1']);
    process.child.stdin.write(`${order()}\n`);
    await workersAre(1);
    const workers = await pids(1);
    await call('busy', 60_000);
    process.child.stdin.end();
    expect([await process.status(), process.errors]).toEqual([0, '']);
    expect(workers.filter(isRunning)).toEqual([]);
  });
});

describe.skipIf(isShort)('sleigh worker, when it cannot start,', () => {
  it.each([
    ['no job', [], {}, /^sleigh: which job\? .*\n$/],
    ['a bad order', [], { SLEIGH_ORDER: 'x' }, /^sleigh: SLEIGH_ORDER is not a valid launch order\n$/],
    ['nobody there', ['w', '--server', '127.0.0.1:1'], {}, /^sleigh: 127\.0\.0\.1:1 cannot be reached .*\n$/],
    [
      'a bad server',
      ['w', '--server', 'x'],
      {},
      /^sleigh: .*'x' is invalid\. It must be HOST:PORT, .*; "x" is not HOST:PORT\.\n$/,
    ],
    [
      'no authority',
      ['w', '--tls-ca', 'none'],
      {},
      /^sleigh: .* It cannot be read: there is no such file\.\n$/,
    ],
  ] as const)('reports the reason in one line, with %s', async (_what, args, env, errors) => {
    const process = worker(args, { env });
    expect(await process.status()).toBe(1);
    expect(process.errors).toMatch(errors);
  });

  it('reports that the job does not exist, and creates none', async () => {
    const process = worker(['none', '--server', `127.0.0.1:${server.port}`]);
    expect(await process.status()).toBe(1);
    expect(process.errors).toBe('sleigh: there is no workspace "none"\n');
    const names = (await NetWorkSpace.list({ port: server.port })).map(({ name }) => name);
    expect(names).not.toContain('none');
  });

  it('reports that the workspace is no job', async () => {
    await NetWorkSpace.open('plain', { port: server.port, persistent: true });
    const process = worker(['plain', '--server', `127.0.0.1:${server.port}`]);
    expect(await process.status()).toBe(1);
    expect(process.errors).toBe('sleigh: "plain" is a plain workspace, and not a job\n');
  });

  it('ends on SIGTERM while it waits for a server that does not answer', async () => {
    const port = await freePort();
    const silent = createSilentServer().listen(port, '127.0.0.1');
    const connected = once(silent, 'connection');
    const process = worker([JOB, '--server', `127.0.0.1:${port}`]);
    await connected;
    process.child.kill('SIGTERM');
    expect(await process.status()).toBe(143);
    silent.close();
  });

  it('exits with status 1 when no worker can load its module', async () => {
    const process = byHand(
      '--workers',
      '2',
      '--preload',
      fileURLToPath(new URL('none.mjs', import.meta.url)),
    );
    expect(await process.status()).toBe(1);
    expect((await told('logError')).value).toMatch(/cannot load .*none\.mjs: there is no such file/);
  });
});
