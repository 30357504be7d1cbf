import type { Named } from './named.ts';

/** An old-style job in a plain workspace (W12). */
export interface OldSleighSummary extends Named {
  /** The number of clients that wait for its end. */
  readonly workers: number;
  readonly queued: number;
  /** The number of tasks without a result that were taken by connected clients. */
  readonly running: number;
  readonly results: number;
  /** The number of tasks that were taken by clients that left without a result. */
  readonly lost: number;
}
