/** Nobody wants the command to go on. */
export class Interruption extends Error {
  /** The exit status that says so. */
  readonly status: number;
  /** Whether a signal said so. */
  readonly isSignal: boolean;

  constructor(why: string, status: number, isSignal = false) {
    super(why);
    this.status = status;
    this.isSignal = isSignal;
  }
}

/** By which a command is told to end. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
