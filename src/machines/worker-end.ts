/** What becomes of the task of a worker that has ended, as its sentinel reports (S19). */
export type TaskFate = 'tried' | 'untried' | 'failed' | 'declined';

/** How a worker ended, as its sentinel reports (S19). */
export interface WorkerEnd {
  /** A code word: `died`, `timed-out` and so on; it means nothing to the server. */
  readonly why: string;
  /** Such as `exit status 1`. */
  readonly how: string | undefined;
  /** The last of what it wrote to its standard error. */
  readonly lastWords: string | undefined;
  /** Its place in the chunk of elements that it worked on. */
  readonly at: number | undefined;
}
