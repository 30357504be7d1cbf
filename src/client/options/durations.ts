import { clearTimeout, setTimeout } from 'node:timers';
import { shown } from './shown.ts';

/**
 * Durations that programs give: any number from 0, `Infinity` for no limit. Timers that last as long as they say, also
 * beyond the 2^31 milliseconds after which `setTimeout` fires at once. The functions are imported, since a task may replace the
 * global ones in its worker, as tests with fake timers do.
 */

/**
 * Checks a number of milliseconds that a program gave.
 * @param name of the option, for the error
 * @throws TypeError when it is no number; RangeError when it is NaN or below 0
 */
export const milliseconds = (name: string, value: unknown): number => duration(name, value, 'milliseconds');

/** As `milliseconds`, for options that are in seconds. */
export const seconds = (name: string, value: unknown): number => duration(name, value, 'seconds');

/** Seconds that no job lasts: the wire has no infinity (P5.5). */
const ENDLESS_SECONDS = 1e11;

/** @returns a number of seconds as metadata carry it */
export const secondsText = (value: number): string => String(Math.min(value, ENDLESS_SECONDS));

function duration(name: string, value: unknown, unit: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`\`${name}\` must be a number of ${unit}, got ${shown(value)}.`);
  if (value >= 0) return value;
  throw new RangeError(
    `\`${name}\` must be a number of ${unit} of at least 0, or Infinity for no limit, got ${value}.`,
  );
}

/** Something that happens later, unless it is stopped. */
export interface Timer {
  /** Does nothing when it has elapsed or was stopped. */
  stop(): void;
}

export interface TimerOptions {
  /** False: the process may end before. */
  readonly ref?: boolean;
}

/** The most milliseconds that one `setTimeout` can wait. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

const NEVER: Timer = { stop: () => undefined };

/** @param wait milliseconds; none elapse of `Infinity`, so that nothing is started */
export function startTimer(wait: number, onElapsed: () => void, { ref = true }: TimerOptions = {}): Timer {
  if (wait === Infinity) return NEVER;
  let timeout: NodeJS.Timeout;
  const start = (left: number): void => {
    const part = Math.min(left, LONGEST_TIMEOUT);
    timeout = setTimeout(() => (part < left ? start(left - part) : onElapsed()), part);
    if (!ref) timeout.unref();
  };
  start(wait);
  return { stop: () => clearTimeout(timeout) };
}
