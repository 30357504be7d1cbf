import type { TaskError } from './outcome.ts';

/**
 * What became of one element: `error` is undefined or the other properties are. So it can be taken apart:
 * `for await (const { index, value, error } of results.outcomes())`.
 */
export type Outcome<R = unknown> = OutcomeValue<R> | OutcomeError;

export interface OutcomeValue<R = unknown> {
  /** From 0. */
  readonly index: number;
  /** The rank of the worker that did it. */
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
