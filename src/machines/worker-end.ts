/** What happens to the task of a worker that has ended, as its sentinel reports (S19). */
export type TaskFate = 'tried' | 'untried' | 'failed' | 'declined';

/** How a worker ended, as its sentinel reports (S19). */
export interface WorkerEnd {
  /** A code word such as `died` or `timed-out`; the server does not interpret it. */
  readonly why: string;
  /** Such as `exit status 1`. */
  readonly how: string | undefined;
  /** The end of its output on standard error. */
  readonly lastWords: string | undefined;
  /** The position of the element in its chunk. */
  readonly at: number | undefined;
}
