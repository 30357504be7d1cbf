// Compares the cost of Sleigh with the alternatives: piscina, BullMQ with Redis, and worker_threads by hand.
//   cd bench/rivals && npm install       once; they are not dependencies of the project
//   npm run bench:rivals [-- --rounds 5] [--count 2000] [--kills 3] [--crashes 100] [--default-kill] [--redis PATH] [--only NAME] [--durable 3]
// All have 2 workers and the same tasks, and alternate in each round, because the speed of a shared machine drifts: the
// medians of the ratios of adjacent measurements are reported. Processor time is that of all processes involved, which is
// the figure least affected by other load on the machine. Needs redis-server, and Linux for /proc.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median, quantile } from './measure.mjs';
import { descendants, processorTime } from './rivals/processor.mjs';
import { runsIn } from './rivals/tasks.mjs';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    count: { type: 'string', default: '2000' },
    kills: { type: 'string', default: '3' },
    crashes: { type: 'string', default: '100' },
    'default-kill': { type: 'boolean', default: false },
    redis: { type: 'string', default: '/usr/bin/redis-server' },
    only: { type: 'string' },
    durable: { type: 'string', default: '3' },
  },
});
const ROUNDS = Number(flags.rounds);
const COUNT = Number(flags.count);
const WORKERS = 2;
/** Unfinished elements (for the others: tasks) at a time. */
const WINDOW = 16;
/** Batches, or calls, that are submitted at once, each of one element. */
const MANY = 1000;
/** The maximum for this many batches, or calls, as a multiple of the time of piscina's `run`. */
const MANY_BOUND = 2;

for (const [path, what] of [
  [
    new URL('rivals/node_modules', import.meta.url),
    'the rivals are not installed: cd bench/rivals && npm install',
  ],
  [flags.redis, `there is no ${flags.redis}: install redis-server, or give --redis PATH`],
]) {
  if (existsSync(path)) continue;
  console.error(what);
  process.exit(1);
}

const SLEIGH = 'Sleigh';
/** With one element per task, as in all the others. */
const SINGLE = 'Sleigh, chunkSize 1';
const BULLMQ = 'BullMQ';
/** How to start each system. */
const RIVALS = {
  [SLEIGH]: async () => (await import('./rivals/sleigh.mjs')).start({ workers: WORKERS }),
  [SINGLE]: async () => (await import('./rivals/sleigh.mjs')).start({ workers: WORKERS, chunkSize: 1 }),
  [BULLMQ]: () => startBullmq({ persistence: 'none' }),
  [`${BULLMQ}, AOF`]: () => startBullmq({ persistence: 'AOF, each second' }),
  piscina: async () => (await import('./rivals/piscina.mjs')).start({ workers: WORKERS }),
  worker_threads: async () => (await import('./rivals/threads.mjs')).start({ workers: WORKERS }),
};

async function startBullmq(options) {
  return (await import('./rivals/bullmq.mjs')).start({ workers: WORKERS, redis: flags.redis, ...options });
}

const rounded = (number) => String(Number(number.toPrecision(3)));
const spread = (numbers) =>
  `${rounded(median(numbers))} (${rounded(Math.min(...numbers))}–${rounded(Math.max(...numbers))})`;

/** The figures of one round. */
async function measure({ rival, pids }) {
  const before = processorTime(pids);
  const many = await rival.run(COUNT, WINDOW);
  const used = processorTime(pids) - before;
  const alone = await rival.run(COUNT / 4, 1);
  const bulk = await rival.runBulk?.(COUNT);
  const manyAtOnce = await rival.runMany?.(MANY);
  const calls = await rival.runCalls?.(MANY);
  return {
    'tasks/s': (1000 * COUNT) / many.milliseconds,
    'processor µs/task': (1000 * used) / COUNT,
    'p50 ms': quantile(many.latencies, 0.5),
    'p99 ms': quantile(many.latencies, 0.99),
    'alone p50 ms': quantile(alone.latencies, 0.5),
    'alone p99 ms': quantile(alone.latencies, 0.99),
    ...(bulk && {
      'bulk tasks/s': (1000 * COUNT) / bulk.milliseconds,
      'bulk p99 ms': quantile(bulk.latencies, 0.99),
    }),
    ...(manyAtOnce !== undefined && { [`${MANY} batches ms`]: manyAtOnce }),
    ...(calls !== undefined && { [`${MANY} calls ms`]: calls }),
  };
}

function tell(rows) {
  const header = ['', ...new Set(rows.flatMap(([, figures]) => Object.keys(figures)))];
  const lines = [
    header,
    ...rows.map(([name, figures]) => [name, ...header.slice(1).map((key) => figures[key] ?? '')]),
  ];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
}

async function throughput() {
  const names = Object.keys(RIVALS).filter((name) => flags.only === undefined || name === flags.only);
  const rivals = new Map();
  const known = new Set();
  for (const name of names) {
    const rival = await RIVALS[name]();
    const pids = descendants().filter((pid) => !known.has(pid));
    for (const pid of pids) known.add(pid);
    rivals.set(name, { rival, pids });
  }
  const rounds = new Map(names.map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, rival] of rivals) {
      const figures = await measure(rival);
      if (round > 0) rounds.get(name).push(figures); // The first round warms up.
    }
  }
  for (const { rival } of rivals.values()) await rival.stop();

  const column = (name, key) => rounds.get(name).map((figures) => figures[key]);
  console.log(
    `${COUNT} no-op elements (of the others: tasks), ${WORKERS} workers, never more than ${WINDOW} of them under way, from handing one out to having its result; "alone": one at a time; "bulk": all handed over at once, in the way of each (BullMQ: addBulk of 500), p99 from then to the result of each; "${MANY} batches": so many at once, each of one element (piscina: calls of run); "${MANY} calls": so many of submit at once (piscina: run)`,
  );
  console.log(`medians of ${ROUNDS} rounds after a warm-up, in parentheses the least and the most`);
  const keys = (name) => Object.keys(rounds.get(name)[0]);
  tell(
    names.map((name) => [
      name,
      Object.fromEntries(keys(name).map((key) => [key, spread(column(name, key))])),
    ]),
  );
  if (flags.only !== undefined) return;

  for (const own of [SLEIGH, SINGLE]) {
    console.log(
      `\n${own}, as a multiple of the other in the same round (wanted of ${BULLMQ}: tasks/s 3, p99 0.1; of piscina: ${MANY} batches, and ${MANY} calls, at most ${MANY_BOUND})`,
    );
    const ratios = (key, other) => {
      const others = column(other, key);
      return spread(column(own, key).map((figure, i) => figure / others[i]));
    };
    const others = names.filter((name) => name !== SLEIGH && name !== SINGLE);
    tell(
      others.map((other) => [
        other,
        Object.fromEntries(
          keys(own)
            .filter((key) => keys(other).includes(key))
            .map((key) => [key, ratios(key, other)]),
        ),
      ]),
    );
  }
}

/** Milliseconds from the end of a worker during a task until another one has begun this task. */
async function timeToRecover(start) {
  const folder = mkdtempSync(join(tmpdir(), 'sleigh-kill-'));
  const file = join(folder, 'runs');
  const rival = await start();
  const done = rival.survive(file);
  while (!existsSync(file)) await sleep(5);
  await sleep(500);
  const [{ pid }] = runsIn(file);
  const killed = Date.now();
  process.kill(pid, 'SIGKILL');
  await done;
  const [, { since }] = runsIn(file);
  await rival.stop();
  rmSync(folder, { recursive: true });
  return since - killed;
}

async function recovery() {
  const shortest = { lockDuration: 1000, stalledInterval: 1000 };
  const systems = [
    { name: SLEIGH, start: RIVALS[SLEIGH], times: Number(flags.kills) },
    {
      name: `${BULLMQ}, lockDuration and stalledInterval 1 s`,
      start: () => startBullmq({ persistence: 'none', workerOptions: shortest }),
      times: Number(flags.kills),
    },
    {
      name: `${BULLMQ}, as it is (both 30 s)`,
      start: () => startBullmq({ persistence: 'none' }),
      times: flags['default-kill'] ? 1 : 0,
    },
  ];
  const took = new Map(systems.map(({ name }) => [name, []]));
  for (let i = 0; i < Math.max(...systems.map(({ times }) => times)); i++)
    for (const { name, start, times } of systems)
      if (i < times) took.get(name).push(await timeToRecover(start));
  console.log('\nmilliseconds from kill -9 of a worker in mid-task until its task runs elsewhere');
  tell(
    [...took].filter(([, times]) => times.length > 0).map(([name, times]) => [name, { ms: spread(times) }]),
  );
}

/** One call in ten ends its worker: completed calls per second, and the time until the worker is replaced. */
async function crashes(count) {
  const shortest = { lockDuration: 1000, stalledInterval: 1000 };
  const systems = {
    // Each element is tried once, as in piscina; BullMQ retries a job once whose worker died.
    [SLEIGH]: async () =>
      (await import('./rivals/sleigh.mjs')).start({
        workers: WORKERS,
        maxAttempts: 1,
        onDeath: () => undefined,
      }),
    [`${BULLMQ}, lockDuration and stalledInterval 1 s`]: () =>
      startBullmq({ persistence: 'none', workerOptions: shortest }),
    piscina: RIVALS.piscina,
  };
  const rows = [];
  for (const [name, start] of Object.entries(systems)) {
    if (flags.only !== undefined && name !== flags.only) continue;
    const rival = await start();
    const { milliseconds, latencies, failed } = await rival.runCrashing(count, WINDOW);
    const replaced = [];
    for (let n = 0; n < 5; n++) replaced.push(await rival.replace());
    await rival.stop();
    rows.push([
      name,
      {
        'tasks/s': rounded((1000 * count) / milliseconds),
        'p99 ms': rounded(quantile(latencies, 0.99)),
        failed: String(failed),
        'until the next worker begins, ms': spread(replaced),
      },
    ]);
  }
  console.log(
    `\n${count} elements, of which one in ten ends its worker, never more than ${WINDOW} under way; then the time from a crash to the first element of the replacement`,
  );
  tell(rows);
}

/** Queues that survive kill -9. */
async function durable(rounds) {
  const { ABOUT, measureDurable } = await import('./rivals/durable.mjs');
  const rows = await measureDurable({ rounds, count: COUNT, redis: flags.redis });
  console.log(`\n${ABOUT}`);
  console.log(
    `medians of ${rounds} rounds after a warm-up, in parentheses the least and the most; the load of the machine was ${loadavg()[0].toFixed(1)}`,
  );
  tell(
    rows.map(([name, figures]) => [
      name,
      Object.fromEntries(Object.entries(figures).map(([key, values]) => [key, spread(values)])),
    ]),
  );
}

if (ROUNDS > 0) await throughput();
if (Number(flags.crashes) > 0) await crashes(Number(flags.crashes));
if (Number(flags.kills) > 0) await recovery();
if (Number(flags.durable) > 0) await durable(Number(flags.durable));
process.exit();
