import { clearTimeout, setTimeout } from 'node:timers';
import { shown } from './shown.ts';
import { USAGE } from '../errors/usage.ts';
import { rangeError, typeError } from '../../wire/error-kind.ts';

/**
 * Durations: any number from 0, `Infinity` for no limit. These timers also work beyond the 2^31 milliseconds after
 * which `setTimeout` fires at once. The functions are imported, because a task may replace the global ones in its
 * worker, as tests with fake timers do.
 */

/**
 * Checks a number of milliseconds.
 * @param name the name of the option, for the error
 * @throws TypeError if it is not a number; RangeError if it is NaN or below 0
 */
export const milliseconds = (name: string, value: unknown): number => duration(name, value, 'milliseconds');

/** As `milliseconds`, for options in seconds. */
export const seconds = (name: string, value: unknown): number => duration(name, value, 'seconds');

/** A number of seconds that stands for infinity, which the wire cannot express (P5.5). */
const ENDLESS_SECONDS = 1e11;

/** @returns a number of seconds as metadata */
export const secondsText = (value: number): string => String(Math.min(value, ENDLESS_SECONDS));

function duration(name: string, value: unknown, unit: string): number {
  if (typeof value !== 'number') throw typeError(USAGE.badDuration(name, unit, shown(value)));
  if (value >= 0) return value;
  throw rangeError(USAGE.negativeDuration(name, unit, value));
}

/** A timer that can be stopped. */
export interface Timer {
  /** Does nothing if it has elapsed or was stopped. */
  stop(): void;
}

export interface TimerOptions {
  /** With false the timer does not keep the process alive. */
  readonly ref?: boolean;
  /** The default is those of Node, whatever a task has put in place of the global ones. */
  readonly timers?: NodeTimers;
}

/** The part of `node:timers` that is used. */
export interface NodeTimers {
  readonly setTimeout: (onElapsed: () => void, milliseconds: number) => NodeJS.Timeout;
  readonly clearTimeout: (timeout: NodeJS.Timeout) => void;
}

const NODE_TIMERS: NodeTimers = { setTimeout, clearTimeout };

/** The longest wait of one `setTimeout` in milliseconds. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

const NEVER: Timer = { stop: () => undefined };

/** @param wait milliseconds; `Infinity` starts no timer */
export function startTimer(
  wait: number,
  onElapsed: () => void,
  { ref = true, timers = NODE_TIMERS }: TimerOptions = {},
): Timer {
  if (wait === Infinity) return NEVER;
  let timeout: NodeJS.Timeout;
  const start = (left: number): void => {
    const part = Math.min(left, LONGEST_TIMEOUT);
    timeout = timers.setTimeout(() => (part < left ? start(left - part) : onElapsed()), part);
    if (!ref) timeout.unref();
  };
  start(wait);
  return { stop: () => timers.clearTimeout(timeout) };
}
