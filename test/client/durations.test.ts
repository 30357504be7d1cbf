import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  milliseconds,
  seconds,
  secondsText,
  startTimer,
  type NodeTimers,
} from '../../src/client/options/durations.ts';
import { parseDecimal } from '../../src/wire/numbers.ts';

const started: NodeJS.Timeout[] = [];
const timers: NodeTimers = {
  setTimeout: (elapsed, milliseconds) => {
    const timeout = setTimeout(elapsed, milliseconds);
    started.push(timeout);
    return timeout;
  },
  clearTimeout: (timeout) => clearTimeout(timeout),
};

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
  for (const endless of [1e11, 1e12, Infinity]) expect(secondsText(endless)).toBe('100000000000');
  expect(parseDecimal(secondsText(Infinity))).toBe(1e11);
});

describe('a timer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is that of Node otherwise, which a task cannot replace', async () => {
    await new Promise<void>((resolve) => startTimer(1, resolve));
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 30 * DAY, 365 * DAY])(
    'expires once, after %d ms and not before',
    (wait) => {
      const elapsed = vi.fn();
      startTimer(wait, elapsed, { timers });
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
      const timer = startTimer(60 * DAY, elapsed, { timers });
      vi.advanceTimersByTime(before);
      timer.stop();
      vi.advanceTimersByTime(100 * DAY);
      expect(elapsed).not.toHaveBeenCalled();
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it.each([
    ['keeps the process alive', { timers }, true],
    ['does not keep the process alive if that is not wanted', { timers, ref: false }, false],
  ])('%s, also in its further parts', (_what, options, isHeld) => {
    started.length = 0;
    const timer = startTimer(60 * DAY, () => undefined, options);
    vi.advanceTimersByTime(59 * DAY);
    expect(started.map((timeout) => timeout.hasRef())).toEqual([isHeld, isHeld, isHeld]);
    timer.stop();
  });

  it('takes as few timers as it can', () => {
    for (const [wait, parts] of [
      [2 ** 31 - 1, 1],
      [2 ** 31, 2],
      [2 * (2 ** 31 - 1), 2],
    ] as const) {
      started.length = 0;
      startTimer(wait, () => undefined, { timers });
      vi.advanceTimersByTime(wait);
      expect(started).toHaveLength(parts);
    }
  });

  it('for an infinite duration is never started', () => {
    startTimer(Infinity, () => undefined, { timers }).stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
