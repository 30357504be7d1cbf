import { checkOptions, isFunction, mustBe, wholeFrom, type Rules } from './checked-options.ts';
import { milliseconds } from './durations.ts';
import type { TaskError } from '../task/outcome.ts';

/** How failed elements are tried again (S27). */
export interface Retry {
  /** How often an element is called in all, a whole number from 1. */
  readonly attempts: number;
  /**
   * Milliseconds before another attempt, or a function of its number, from 2, and of the error of the one before. The
   * default is 100, doubled for each further attempt, at most 10,000.
   */
  readonly backoff?: number | ((attempt: number, error: TaskError) => number) | undefined;
  /**
   * Whether that failure is retried. The default is every failure whose code is `threw` or `timed-out`; other failures
   * are never retried, and neither is an UnrecoverableError.
   */
  readonly when?: ((error: TaskError) => boolean) | undefined;
}

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

const RULES: Rules<Retry> = {
  attempts: wholeFrom(1),
  backoff: (name, value) => {
    if (typeof value !== 'function') milliseconds(name, value);
  },
  when: isFunction,
};

/** @throws TypeError, RangeError */
export function checkRetry(name: string, value: unknown): void {
  mustBe('an object such as { attempts: 3 }', (each) => typeof each === 'object' && each !== null)(
    name,
    value,
  );
  checkOptions(`\`${name}\``, value, RULES);
  RULES.attempts(
    'attempts',
    typeof value === 'object' && value !== null && 'attempts' in value ? value.attempts : undefined,
  );
}

/**
 * Whether the policy wants another attempt. A promise would count as true, whatever it resolves to.
 * @throws TypeError if its function gives a promise, and what it throws
 */
export function wantsRetry({ when }: Retry, error: TaskError): boolean {
  const answer: unknown = when?.(error) ?? true;
  mustBe('a function that is not async', (each) => !(each instanceof Promise))('when', answer);
  return Boolean(answer);
}

/**
 * The milliseconds before that attempt.
 * @throws TypeError or RangeError if the function of the policy gives no duration, and what it throws
 */
export function waitBefore({ backoff }: Retry, attempt: number, error: TaskError): number {
  if (backoff === undefined) return Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 2));
  return typeof backoff === 'number' ? backoff : milliseconds('backoff', backoff(attempt, error));
}
