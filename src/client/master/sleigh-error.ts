/**
 * - `no-workers`: every worker has ended
 * - `over`: the server has ended the job: the last worker died, or someone said so (S13, S14)
 * - `stopped`: this side has
 */
export type SleighErrorCode = 'no-workers' | 'over' | 'stopped';

/** Elements that are named in the message. */
const MOST_NAMED = 10;

/** The job has ended, and a batch of it has not. */
export class SleighError extends Error {
  override readonly name = 'SleighError';
  readonly code: SleighErrorCode;
  /** Why, in words. */
  readonly why: string;
  /** The indexes of the elements that were handed out and not answered, the oldest first. */
  readonly unfinished: readonly number[];

  constructor(code: SleighErrorCode, why: string, unfinished: readonly number[] = [], cause?: unknown) {
    super(unfinished.length === 0 ? why : `${why}; elements not done: ${firstOf(unfinished)}`, { cause });
    this.code = code;
    this.why = why;
    this.unfinished = unfinished;
  }
}

/** @returns the first of them, and whether there are more */
export const firstOf = (numbers: readonly number[]): string =>
  numbers.slice(0, MOST_NAMED).join(', ') + (numbers.length > MOST_NAMED ? ', …' : '');
