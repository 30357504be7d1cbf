import type { Outcome } from '../client/outcome.ts';

/** What became of one line of the input. */
export type LineOutcome = LineValue | LineError;

export interface LineValue {
  /** From 1. */
  readonly line: number;
  /** The rank of the worker that did it. */
  readonly worker: number;
  readonly value: unknown;
}

export interface LineError {
  readonly line: number;
  /** `TypeError: …` */
  readonly error: string;
  /** Where it was thrown, when that is known. */
  readonly stack: string;
}

/** Lines are counted from 1, elements from 0. */
export const lineOfElement = (index: number): number => index + 1;

export async function* lineOutcomes(outcomes: AsyncIterable<Outcome>): AsyncGenerator<LineOutcome> {
  for await (const { index, ...outcome } of outcomes) {
    const line = lineOfElement(index);
    if ('error' in outcome) yield { line, error: outcome.error.reason, stack: outcome.error.remoteStack };
    else yield { line, ...outcome };
  }
}
