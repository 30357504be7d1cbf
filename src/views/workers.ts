import { isRegistered, type Worker } from '../sleigh/agents.ts';
import { batchesIn } from '../sleigh/batch-ref.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import type { WorkerReport } from '../wire/sentinel-report.ts';
import type { About } from './about.ts';
import { among, stateOf, workerCounts } from './actors.ts';
import { named, titleOf } from './names.ts';
import { listOf, type Columns, type ListQuery } from './paging.ts';
import { rankHistory } from './rank-history.ts';
import { runningTask, workerReports } from './running-task.ts';
import type { ProcessView } from './running-types.ts';
import type { WorkerDetailsView, WorkersView, WorkerView } from './types.ts';
import type { Peek } from './values.ts';

/**
 * The workers by rank.
 * @param state only those in this state
 */
export function workersView(
  sleigh: Sleigh,
  state: string | null,
  query: ListQuery,
  about: About,
): WorkersView {
  const { crew } = sleigh;
  const viewOf = viewsOf(sleigh, about);
  const counts = workerCounts(sleigh);
  const total = state === null ? crew.size : (counts[state] ?? 0);
  const page = listOf(total, query, among(crew.everyWorker, state), ofWorkers(about.now()), viewOf);
  return { ...page, counts };
}

const ofWorkers = (now: number): Columns<Worker> => ({
  text: ({ rank, host }) => `${rank} ${titleOf(host)}`,
  keys: {
    rank: ({ rank }) => rank,
    host: ({ host }) => titleOf(host),
    completed: ({ completed }) => completed,
    task: ({ task, busySince }) => (task === undefined ? -1 : now - busySince),
  },
});

export function workerDetails(sleigh: Sleigh, worker: Worker, about: About): WorkerDetailsView {
  return {
    ...viewsOf(sleigh, about)(worker),
    sleigh: named(sleigh.workspace.name),
    now: Math.floor(about.now() / 1_000) * 1_000,
  };
}

function viewsOf(sleigh: Sleigh, about: About): (worker: Worker) => WorkerView {
  const reports = workerReports(sleigh);
  const now = about.now();
  return (worker) => workerView(worker, { report: reports.get(worker.rank), now, peek: about.peek });
}

interface Known {
  readonly report: WorkerReport | undefined;
  readonly now: number;
  readonly peek: Peek;
}

function workerView(worker: Worker, { report, now, peek }: Known): WorkerView {
  const { rank, actor, task, client } = worker;
  const onTask = task === undefined ? undefined : Math.max(now - worker.busySince, 0);
  const present = now - worker.registeredAt;
  return {
    rank,
    actor: actor.id,
    state: stateOf(actor),
    host: titleOf(worker.host),
    client: isRegistered(worker) ? client?.id : undefined,
    rankHistory: rankHistory(worker),
    completed: worker.completed,
    onTask,
    batch: task?.batch === undefined ? undefined : named(batchesIn(task.batch).join(', ')),
    attempts: task?.attempts,
    running: runningTask(worker, report, { now, peek }),
    process: isRegistered(worker) && report !== undefined ? processView(report) : undefined,
    busyShare:
      client === undefined || present <= 0 ? 0 : Math.min((worker.busyTime + (onTask ?? 0)) / present, 1),
  };
}

const processView = ({ processors, memory }: WorkerReport): ProcessView | undefined =>
  memory === undefined ? undefined : { processors, memory };
