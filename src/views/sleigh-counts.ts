import type { Sleigh } from '../sleigh/sleigh.ts';
import { stateOf, workerCounts } from './actors.ts';
import { named } from './names.ts';
import { progressView, type ProgressRate } from './progress.ts';
import type { SleighSummary } from './types.ts';

/** What can be counted of a job at one moment. */
export type SleighCounts = Omit<SleighSummary, 'notices'>;

function stateOfChild(sleigh: Sleigh, id: string): string {
  const actor = sleigh.actor(id);
  return actor === undefined ? '' : stateOf(actor);
}

/** @param rate undefined if none is known */
export const sleighCounts = (sleigh: Sleigh, rate?: ProgressRate): SleighCounts => ({
  ...named(sleigh.workspace.name),
  state: stateOf(sleigh.supervisor),
  hasFailed: sleigh.hasFailed,
  joinPhase: stateOfChild(sleigh, 'joinPhase'),
  shutdown: stateOfChild(sleigh, 'shutdown'),
  workers: workerCounts(sleigh),
  queued: sleigh.work.tasks.length,
  running: sleigh.work.batches.all.running,
  results: sleigh.work.batches.counts.values,
  progress: progressView(sleigh, rate),
});
