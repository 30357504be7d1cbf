import { expected } from '../machines/join-phase-setup.ts';
import { isRegistered, type Worker } from '../sleigh/agents.ts';
import { batchesIn } from '../sleigh/batch-ref.ts';
import { type BatchSummary } from '../sleigh/batches.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { among, stateOf, workerCounts } from './actors.ts';
import { batches } from './batches.ts';
import { named, titleOf } from './names.ts';
import { rankHistory } from './rank-history.ts';
import { pageOf, type Range } from './paging.ts';
import { jobReport } from './job-report.ts';
import { sleighCounts } from './sleigh-counts.ts';
import type { SleighFigures } from './sleigh-figures.ts';
import type { BatchView } from './progress-types.ts';
import type { SleighSummary, SleighView, WorkersView, WorkerView } from './types.ts';

export function sleighSummary(sleigh: Sleigh, { rate, watch }: SleighFigures, now: number): SleighSummary {
  const counts = sleighCounts(sleigh, rate);
  return { ...counts, notices: watch.notices(sleigh, counts, now) };
}

export function sleighView(sleigh: Sleigh, figures: SleighFigures, now: number): SleighView {
  const { context } = sleigh.joining;
  return {
    ...sleighSummary(sleigh, figures, now),
    now: Math.floor(now / 1_000) * 1_000,
    policy: sleigh.options.onDeadWorker,
    startedAt: sleigh.startedAt,
    join: {
      state: stateOf(sleigh.joining.chart),
      maximum: context.maximum,
      ranksGiven: context.ranksGiven,
      registered: context.registered,
      expected: expected(context),
      isFrozen: context.frozen,
    },
    sentinels: sleigh.countsOf('sentinel').all,
    completed: sleigh.work.completed,
    replacements: sleigh.crew.replacements,
    deaths: sleigh.countsOf('worker').in('dead'),
    failures: sleigh.failures.newestFirst,
    batches: Array.from(batches(sleigh), (batch) => batchView(batch, figures)),
    reported: (jobReport(sleigh)?.batches ?? []).toReversed(),
    history: figures.history.series,
  };
}

const batchView = (batch: BatchSummary, figures: SleighFigures): BatchView => ({
  batch: batch.id === undefined ? undefined : named(batch.id),
  accepted: batch.totals.accepted,
  answered: batch.totals.answered,
  queued: batch.queued,
  running: batch.running,
  results: batch.results,
  remaining: figures.remaining(batch),
});

/**
 * The workers by rank.
 * @param state only those in this state
 */
export function workersView(sleigh: Sleigh, state: string | null, range: Range, now: number): WorkersView {
  const { crew } = sleigh;
  const counts = workerCounts(sleigh);
  const total = state === null ? crew.size : (counts[state] ?? 0);
  const page = pageOf(total, range, among(crew.everyWorker, state), (worker) => workerView(worker, now));
  return { ...page, counts };
}

function workerView(worker: Worker, now: number): WorkerView {
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
    busyShare:
      client === undefined || present <= 0 ? 0 : Math.min((worker.busyTime + (onTask ?? 0)) / present, 1),
  };
}
