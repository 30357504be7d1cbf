// What the systems do whose queue survives kill -9: each with a disk that has a change before it is acknowledged, and beside it
// the same in memory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { ProtocolClient } from '../../dist/verify/protocol-client.js';
import { median, quantile } from '../measure.mjs';
import { start as startBullmq } from './bullmq.mjs';
import { startRedis } from './redis.mjs';
import { start as startSleigh } from './sleigh.mjs';

const SERVE = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Processes, and the calls that each has under way. */
const WORKERS = 2;
const CONCURRENCY = 200;
const MANY = WORKERS * CONCURRENCY;
const QUEUED = 10_000;
const ALWAYS = 'AOF, each change';

/** `sleigh serve` on a free port. */
async function serve(...flags) {
  const env = { ...process.env, NWS_WEB_PORT: '0' };
  const args = [SERVE, 'serve', '--port', '0', '--log-level', 'error', ...flags];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  // A measurement that fails leaves nothing behind.
  process.once('exit', () => child.kill('SIGKILL'));
  const [line] = await once(createInterface(child.stdout), 'line');
  return {
    port: Number(line.split(':').at(-1)),
    kill: async (signal) => {
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

async function sleighOn(...flags) {
  const server = await serve(...flags);
  const options = { workers: WORKERS, concurrency: CONCURRENCY, chunkSize: 1 };
  const rival = await startSleigh({ server: { host: '127.0.0.1', port: server.port }, ...options });
  return {
    ...rival,
    stop: async () => {
      await rival.stop();
      await server.kill('SIGTERM');
    },
  };
}

const bullmqOn = (redis, persistence) =>
  startBullmq({ workers: WORKERS, redis, persistence, workerOptions: { concurrency: CONCURRENCY } });

/** Seconds from the start of the server, after kill -9, until somebody has the first of the queued tasks. */
async function restartSleigh(data) {
  const before = await serve(...data);
  const master = await ProtocolClient.ready({ host: '127.0.0.1', port: before.port });
  await master.ask(['open ws', 'bench', 'bench', 'yes'], { wstype: 'sleigh' });
  for (let n = 0; n < QUEUED; n += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => master.ask(['store', 'bench', 'task', '1', String(n + i)])),
    );
  master.vanish();
  await before.kill('SIGKILL');
  const began = performance.now();
  const after = await serve(...data);
  const worker = await ProtocolClient.ready({ host: '127.0.0.1', port: after.port });
  await worker.ask(['use ws', 'bench', 'bench', 'no']);
  const { value: rank } = await worker.ask(['fetch', 'bench', 'worker_ids']);
  await worker.ask(['store', 'bench', 'worker_ids', '1', rank]);
  const { status } = await worker.ask(['fetch', 'bench', 'task']);
  const took = performance.now() - began;
  if (status !== '0000') throw new Error('the first task did not come');
  worker.vanish();
  await after.kill('SIGKILL');
  return took / 1000;
}

async function restartBullmq(redis) {
  const before = await startRedis(ALWAYS, redis);
  const queue = new Queue('bench', { connection: { host: '127.0.0.1', port: before.port } });
  const jobs = Array.from({ length: QUEUED }, (_, n) => ({ name: 'noop', data: { value: n } }));
  for (let n = 0; n < QUEUED; n += 500) await queue.addBulk(jobs.slice(n, n + 500));
  await queue.close();
  await before.kill();
  const began = performance.now();
  const after = await before.again();
  const connection = { host: '127.0.0.1', port: after.port, maxRetriesPerRequest: null };
  let given;
  const first = new Promise((resolve) => (given = resolve));
  const worker = new Worker('bench', async () => given(), { connection });
  await first;
  const took = performance.now() - began;
  await worker.close(true);
  await after.stop();
  return took / 1000;
}

const note = ({ figures }, key, value) => (figures[key] ??= []).push(value);

/**
 * @param count tasks of a measurement with many under way
 * @returns rows of a table: the name, and for each figure its values of all rounds
 */
export async function measureDurable({ rounds, count, redis }) {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-rivals-'));
  const data = (name, sync) => ['--data', join(folder, name), '--sync', sync];
  const systems = {
    'Sleigh, in memory': { start: () => sleighOn() },
    'Sleigh, --sync always': {
      start: () => sleighOn(...data('always', 'always')),
      restart: (round) => restartSleigh(data(`restart ${round}`, 'always')),
    },
    'Sleigh, --sync everysec': { start: () => sleighOn(...data('everysec', 'everysec')) },
    'BullMQ, in memory': { start: () => bullmqOn(redis, 'none') },
    'BullMQ, appendfsync always': {
      start: () => bullmqOn(redis, ALWAYS),
      restart: () => restartBullmq(redis),
    },
    'BullMQ, appendfsync everysec': { start: () => bullmqOn(redis, 'AOF, each second') },
  };
  const rows = Object.entries(systems).map(([name, { restart }]) => ({ name, restart, figures: {} }));
  try {
    for (const row of rows) row.rival = await systems[row.name].start();
    for (let round = 0; round <= rounds; round++)
      for (const row of rows) {
        const many = await row.rival.run(count, MANY);
        const alone = await row.rival.run(Math.ceil(count / 20), 1);
        if (round === 0) continue; // It warms up.
        note(row, 'tasks/s', (1000 * count) / many.milliseconds);
        note(row, 'p99 ms', quantile(many.latencies, 0.99));
        note(row, 'alone p50 ms', median(alone.latencies));
        note(row, 'alone p99 ms', quantile(alone.latencies, 0.99));
      }
    for (const { rival } of rows) await rival.stop();
    for (let round = 0; round < rounds; round++)
      for (const row of rows)
        if (row.restart !== undefined) note(row, 'first task after kill -9, s', await row.restart(round));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows.map(({ name, figures }) => [name, figures]);
}

export const ABOUT = `${WORKERS} worker processes with ${CONCURRENCY} calls under way in each, ${MANY} tasks under way; "alone": one at a time; "first task": from the start of the server until the first of ${QUEUED} queued tasks is given`;
