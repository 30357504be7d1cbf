import type { ErrorText } from '../../wire/error-kind.ts';
/**
 * - `no-workers`: every worker has ended
 * - `over`: the server has ended the job, because the last worker died or a client shut it down (S13, S14)
 * - `stopped`: this program has stopped it
 */
export type SleighErrorCode = 'no-workers' | 'over' | 'stopped';

/** The number of elements that the message names. */
const MAX_NAMED = 10;

/** The job has ended before one of its batches. */
export class SleighError extends Error {
  override readonly name = 'SleighError';
  readonly code: SleighErrorCode;
  /** The reason as a text. */
  readonly why: string;
  /** The indexes of the elements under way, oldest first. */
  readonly unfinished: readonly number[];

  constructor(
    { code, message: why }: ErrorText<SleighErrorCode>,
    unfinished: readonly number[] = [],
    cause?: unknown,
  ) {
    super(unfinished.length === 0 ? why : `${why}; elements not done: ${firstOf(unfinished)}`, { cause });
    this.code = code;
    this.why = why;
    this.unfinished = unfinished;
  }

  /** @internal The same reason, for a batch of which these elements were not done. */
  without(unfinished: readonly number[]): SleighError {
    return new SleighError({ code: this.code, message: this.why }, unfinished, this.cause);
  }
}

/** @returns the first of them, and whether there are more */
export const firstOf = (numbers: readonly number[]): string =>
  numbers.slice(0, MAX_NAMED).join(', ') + (numbers.length > MAX_NAMED ? ', …' : '');
