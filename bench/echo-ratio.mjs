// What a request costs the server in processor time, beside a bare echo server measured in the same run.
//   npm run bench [-- --rounds 5] [--server PATH_OF_ANOTHER_BUILD/cli/main.js] [--trace FILE, to see what tracing costs]
// nwsload.c needs a C compiler (cc). The echo server runs again before each measurement, since the speed of a shared
// machine drifts: every ratio is of two neighbours, and the medians of the ratios are what counts.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    trace: { type: 'string' },
    server: { type: 'string', default: here('../dist/cli/main.js') },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'sleigh-bench-'));
const nwsload = join(folder, 'nwsload');
await run('cc', ['-O2', '-o', nwsload, here('nwsload.c'), '-lm']);

/** Starts a program that says where it listens. */
async function start(...args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, port: line.split(':').at(-1) };
}

async function load(mode, { child, port }, ...options) {
  const { stdout } = await run(nwsload, [mode, '--port', port, '--pid', String(child.pid), ...options]);
  return JSON.parse(stdout);
}

// What one message of each workload weighs: requests of about 150 bytes, replies of about 80.
const echo = await start(here('echo-server.mjs'), '80', '150');
const tracing = flags.trace === undefined ? [] : ['--trace', flags.trace];
const sleigh = await start(flags.server, 'serve', '--port', '0', '--log-level', 'error', ...tracing);

const workloads = [
  {
    name: 'pairs, 50 connections',
    options: ['pairs', '-c', '50', '-t', '2'],
    unit: 'op',
    messages: 1,
    bound: 2,
  },
  {
    name: 'farm, 10 workers',
    options: ['farm', '-w', '10', '-n', '20000'],
    unit: 'task',
    messages: 4,
    bound: 3,
  },
  {
    name: 'farm, 100 workers',
    options: ['farm', '-w', '100', '-n', '20000'],
    unit: 'task',
    messages: 4,
    bound: 3,
  },
];
const figures = new Map(workloads.map(({ name }) => [name, { costs: [], ratios: [] }]));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

for (let round = 0; round <= Number(flags.rounds); round++) {
  for (const { name, options, unit, messages } of workloads) {
    const [mode, ...rest] = options;
    const bare = await load('echo', echo, '-c', '50', '-t', '1', '-q', '150', '-r', '80');
    const cost = (await load(mode, sleigh, ...rest))[`server_cpu_us_per_${unit}`] / messages;
    if (round === 0) continue; // the first round warms up
    figures.get(name).costs.push(cost);
    figures.get(name).ratios.push(cost / bare.server_cpu_us_per_op);
  }
}
for (const { child } of [echo, sleigh]) child.kill();
rmSync(folder, { recursive: true });

console.log(`processor time of the server for a message; medians of ${flags.rounds} rounds after a warm-up`);
for (const { name, bound } of workloads) {
  const { costs, ratios } = figures.get(name);
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  console.log(
    `${name.padEnd(24)} ${median(costs).toFixed(1).padStart(6)} µs   ${median(ratios).toFixed(2)} × a bare echo (${range}; wanted: at most ${bound})`,
  );
}
