/** What became of the workers of one rank, where their sentinel tells (S19). */
export interface RankHistory {
  /** Workers that had the rank before this one. */
  readonly replacements: number;
  /** How the last of them ended; undefined while none has. */
  readonly lastEnd: WorkerEndView | undefined;
}

export interface WorkerEndView {
  /** A code word: `died`, `timed-out`. */
  readonly why: string;
  /** For people, such as `exit status 1`; '' where nobody tells. */
  readonly how: string;
  /** The last of what it wrote to its standard error; '' where nobody tells. */
  readonly lastWords: string;
}
