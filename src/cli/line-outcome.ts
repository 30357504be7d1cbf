import type { Outcome } from '../client/task/outcome.ts';

/** The outcome of one line of the input. */
export type LineOutcome = LineValue | LineError;

export interface LineValue {
  /** From 1. */
  readonly line: number;
  /** The rank of the worker that processed it. */
  readonly worker: number;
  readonly value: unknown;
}

export interface LineError {
  readonly line: number;
  /** `TypeError: …` */
  readonly error: string;
  /** Where it was thrown, if known. */
  readonly stack: string;
}

export const outcomeOfLine = (line: number, outcome: Outcome): LineOutcome =>
  'error' in outcome
    ? { line, error: outcome.error.reason, stack: outcome.error.remoteStack }
    : { line, worker: outcome.worker, value: outcome.value };
