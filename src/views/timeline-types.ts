import type { Named } from './named.ts';

/**
 * Which worker had which task when, in columns. It is read in parts: `tasks` and `marks` of the query are the `next` of the
 * part before.
 */
export interface TimelineView {
  readonly sleigh: Named;
  readonly now: number;
  /** When the job began. Times in columns are milliseconds after it. */
  readonly base: number;
  readonly tasks: {
    /** The number of the first task here, of the next one, and of how many there are so far. */
    readonly from: number;
    readonly next: number;
    readonly total: number;
    readonly ranks: readonly number[];
    readonly began: readonly number[];
    readonly ended: readonly number[];
    /** Positions in `ends`. */
    readonly end: readonly number[];
    /** The index of the first element; -1 if it is not known. */
    readonly indexes: readonly number[];
  };
  readonly ends: readonly string[];
  /** The tasks that run: the rank, and when they began. */
  readonly running: readonly (readonly [rank: number, began: number])[];
  /** What happened to workers: `joined`, `replaced`, `died` or `left`. */
  readonly marks: {
    readonly next: number;
    readonly items: readonly (readonly [time: number, rank: number, mark: string])[];
  };
}
