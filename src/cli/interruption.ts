import { constants } from 'node:os';

/** Nobody wants the command to go on. */
export class Interruption extends Error {
  /** The exit status that says so. */
  readonly status: number;

  constructor(why: string, status: number) {
    super(why);
    this.status = status;
  }
}

/**
 * Aborts, with an Interruption, when someone wants the command to end: Ctrl-C, or the like; or when whoever read its
 * output has gone, as `head` does, which is no failure.
 */
export function stopWhenToldTo(stop: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stop.abort(new Interruption(signal, 128 + constants.signals[signal])));
  process.stdout.on('error', () => stop.abort(new Interruption('nobody reads', 0)));
}
