/** The command is to end early. */
export class Interruption extends Error {
  /** The exit status of the command. */
  readonly status: number;
  /** Whether a signal was the reason. */
  readonly isSignal: boolean;

  constructor(why: string, status: number, isSignal = false) {
    super(why);
    this.status = status;
    this.isSignal = isSignal;
  }
}

/** The signals that end a command. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
