/** How workers that end are replaced. */
export interface RestartBudget {
  /** So many ends are followed by a replacement at once … */
  readonly restarts: number;
  /** … in so many milliseconds. */
  readonly within: number;
  /** Milliseconds that a replacement waits at most. */
  readonly maxDelay: number;
}
