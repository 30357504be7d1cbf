/** How workers that end are replaced. */
export interface RestartBudget {
  /** This many ends are followed by a replacement at once … */
  readonly restarts: number;
  /** … within this many milliseconds. */
  readonly within: number;
  /** The maximum delay of a replacement in milliseconds. */
  readonly maxDelay: number;
}
