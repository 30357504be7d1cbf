import type { TaskError } from './outcome.ts';

/**
 * The outcome of one element: either `error` is undefined, or the other properties are. It can be destructured: `for
 * await (const { index, value, error } of results.outcomes())`.
 */
export type Outcome<R = unknown> = OutcomeValue<R> | OutcomeError;

export interface OutcomeValue<R = unknown> {
  /** From 0. */
  readonly index: number;
  /** The rank of its worker. */
  readonly worker: number;
  readonly value: R;
  readonly error?: undefined;
}

export interface OutcomeError {
  readonly index: number;
  readonly error: TaskError;
  readonly worker?: undefined;
  readonly value?: undefined;
}
