import type { Named } from './named.ts';
import type { Page } from './page.ts';
import type { ProgressView, ReportedBatchView } from './progress-types.ts';

/** A job that has ended, in a list. */
export interface EndedJobSummary extends Named {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly ranks: number;
  readonly deaths: number;
  /** The number of tasks that were submitted, and of those that have a result. */
  readonly accepted: number;
  readonly answered: number;
  /** Tasks whose result says that they failed. */
  readonly failed: number;
}

/** Newest first. */
export type EndedJobsView = Page<EndedJobSummary>;

/** A job that has ended: how far it was, and how it went. */
export interface EndedJobView extends EndedJobSummary {
  readonly policy: string;
  readonly replacements: number;
  readonly progress: ProgressView;
  /** The batches that its master told about, newest first. */
  readonly batches: readonly ReportedBatchView[];
}
