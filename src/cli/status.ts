import type { Command } from 'commander';
import { authorityOf } from '../wire/authority.ts';
import { NwsError } from '../client/errors.ts';
import type { WorkspaceInfo } from '../client/listings.ts';
import { NetWorkSpace } from '../client/net-work-space.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';
import { serverOf, type ServerFlags } from './server-options.ts';
import { runTool, ToolError, toolCommand, workspaceOf } from './shell-tool.ts';
import { shown, table } from './table.ts';

interface StatusFlags extends ServerFlags {
  readonly json?: true;
}

/** How a job stands. It is only looked at: `workerCount`, which freezes when it is read (S4), is left alone. */
interface JobStatus {
  readonly name: string;
  /** Registered and not dead. */
  readonly workers: number;
  /** Ranks that were given out. */
  readonly ranks: number;
  /** Whether more may join (S5). */
  readonly group: string;
  readonly pending: number;
  readonly running: number;
}

/** One line of `scoreboard` (S12). */
interface WorkerStatus {
  readonly rank: number;
  /** HOST:PORT */
  readonly peer: string;
  readonly completed: number;
  /** Seconds a task, on the average. */
  readonly average: number;
  /** Percent of its time. */
  readonly active: number;
  /** Seconds that its task has taken so far. */
  readonly current: number;
}

/** What every job has, and hardly anything else. */
const MARKS = ['sentinel_alive', 'worker_ids', 'scoreboard', 'jobStatus'];

const isJob = ({ variables }: WorkspaceInfo): boolean => MARKS.every((name) => variables.includes(name));

/** `sleigh status`. */
export function addStatusCommand(program: Command): void {
  toolCommand(program, 'status', 'show how the jobs of a server stand, or one with its workers')
    .argument('[workspace]', 'this job')
    .option('--json', 'as one line of JSON')
    .action((workspace: string | undefined, flags: StatusFlags) =>
      runTool((signal) =>
        workspace === undefined ? allJobs(flags, signal) : oneJob(workspace, flags, signal),
      ),
    );
}

async function allJobs(flags: StatusFlags, signal: AbortSignal): Promise<void> {
  const server = serverOf(flags);
  const workspaces = await NetWorkSpace.list({ ...server, signal });
  const jobs: JobStatus[] = [];
  for (const { name } of workspaces.filter(isJob)) {
    const job = await statusOf(name, flags, signal).catch(undefinedIfGone);
    if (job !== undefined) jobs.push(job);
  }
  const address = authorityOf(flags.server.host, flags.server.port);
  if (flags.json === true) return print(jsonLine({ server: address, workspaces: workspaces.length, jobs }));
  const counts = `${workspaces.length} workspaces, ${jobs.length} of them jobs`;
  await print(`${address}: ${counts}\n${jobTable(jobs)}`);
}

async function oneJob(name: string, flags: StatusFlags, signal: AbortSignal): Promise<void> {
  using ws = await workspaceOf(name, flags, signal);
  // Asking for a variable that is not there would make it.
  const workspaces = await NetWorkSpace.list({ ...serverOf(flags), signal });
  if (!workspaces.some((each) => each.name === name && isJob(each)))
    throw new ToolError('no-job', `"${name}" is no job`);
  const job = await jobIn(ws);
  const workers = String(await ws.find('scoreboard'))
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map(workerOf);
  if (flags.json === true) return print(jsonLine({ ...job, scoreboard: workers }));
  const head = ['WORKER', 'PEER', 'DONE', 'SECONDS A TASK', '% ACTIVE', 'SECONDS ON CURRENT'];
  const rows = workers.map(({ rank, peer, completed, average, active, current }) => [
    rank,
    peer,
    completed,
    average,
    active,
    current,
  ]);
  await print([jobTable([job]), table(head, rows)].filter((text) => text !== '').join('\n'));
}

async function statusOf(name: string, flags: ServerFlags, signal: AbortSignal): Promise<JobStatus> {
  using ws = await workspaceOf(name, flags, signal);
  return await jobIn(ws);
}

async function jobIn(ws: NetWorkSpace): Promise<JobStatus> {
  const all = { as: 'found', metadata: { all: '1' } } as const;
  const [workers, ranks, group, tasks] = await Promise.all([
    ws.findTry('rankCount'),
    ws.findTry('worker_ids'),
    ws.findTry('join_status'),
    ws.findTry('jobStatus', all),
  ]);
  return {
    name: ws.name,
    workers: Number(workers),
    ranks: Number(ranks),
    group: String(group),
    pending: Number(tasks?.metadata.get('nwsPending')),
    running: Number(tasks?.metadata.get('nwsRunning')),
  };
}

/** Jobs go while they are looked at. */
function undefinedIfGone(error: unknown): undefined {
  if (error instanceof ToolError || error instanceof NwsError) return undefined;
  throw error;
}

function workerOf(line: string): WorkerStatus {
  const [label = '', ...figures] = line.split('\t');
  const [, rank, peer = ''] = /^Worker (\d+): (.*)$/.exec(label) ?? [];
  const [completed = NaN, average = NaN, active = NaN, current = NaN] = figures.map(Number);
  return { rank: Number(rank), peer, completed, average, active, current };
}

const jobTable = (jobs: readonly JobStatus[]): string =>
  table(
    ['JOB', 'WORKERS', 'RANKS', 'GROUP', 'PENDING', 'RUNNING'],
    jobs.map(({ name, workers, ranks, group, pending, running }) => [
      shown(name),
      workers,
      ranks,
      group,
      pending,
      running,
    ]),
  );
