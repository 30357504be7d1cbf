/** How long tasks wait for a worker of their host. */
export interface LocalityOptions {
  /** Milliseconds after which every worker may take the task. The default is 500. */
  readonly waitMilliseconds?: number | undefined;
}
