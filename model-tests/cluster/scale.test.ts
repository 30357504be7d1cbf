import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { partitionOf } from '../../src/cluster/partition-of.ts';
import { ProtocolClient, type Address } from '../../src/verify/protocol-client.ts';
import { eventually } from '../../test/support/eventually.ts';
import { byForm, isShort } from '../../test/support/form.ts';
import { noPostgres } from '../../test/support/postgres.ts';
import type { Bed } from './bed/bed.ts';
import { startPlainBed } from './bed/plain-bed.ts';
import { Servers } from './servers.ts';

// Eight jobs, one in each partition, on one server and on three, alternately: the tasks of all jobs in a second, and the processor
// time of the servers for each task. The servers, PostgreSQL and all clients share this machine, so the tasks in a second say little: what
// several machines would do follows from the processor time of the busiest server.

const PARTITIONS = 8;
const LEASE_MS = 2_000;
const ROUNDS = byForm(0, 1, 5);
const TASKS = byForm(0, 100, 400);
const HOUR = 3_600_000;

/** Processor time of all threads of a process, in microseconds. */
function processorTime(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return nanoseconds / 1_000;
}

/** A name that belongs to this partition. */
function workspaceIn(partition: number, round: string): string {
  for (let n = 0; ; n++) {
    const name = `job ${round} ${n}`;
    if (partitionOf(name, PARTITIONS) === partition) return name;
  }
}

/** A master sends tasks to a worker, one after the other, and takes the results: four requests for each. @returns the results */
async function job(next: () => Address, workspace: string): Promise<readonly string[]> {
  const master = await ProtocolClient.ready(next());
  const worker = await ProtocolClient.ready(next());
  const results: string[] = [];
  await master.ask(['open ws', workspace, 'scale', 'no']);
  await worker.ask(['use ws', workspace, 'scale', 'no']);
  const work = async (): Promise<void> => {
    for (let n = 0; n < TASKS; n++) {
      const { value } = await worker.ask(['fetch', workspace, 'task']);
      await worker.ask(['store', workspace, 'result', '1', value]);
    }
  };
  const lead = async (): Promise<void> => {
    for (let n = 0; n < TASKS; n++) {
      await master.ask(['store', workspace, 'task', '1', String(n)]);
      results.push((await master.ask(['fetch', workspace, 'result'])).value);
    }
  };
  await Promise.all([work(), lead()]);
  worker.vanish();
  master.vanish();
  return results;
}

interface Measured {
  readonly tasksPerSecond: number;
  /** Microseconds for each task, of all servers and of the busiest one. */
  readonly processor: number;
  readonly busiest: number;
}

async function measured(bed: Bed, count: number, round: string): Promise<Measured> {
  await using servers = await Servers.start(
    { ...bed, hosts: bed.hosts.slice(0, count), [Symbol.asyncDispose]: () => Promise.resolve() },
    { leaseMs: LEASE_MS, partitions: PARTITIONS },
  );
  const shares = async (): Promise<readonly number[]> => Object.values(await servers.shares());
  await eventually(
    async () =>
      (await shares()).length === count && Math.max(...(await shares())) === Math.ceil(PARTITIONS / count),
    'the shares are equal',
  );
  const before = servers.pids.map(processorTime);
  const began = performance.now();
  const names = Array.from({ length: PARTITIONS }, (_, partition) => workspaceIn(partition, round));
  const all = await Promise.all(names.map((name) => job(servers.next, name)));
  const seconds = (performance.now() - began) / 1_000;
  const used = servers.pids.map((pid, at) => (processorTime(pid) - (before[at] ?? 0)) / (PARTITIONS * TASKS));
  const expected = Array.from({ length: TASKS }, (_, n) => String(n));
  for (const results of all) expect(results).toEqual(expected);
  return {
    tasksPerSecond: (PARTITIONS * TASKS) / seconds,
    processor: used.reduce((sum, each) => sum + each, 0),
    busiest: Math.max(...used),
  };
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

const title = `eight jobs on three servers${noPostgres === undefined ? '' : `: ${noPostgres}`}`;

it.skipIf(isShort || noPostgres !== undefined)(
  `${title} leave each of them less to do than they leave one server`,
  async () => {
    await using bed = await startPlainBed();
    const pairs: { readonly one: Measured; readonly three: Measured }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      pairs.push({
        one: await measured(bed, 1, `a${round}`),
        three: await measured(bed, 3, `b${round}`),
      });
    const of = (pick: (pair: (typeof pairs)[number]) => number): string => median(pairs.map(pick)).toFixed(2);
    console.log(
      `eight jobs, ${ROUNDS} rounds: ${of(({ one }) => one.tasksPerSecond)} tasks a second on one server, ` +
        `${of(({ three }) => three.tasksPerSecond)} on three; processor time of the servers ${of(({ one }) => one.processor)} µs a task on one, ` +
        `${of(({ three }) => three.processor)} µs on three, of which ${of(({ three }) => three.busiest)} µs are of the busiest; ` +
        `busiest beside one: ${of(({ one, three }) => three.busiest / one.busiest)}`,
    );
    expect(median(pairs.map(({ one, three }) => three.busiest / one.busiest))).toBeLessThan(1);
  },
  HOUR,
);
