/** What calls say while they run, for masters that listen (S23.9). */

/** A variable of mode fifo, from which the master takes the reports of calls. */
export const CALL_REPORTS = '#calls';

/** The value of `CALL_REPORTS`. */
export interface CallReport {
  /** The batch, or the call of `submit`. */
  readonly batch: string;
  readonly index: number;
  /** The rank of the worker. */
  readonly worker: number;
  readonly type: 'progress' | 'log';
  /** The value of `context.progress`, or the text of `context.log`. */
  readonly value: unknown;
}
