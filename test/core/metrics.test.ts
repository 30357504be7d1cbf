import { describe, expect, it } from 'vitest';
import { HANDLING_SECONDS, Histogram, Metrics } from '../../src/core/metrics.ts';

describe('a histogram', () => {
  it('is empty at first', () => {
    expect(new Histogram([1, 2])).toEqual({ ends: [1, 2], counts: [0, 0, 0], sum: 0, count: 0 });
  });

  it('counts each duration in the first bucket whose bound it does not exceed, and long ones in the last', () => {
    const histogram = new Histogram([1, 2]);
    for (const seconds of [0, 1, 1.5, 2, 2.5, 9]) histogram.add(seconds);
    expect(histogram).toEqual({ ends: [1, 2], counts: [2, 2, 2], sum: 16, count: 6 });
  });

  it('of handling times has bounds from 10 µs to a second', () => {
    expect(HANDLING_SECONDS.map((seconds) => Math.round(seconds * 1e6))).toEqual([
      10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000,
    ]);
  });
});

const BROKEN = {
  scope: 'connection 1',
  actor: 'connection',
  chart: 'a machine',
  event: 'an event',
  before: 'open',
  after: 'closed',
  reason: 'on purpose',
  story: [],
};

describe('the metrics', () => {
  it('have a histogram of seconds for each verb that was blocked', () => {
    const metrics = new Metrics();
    metrics.countBlocked('fetch', 1);
    expect([...metrics.blocked.keys()]).toEqual(['fetch']);
    expect(metrics.blocked.get('fetch')).toEqual({
      ends: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600],
      counts: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      sum: 0.001,
      count: 1,
    });
  });

  it('count requests by their verb', () => {
    const metrics = new Metrics();
    for (const verb of ['store', 'fetch', 'store']) metrics.countRequest(verb);
    expect([metrics.requestCount, [...metrics.requests]]).toEqual([
      3,
      [
        ['store', 2],
        ['fetch', 1],
      ],
    ]);
  });

  it('begin with nothing', () => {
    const { requestCount, bytesIn, bytesOut, requests, blocked, refusals, violations } = new Metrics();
    expect([requestCount, bytesIn, bytesOut]).toEqual([0, 0, 0]);
    for (const counted of [requests, blocked, refusals, violations]) expect(counted.size).toBe(0);
  });

  it('keep the newest 20 steps that a machine does not allow, and count all of them', () => {
    const metrics = new Metrics();
    const broken = Array.from({ length: 22 }, (_, time) => ({ ...BROKEN, time }));
    for (const step of broken.slice(0, 20)) metrics.countViolation(step);
    expect(metrics.newestViolations).toEqual(broken.slice(0, 20));
    for (const step of broken.slice(20)) metrics.countViolation(step);
    expect(metrics.newestViolations).toEqual(broken.slice(2));
    expect([...metrics.violations]).toEqual([['a machine', 22]]);
  });
});
