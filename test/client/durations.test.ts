import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { milliseconds, seconds, secondsText, startTimer } from '../../src/client/options/durations.ts';
import { parseDecimal } from '../../src/wire/numbers.ts';

// The fake timers of this test replace the global ones.
vi.mock('node:timers', () => ({
  setTimeout: (elapsed: () => void, milliseconds: number) => setTimeout(elapsed, milliseconds),
  clearTimeout: (timeout: NodeJS.Timeout) => clearTimeout(timeout),
}));

const DAY = 24 * 3_600_000;

describe('a duration', () => {
  it('may be any number from 0, including infinity', () => {
    for (const value of [0, 0.5, 1, 2 ** 31, 2 ** 53, Infinity])
      expect(milliseconds('timeout', value)).toBe(value);
  });

  it.each([
    [
      Number.NaN,
      RangeError,
      '`timeout` must be a number of milliseconds of at least 0, or Infinity for no limit, got NaN.',
    ],
    [
      -1,
      RangeError,
      '`timeout` must be a number of milliseconds of at least 0, or Infinity for no limit, got -1.',
    ],
    [
      -Infinity,
      RangeError,
      '`timeout` must be a number of milliseconds of at least 0, or Infinity for no limit, got -Infinity.',
    ],
    ['100', TypeError, '`timeout` must be a number of milliseconds, got "100".'],
    [null, TypeError, '`timeout` must be a number of milliseconds, got null.'],
    [1n, TypeError, '`timeout` must be a number of milliseconds, got 1n.'],
  ])('may not be %s', (value, kind, message) => {
    expect(() => milliseconds('timeout', value)).toThrow(
      expect.objectContaining({ constructor: kind, code: 'usage', message }),
    );
  });

  it('is named with its unit in errors', () => {
    expect(() => seconds('delay', -1)).toThrow('`delay` must be a number of seconds of at least 0');
  });
});

it('in seconds is valid for the server as well, including infinity (P5.5)', () => {
  for (const value of [0, 0.25, 60, 1e6]) expect(parseDecimal(secondsText(value))).toBe(value);
  expect(parseDecimal(secondsText(Infinity))).toBeGreaterThan(100 * 365 * 86_400);
});

describe('a timer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 30 * DAY, 365 * DAY])(
    'expires once, after %d ms and not before',
    (wait) => {
      const elapsed = vi.fn();
      startTimer(wait, elapsed);
      vi.advanceTimersByTime(Math.max(0, wait - 1));
      if (wait > 0) expect(elapsed).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(elapsed).toHaveBeenCalledOnce();
      vi.advanceTimersByTime(2 * DAY);
      expect(elapsed).toHaveBeenCalledOnce();
    },
  );

  it('can be stopped at any time', () => {
    for (const before of [1, 40 * DAY]) {
      const elapsed = vi.fn();
      const timer = startTimer(60 * DAY, elapsed);
      vi.advanceTimersByTime(before);
      timer.stop();
      vi.advanceTimersByTime(100 * DAY);
      expect(elapsed).not.toHaveBeenCalled();
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it('for an infinite duration is never started', () => {
    startTimer(Infinity, () => undefined).stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
