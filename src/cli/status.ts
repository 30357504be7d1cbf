import type { Command } from 'commander';
import { NwsError } from '../client/connection/errors.ts';
import type { WorkspaceInfo } from '../client/workspace/listings.ts';
import { NetWorkSpace } from '../client/workspace/net-work-space.ts';
import { JOB_REPORT, readJobReport } from '../wire/job-report.ts';
import { KEY, VARIABLE } from '../wire/names.ts';
import { kindOf } from './jobs.ts';
import { jsonLine } from './json-line.ts';
import { print } from './output.ts';
import { serverOf, textOfServers, type ServerFlags } from './server-options.ts';
import { runTool, ToolError, toolCommand, workspaceOf } from './shell-tool.ts';
import { shown, table } from './table.ts';
import { TOOL } from './errors.ts';

interface StatusFlags extends ServerFlags {
  readonly json?: true;
}

/** The state of a job. `workerCount` is not read, because reading freezes it (S4). */
interface JobStatus {
  readonly name: string;
  /** Registered and not dead. */
  readonly workers: number;
  /** The number of ranks given out. */
  readonly ranks: number;
  /** Whether more may join (S5). */
  readonly group: string;
  readonly pending: number;
  /** Null for an old-style job if the server does not report it. */
  readonly running: number | null;
  /** Tasks whose worker left, for old-style jobs only; other jobs handle them (S13). */
  readonly lost?: number;
  /** Workers that replaced others, if sentinels supervise them and the server reports it (S19). */
  readonly replacements?: number | undefined;
  /** The elements with an outcome, and the failed ones among these, if the master tells about them (S24). */
  readonly done?: number | undefined;
  readonly failed?: number | undefined;
}

/** One line of `scoreboard` (S12). */
interface WorkerStatus {
  readonly rank: number;
  /** HOST:PORT */
  readonly peer: string;
  readonly completed: number;
  /** Average seconds for a task. */
  readonly average: number;
  /** Percentage of its time in which it was busy. */
  readonly active: number;
  /** Seconds since its current task began. */
  readonly current: number;
  /** How often the worker of this rank was replaced (S19); null if the server does not report it. */
  readonly replaced: number | null;
}

const isJob = (workspace: WorkspaceInfo): boolean => kindOf(workspace) === 'job';
const mayBeOldJob = (workspace: WorkspaceInfo): boolean => kindOf(workspace) === 'old-style job';

/** `sleigh status`. */
export function addStatusCommand(program: Command): void {
  toolCommand(program, 'status', 'show the jobs of a server, or one job with its workers')
    .argument('[workspace]', 'show only the job of this name, with its workers')
    .option('--json', 'print one line of JSON')
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
  for (const workspace of workspaces.filter(isJob)) {
    const job = await statusOf(workspace, flags, signal).catch(undefinedIfGone);
    if (job !== undefined) jobs.push(job);
  }
  for (const { name } of workspaces.filter(mayBeOldJob)) {
    const job = await oldStatusOf(name, flags, signal).catch(undefinedIfGone);
    if (job !== undefined) jobs.push(job);
  }
  const address = textOfServers(flags.server);
  if (flags.json === true) return print(jsonLine({ server: address, workspaces: workspaces.length, jobs }));
  const counts = `${workspaces.length} workspaces, ${jobs.length} of them jobs`;
  await print(`${address}: ${counts}\n${jobTable(jobs)}`);
}

async function oneJob(name: string, flags: StatusFlags, signal: AbortSignal): Promise<void> {
  using ws = await workspaceOf(name, flags, signal);
  // A get would create a variable that does not exist.
  const workspaces = await NetWorkSpace.list({ ...serverOf(flags), signal });
  const found = workspaces.find((each) => each.name === name);
  if (found !== undefined && mayBeOldJob(found)) return await oneOldJob(ws, flags);
  if (found === undefined || !isJob(found)) throw new ToolError(TOOL.noJob(name));
  const job = await jobIn(ws, found);
  const workers = String(
    (await ws.find(VARIABLE.scoreboard, { as: 'found', metadata: { replaced: '1' } })).value,
  )
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map(workerOf);
  if (flags.json === true) return print(jsonLine({ ...job, scoreboard: workers }));
  const head = ['WORKER', 'PEER', 'DONE', 'SECONDS A TASK', '% ACTIVE', 'SECONDS ON CURRENT', 'REPLACED'];
  const rows = workers.map(({ rank, peer, completed, average, active, current, replaced }) => [
    rank,
    peer,
    completed,
    average,
    active,
    current,
    replaced ?? '-',
  ]);
  await print([jobTable([job]), table(head, rows)].filter((text) => text !== '').join('\n'));
}

async function statusOf(
  workspace: WorkspaceInfo,
  flags: ServerFlags,
  signal: AbortSignal,
): Promise<JobStatus> {
  using ws = await workspaceOf(workspace.name, flags, signal);
  return await jobIn(ws, workspace);
}

/** @throws ToolError if no worker is there */
async function oneOldJob(ws: NetWorkSpace, { json }: StatusFlags): Promise<void> {
  const job = await oldJobIn(ws);
  if (job === undefined) throw new ToolError(TOOL.noJob(ws.name));
  await print(json === true ? jsonLine(job) : jobTable([job]));
}

async function oldStatusOf(
  name: string,
  flags: ServerFlags,
  signal: AbortSignal,
): Promise<JobStatus | undefined> {
  using ws = await workspaceOf(name, flags, signal);
  return await oldJobIn(ws);
}

/**
 * @returns undefined if no worker waits for the end, and none has left with a task: then it is not a job, or has
 *   ended
 */
async function oldJobIn(ws: NetWorkSpace): Promise<JobStatus | undefined> {
  const [variables, job] = await Promise.all([ws.list(), ws.oldSleigh()]);
  const { running = null, lost = 0 } = job ?? {};
  const workers = variables.find(({ name }) => name === VARIABLE.rideOver)?.finders ?? 0;
  if (workers + lost === 0) return undefined;
  const pending = variables.find(({ name }) => name === VARIABLE.task)?.values ?? 0;
  return { name: ws.name, workers, ranks: workers, group: 'old style', pending, running, lost };
}

async function jobIn(ws: NetWorkSpace, { variables }: WorkspaceInfo): Promise<JobStatus> {
  const all = { as: 'found', metadata: { all: '1' } } as const;
  const [workers, ranks, group, tasks, report] = await Promise.all([
    ws.findTry(VARIABLE.rankCount),
    ws.findTry(VARIABLE.workerIds),
    ws.findTry(VARIABLE.joinStatus),
    ws.findTry(VARIABLE.jobStatus, all),
    // A get would create a variable that does not exist.
    variables.includes(JOB_REPORT.progress) ? ws.findTry(JOB_REPORT.progress) : undefined,
  ]);
  const batches = readJobReport(JSON.stringify(report ?? null));
  return {
    name: ws.name,
    workers: Number(workers),
    ranks: Number(ranks),
    group: String(group),
    pending: Number(tasks?.metadata.get(KEY.pending)),
    running: Number(tasks?.metadata.get(KEY.running)),
    replacements: numberOf(tasks?.metadata.get(KEY.replacements)),
    done: batches?.done,
    failed: batches?.failed,
  };
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

/** Jobs may end while they are read. */
function undefinedIfGone(error: unknown): undefined {
  if (error instanceof ToolError || error instanceof NwsError) return undefined;
  throw error;
}

function workerOf(line: string): WorkerStatus {
  const [label = '', ...figures] = line.split('\t');
  const [, rank, peer = ''] = /^Worker (\d+): (.*)$/.exec(label) ?? [];
  const [completed = NaN, average = NaN, active = NaN, current = NaN, replaced = null] = figures.map(Number);
  return { rank: Number(rank), peer, completed, average, active, current, replaced };
}

function jobTable(jobs: readonly JobStatus[]): string {
  const lostOf = (lost: number | undefined): readonly (string | number)[] => (hasLost ? [lost ?? '-'] : []);
  const hasLost = jobs.some(({ lost = 0 }) => lost > 0);
  const isReported = jobs.some(({ failed }) => failed !== undefined);
  const isSupervised = jobs.some(({ replacements }) => replacements !== undefined);
  return table(
    [
      'JOB',
      'WORKERS',
      'RANKS',
      'GROUP',
      'PENDING',
      'RUNNING',
      ...(isReported ? ['DONE', 'FAILED'] : []),
      ...(isSupervised ? ['REPLACEMENTS'] : []),
      ...(hasLost ? ['LOST'] : []),
    ],
    jobs.map(({ name, workers, ranks, group, pending, running, done, failed, replacements, lost }) => [
      shown(name),
      workers,
      ranks,
      group,
      pending,
      running ?? '-',
      ...(isReported ? [done ?? '-', failed ?? '-'] : []),
      ...(isSupervised ? [replacements ?? '-'] : []),
      ...lostOf(lost),
    ]),
  );
}
