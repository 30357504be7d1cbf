/** The history of the workers of one rank, if a sentinel supervises them (S19). */
export interface RankHistory {
  /** The number of workers that had the rank before the current one. */
  readonly replacements: number;
  /** How the last worker ended; undefined if none has. */
  readonly lastEnd: WorkerEndView | undefined;
}

export interface WorkerEndView {
  /** A code word: `died`, `timed-out`. */
  readonly why: string;
  /** A text for people, such as `exit status 1`; '' if it was not reported. */
  readonly how: string;
  /** The end of its standard error output; '' if it was not reported. */
  readonly lastWords: string;
}
