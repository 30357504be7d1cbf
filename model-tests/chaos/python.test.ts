import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { pythonWorkers, Sleigh, tasks } from '../../src/client/index.ts';
import { byForm, isShort } from '../../test/support/form.ts';
import { Folder } from '../../test/support/run-process.ts';
import { startServe } from '../../test/support/serve-process.ts';
import { Random } from '../world/random.ts';
import type { Question } from './answering.mjs';
import { ServerChaos } from './server-chaos.ts';

// 4 kills of workers and one of the server; 12 and 4 with VERIFY=ci; KILLS=n, SERVER_KILLS=n and SEED=n for others.

const KILLS = Number(process.env['KILLS'] ?? byForm(4, 12, 300));
const SERVER_KILLS = Number(process.env['SERVER_KILLS'] ?? byForm(1, 4, 300));
const SEED = Number(process.env['SEED'] ?? 1);
const WORKERS = 3;
const PYTHON = process.env['PYTHON'] ?? 'python3';
const HOUR = 3_600_000;

const FUNCTIONS = `
import time

def answer(question):
    with open(question["file"], "a") as calls:
        calls.write(f"{question['n']}\\n")
    time.sleep(question["milliseconds"] / 1000)
    return question["n"]

def work(element):
    number, seconds = element
    time.sleep(seconds)
    return number
`;

/** The process of the current worker of each rank, from its registration (S3). */
async function processesOf(sleigh: Sleigh): Promise<number[]> {
  const processes = new Map<unknown, number>();
  for await (const { value, metadata } of sleigh.workspace.ifindTry('worker registrations', { as: 'found' }))
    processes.set(value, Number(metadata.get('pid')));
  return [...processes.values()];
}

it.skipIf(isShort)(
  'a job whose workers in Python are killed loses no element and duplicates none (S13, S22)',
  async ({ skip }) => {
    if (spawnSync(PYTHON, ['--version']).error !== undefined) skip(`there is no ${PYTHON} here`);
    await using server = await startServe('--verify', '--log-level', 'error');
    using folder = new Folder();
    folder.write('functions.py', FUNCTIONS);
    const random = new Random(SEED);
    let kills = 0;
    let deaths = 0;
    await using sleigh = await Sleigh.start({
      server: { host: '127.0.0.1', port: server.port },
      workers: WORKERS,
      launch: pythonWorkers({ python: PYTHON }),
      // An element may be hit by any number of kills.
      maxAttempts: 1_000,
      respawn: { restarts: 10_000 },
      onDeath: () => deaths++,
      onOutput: () => undefined,
    });
    let count = 0;
    const isEnough = (): boolean => kills >= KILLS;
    const elements = (function* (): Generator<[number, number]> {
      while (!isEnough()) yield [count++, random.whole(1, 40) / 1_000];
    })();
    const work = tasks.python<[number, number], number>(`${join(folder.path, 'functions.py')}:work`);
    const results: number[] = [];
    const taking = (async (): Promise<void> => {
      for await (const result of sleigh.eachElem(work, elements, { ordered: false })) results.push(result);
    })();
    const killed = new Set<number>();
    while (!isEnough()) {
      await sleep(random.whole(5, 200));
      const [first, ...others] = (await processesOf(sleigh)).filter((pid) => !killed.has(pid));
      if (first === undefined) continue;
      const pid = random.pick(first, ...others);
      killed.add(pid);
      process.kill(pid, 'SIGKILL');
      kills++;
    }
    await taking;
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
    await expect.poll(() => deaths).toBe(KILLS);
    console.log(`chaos, Python workers: ${kills} kills, ${count} elements`);
    await sleigh.stop();
    server.kill('SIGTERM');
    expect(await server.outcome).toMatchObject({ code: 0, errors: '' });
  },
  HOUR,
);

it.skipIf(isShort)(
  'a job whose server is killed with -9 gets one answer for each element from workers in Python, and each is called once (P15, S18, D8)',
  async ({ skip }) => {
    if (spawnSync(PYTHON, ['--version']).error !== undefined) skip(`there is no ${PYTHON} here`);
    using folder = new Folder();
    folder.write('functions.py', FUNCTIONS);
    const answer = tasks.python<Question, number>(`${join(folder.path, 'functions.py')}:answer`);
    const chaos = new ServerChaos(SEED, {}, { answer, launch: pythonWorkers({ python: PYTHON }) });
    const { wrongs, elements } = await chaos.run(SERVER_KILLS);
    console.log(`chaos, Python workers: ${SERVER_KILLS} kills of the server, ${elements} elements`);
    expect(wrongs).toEqual([]);
    expect(elements).toBeGreaterThan(SERVER_KILLS);
  },
  HOUR,
);
