/** When a task counts as a straggler. */
export interface SpeculationOptions {
  /** How many times as long as the median of its batch it must have run. The default is 3. */
  readonly times?: number | undefined;
  /** The number of tasks of its batch that must have a result. The default is 3, the most is 32. */
  readonly finished?: number | undefined;
  /** Milliseconds between two looks at a task, and before the first. A shorter task gets no copy. The default is 1,000. */
  readonly everyMilliseconds?: number | undefined;
}
