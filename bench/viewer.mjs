// What a viewer of the web page costs, and how late it is.
//   npm run build && node bench/viewer.mjs [--rounds 5] [--seconds 20] [--rate 5000]
// 1. Delay: a job goes on at RATE transitions of workers a second (two a task: busy, idle). For each result, the time
//    from sending it until a stream of the sleigh's view tells of it.
// 2. Throughput: a job as fast as it goes (nwsload, needs cc), without and with viewers, in turns.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { NwsConnection } from '../dist/client/connection.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '5000' },
  },
});
const medianOf = (list, name) =>
  quantile(
    list.map((entry) => entry[name]),
    0.5,
  );
const quantile = (numbers, q) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * q)];

async function startServer() {
  const child = spawn(
    process.execPath,
    [here('../dist/cli/main.js'), 'serve', '--port', '0', '--web-port', '0', '--log-level', 'error'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value: listening } = await lines.next();
  const { value: page } = await lines.next();
  return { child, port: Number(listening.split(':').at(-1)), url: page.split(' ').at(-1) };
}

/** Streams a view. @param told called with each view as it comes */
async function watch(url, path, told = () => undefined) {
  const request = get(url + path, { headers: { Accept: 'text/event-stream' }, agent: false });
  const [response] = await once(request, 'response');
  if (response.statusCode !== 200) {
    request.destroy();
    return undefined;
  }
  let rest = '';
  response.setEncoding('utf8').on('error', () => undefined);
  response.on('data', (text) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) if (block.startsWith('data: ')) told(JSON.parse(block.slice(6)));
  });
  return { close: () => request.destroy() };
}

async function measureDelay({ port, url }, seconds, rate) {
  const WORKERS = 20;
  const WINDOW = 200;
  const open = () => NwsConnection.open({ host: '127.0.0.1', port });
  const master = await open();
  await master.openWorkspace('job', { metadata: new Map([['wstype', 'sleigh']]) });
  await master.store('job', 'workerCount', String(WORKERS));
  const sentinel = await open();
  await sentinel.useWorkspace('job');
  const workers = [];
  for (let rank = 0; rank < WORKERS; rank++) {
    await sentinel.fetch('job', 'worker_ids');
    const worker = await open();
    await worker.useWorkspace('job');
    await worker.store('job', 'worker_ids', String(rank));
    workers.push(worker);
  }
  const sentAt = []; // by the number of the result, from 0
  const seenAt = [];
  const viewer = await watch(url, 'api/sleighs/job', ({ completed }) => {
    const now = performance.now();
    while (seenAt.length < completed) seenAt.push(now);
  });
  const working = workers.map(async (worker) => {
    for (;;) {
      await worker.fetch('job', 'task');
      sentAt.push(performance.now());
      await worker.store('job', 'result', 'done');
    }
  });
  for (const one of working) one.catch(() => undefined);
  const collecting = await open();
  await collecting.useWorkspace('job');
  let collected = 0;
  void (async () => {
    for (;;) {
      await collecting.fetch('job', 'result');
      collected++;
    }
  })().catch(() => undefined);
  const began = performance.now();
  let stored = 0;
  while (performance.now() - began < seconds * 1000) {
    const due = ((performance.now() - began) / 1000) * (rate / 2);
    const stores = [];
    while (stored < due && stored - collected < WINDOW) {
      stores.push(master.store('job', 'task', 'x'));
      stored++;
    }
    await Promise.all(stores);
    await sleep(2);
  }
  const elapsed = (performance.now() - began) / 1000;
  await sleep(1_000);
  viewer.close();
  for (const connection of [master, sentinel, collecting, ...workers]) connection.close();
  const delays = seenAt.map((at, i) => at - sentAt[i]);
  console.log(
    `delay of a state change at ${Math.round((2 * delays.length) / elapsed)} transitions a second (${delays.length} results): ` +
      [0.5, 0.95, 0.99, 1].map((q) => `p${q * 100} ${quantile(delays, q).toFixed(0)} ms`).join(', '),
  );
}

async function measureThroughput({ child, port, url }, rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-bench-'));
  const nwsload = join(folder, 'nwsload');
  const run = promisify(execFile);
  await run('cc', ['-O2', '-o', nwsload, here('nwsload.c'), '-lm']);
  const farm = async () => {
    const options = ['farm', '--port', String(port), '--pid', String(child.pid), '-w', '100', '-n', '30000'];
    return JSON.parse((await run(nwsload, options)).stdout);
  };
  const withViewers = async () => {
    const streams = [];
    let isOpen = true;
    const follow = async ({ sleighs }) => {
      const [sleigh] = sleighs;
      if (sleigh === undefined || !isOpen) return;
      isOpen = false;
      const path = `api/sleighs/${encodeURIComponent(sleigh.name)}`;
      streams.push(await watch(url, path), await watch(url, `${path}/workers?count=100`));
    };
    streams.push(await watch(url, 'api/overview', follow));
    streams.push(await watch(url, 'api/clients?count=100'));
    const figures = await farm();
    for (const stream of streams) stream?.close();
    return figures;
  };
  const figures = { without: [], with: [] };
  for (let round = 0; round <= rounds; round++) {
    const without = await farm();
    const viewed = await withViewers();
    if (round === 0) continue; // the first round warms up
    figures.without.push(without);
    figures.with.push(viewed);
  }
  rmSync(folder, { recursive: true });
  for (const name of ['task_per_s', 'server_cpu_us_per_task']) {
    const [without, viewed] = [medianOf(figures.without, name), medianOf(figures.with, name)];
    console.log(
      `${name}: ${without.toFixed(1)} without, ${viewed.toFixed(1)} with 4 streams (× ${(viewed / without).toFixed(3)}); medians of ${rounds} rounds`,
    );
  }
}

const server = await startServer();
await measureDelay(server, Number(flags.seconds), Number(flags.rate));
await measureThroughput(server, Number(flags.rounds));
server.child.kill();
