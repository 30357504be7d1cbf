import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { partitionOf } from '../../src/wire/partition-of.ts';
import type { NwsConnection } from '../../src/client/connection/connection.ts';
import { thisHost } from '../../src/client/platform.ts';
import type { Address } from '../../src/verify/protocol-client.ts';
import { eventually } from '../../test/support/eventually.ts';
import { byForm, isLong, isShort } from '../../test/support/form.ts';
import { noPostgres } from '../../test/support/postgres.ts';
import type { Bed } from './bed/bed.ts';
import { startPlainBed } from './bed/plain-bed.ts';
import { Servers } from './servers.ts';

// Eight jobs, one in each partition, on one server and on three, whose clients connect anywhere or to the owners, in turns: the tasks of all jobs in a second, and the processor
// time of the servers for each task. The servers, PostgreSQL and all clients share this machine, so the tasks in a second say little: what
// several machines would do follows from the processor time of the busiest server.

const PARTITIONS = 8;
const LEASE_MS = 2_000;
const ROUNDS = byForm(0, 1, 5);
const TASKS = byForm(0, 100, 400);
/** Tasks of each job before the measurement: a server that was just started interprets and compiles its code. */
const WARM_UP_TASKS = byForm(0, 400, 1_000);
/** Milliseconds in which the servers are watched without clients. */
const REST_MS = 2_000;
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

/** A master sends tasks to a worker, one after the other, and takes the results: four requests for each. */
class Job {
  readonly #workspace: string;
  readonly #master: NwsConnection;
  readonly #worker: NwsConnection;

  /** @param followOwner whether they connect to the server that owns the workspace (D24) */
  static async start(next: () => Address, workspace: string, followOwner: boolean): Promise<Job> {
    const connect = (): Promise<NwsConnection> => thisHost.connect({ ...next(), workspace, followOwner });
    const job = new Job(workspace, await connect(), await connect());
    await job.#master.openWorkspace(workspace, { label: 'scale' });
    await job.#worker.useWorkspace(workspace);
    return job;
  }

  private constructor(workspace: string, master: NwsConnection, worker: NwsConnection) {
    this.#workspace = workspace;
    this.#master = master;
    this.#worker = worker;
  }

  /** @returns the results */
  async run(tasks: number): Promise<readonly unknown[]> {
    const [master, worker, workspace] = [this.#master, this.#worker, this.#workspace];
    const results: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let n = 0; n < tasks; n++) {
        const { value } = await worker.fetch(workspace, 'task');
        await worker.store(workspace, 'result', value);
      }
    };
    const lead = async (): Promise<void> => {
      for (let n = 0; n < tasks; n++) {
        await master.store(workspace, 'task', n);
        results.push((await master.fetch(workspace, 'result')).value);
      }
    };
    await Promise.all([work(), lead()]);
    return results;
  }

  end(): void {
    this.#worker.close();
    this.#master.close();
  }
}

interface Measured {
  readonly tasksPerSecond: number;
  /** Microseconds for each task, of all servers and of the busiest one, without what they use at rest. */
  readonly processor: number;
  readonly busiest: number;
}

interface Way {
  readonly servers: number;
  readonly followOwner: boolean;
}

/** What each server uses without clients, for leases and looks, in microseconds a second. */
async function restOf(servers: Servers): Promise<readonly number[]> {
  // They have just been given partitions.
  await sleep(LEASE_MS);
  const before = servers.pids.map(processorTime);
  await sleep(REST_MS);
  return servers.pids.map((pid, at) => (1_000 * (processorTime(pid) - (before[at] ?? 0))) / REST_MS);
}

async function measured(bed: Bed, { servers: count, followOwner }: Way, round: string): Promise<Measured> {
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
  const atRest = await restOf(servers);
  const names = Array.from({ length: PARTITIONS }, (_, partition) => workspaceIn(partition, round));
  const jobs = await Promise.all(names.map((name) => Job.start(servers.next, name, followOwner)));
  await Promise.all(jobs.map((job) => job.run(WARM_UP_TASKS)));
  const before = servers.pids.map(processorTime);
  const began = performance.now();
  const all = await Promise.all(jobs.map((job) => job.run(TASKS)));
  const seconds = (performance.now() - began) / 1_000;
  const used = servers.pids.map((pid, at) => {
    const all = processorTime(pid) - (before[at] ?? 0);
    return (all - seconds * (atRest[at] ?? 0)) / (PARTITIONS * TASKS);
  });
  for (const job of jobs) job.end();
  const expected = Array.from({ length: TASKS }, (_, n) => n);
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
  `${title} leave each of them less to do than they leave one server, and about half if their clients are at the owners`,
  async () => {
    // Only the processor time of the servers counts, so PostgreSQL need not wait for a disk.
    await using bed = await startPlainBed({ isSafe: false });
    const rounds: Record<'one' | 'anywhere' | 'owners', Measured>[] = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({
        one: await measured(bed, { servers: 1, followOwner: true }, `a${round}`),
        anywhere: await measured(bed, { servers: 3, followOwner: false }, `b${round}`),
        owners: await measured(bed, { servers: 3, followOwner: true }, `c${round}`),
      });
    const beside = (way: 'anywhere' | 'owners'): number =>
      median(rounds.map(({ one, [way]: three }) => three.busiest / one.busiest));
    for (const way of ['one', 'anywhere', 'owners'] as const) {
      const of = (figure: keyof Measured): string =>
        median(rounds.map((each) => each[way][figure])).toFixed(0);
      console.log(
        `eight jobs, ${ROUNDS} rounds, ${way}: ${of('tasksPerSecond')} tasks a second; processor time of the servers ${of('processor')} µs a task, ` +
          `of which ${of('busiest')} µs are of the busiest`,
      );
    }
    console.log(
      `the busiest of three beside one: ${beside('anywhere').toFixed(2)} if clients connect anywhere, ${beside('owners').toFixed(2)} at the owners ` +
        `(${rounds.map(({ one, owners }) => (owners.busiest / one.busiest).toFixed(2)).join(', ')})`,
    );
    expect(beside('anywhere')).toBeLessThan(1);
    expect(beside('owners')).toBeLessThan(byForm(1, 0.8, 0.5));
    // One round is too short to tell the two ways apart.
    if (isLong) expect(beside('owners')).toBeLessThan(beside('anywhere'));
  },
  HOUR,
);
