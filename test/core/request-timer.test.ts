import { describe, expect, it } from 'vitest';
import { RequestTimer } from '../../src/core/request-timer.ts';
import { DEFAULT_LIMITS } from '../../src/wire/limits.ts';

/** A timer of requests, and what it says at the end of each period. */
function timer() {
  let end: (() => void) | undefined;
  let period: number | undefined;
  let stops = 0;
  const timers = {
    start: (milliseconds: number, fired: () => void) => {
      [period, end] = [milliseconds, fired];
      return { stop: () => void stops++ };
    },
  };
  const ended: (readonly [bytes: number, required: number])[] = [];
  const limits = { ...DEFAULT_LIMITS, requestSeconds: 7, progressBytes: 50 };
  const timer = new RequestTimer(timers, limits, (...said) => ended.push(said));
  const nextEnd = () => {
    end?.();
    return ended.at(-1);
  };
  return { timer, nextEnd, period: () => period, stops: () => stops };
}

describe('the timer of a request that is coming (P12)', () => {
  it('says how much has come in the period, and how much had to', () => {
    const { timer: requests, nextEnd, period } = timer();
    requests.start();
    expect(period()).toBe(7_000);
    expect(nextEnd()).toEqual([0, 50]);
    requests.came(10, true);
    requests.came(5, true);
    expect(nextEnd()).toEqual([15, 50]);
    expect(nextEnd()).toEqual([0, 50]);
  });

  it('counts what came with the beginning of the request, and nothing of before', () => {
    const { timer: requests, nextEnd } = timer();
    requests.came(1_000, false);
    requests.came(10, false);
    requests.start();
    requests.came(5, true);
    expect(nextEnd()).toEqual([15, 50]);
  });

  it('stops with the request', () => {
    const { timer: requests, stops } = timer();
    requests.stop();
    expect(stops()).toBe(0);
    requests.start();
    requests.stop();
    expect(stops()).toBe(1);
  });
});
