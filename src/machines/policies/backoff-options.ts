/** How long tasks wait. */
export interface BackoffOptions {
  /** Milliseconds before the second attempt; each further one waits twice as long. The default is 100. */
  readonly firstMilliseconds?: number | undefined;
  /** The longest wait in milliseconds. The default is 30,000. */
  readonly mostMilliseconds?: number | undefined;
}
