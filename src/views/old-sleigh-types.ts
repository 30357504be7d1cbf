import type { Named } from './named.ts';

/** A job that older clients make in an ordinary workspace (W12). */
export interface OldSleighSummary extends Named {
  /** Clients that wait for its end. */
  readonly workers: number;
  readonly queued: number;
  /** Tasks that were taken and have no result yet. */
  readonly running: number;
  readonly results: number;
  /** Tasks that were taken by clients that left without a result. */
  readonly lost: number;
}
