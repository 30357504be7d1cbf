import { expected } from '../machines/join-phase-setup.ts';
import { type BatchSummary } from '../sleigh/batch.ts';
import type { Sleigh } from '../sleigh/sleigh.ts';
import { stateOf } from './actors.ts';
import { batches } from './batches.ts';
import { named } from './names.ts';
import { jobReport } from './job-report.ts';
import { sleighCounts } from './sleigh-counts.ts';
import type { SleighFigures } from './sleigh-figures.ts';
import type { BatchView } from './progress-types.ts';
import type { SleighSummary, SleighView } from './types.ts';

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
