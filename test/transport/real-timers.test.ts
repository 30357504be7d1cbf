import { describe, expect, it } from 'vitest';
import { processTime } from '../../src/transport/awake.ts';
import { RealTimers } from '../../src/transport/real-timers.ts';

describe('timers that expire together (P14)', () => {
  /** Each of them keeps the process busy for a while. */
  const BUSY_MS = 3;
  const COUNT = 40;

  it('run in order, a few at a time, and other work runs between them', async () => {
    const fired: number[] = [];
    let sinceTurn = 0;
    let most = 0;
    const turn = (): void => {
      most = Math.max(most, sinceTurn);
      sinceTurn = 0;
      if (fired.length < COUNT) setImmediate(turn);
    };
    const timers = new RealTimers(processTime, (timer) => {
      const until = performance.now() + BUSY_MS;
      while (performance.now() < until);
      fired.push(timer);
      sinceTurn++;
    });
    setImmediate(turn);
    for (let timer = 0; timer < COUNT; timer++) timers.start(timer, 5);
    await expect.poll(() => fired.length, { timeout: 30_000 }).toBe(COUNT);
    expect(fired).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    expect(most).toBeLessThanOrEqual(4);
  });

  it('do not run after another one of them has stopped them', async () => {
    const fired: number[] = [];
    const timers = new RealTimers(processTime, (timer) => {
      fired.push(timer);
      if (timer === 0) timers.stop(1);
      if (timer === 2) timers.stopAll();
      const until = performance.now() + BUSY_MS;
      while (performance.now() < until);
    });
    for (let timer = 0; timer < 5; timer++) timers.start(timer, 5);
    await expect.poll(() => fired, { timeout: 30_000 }).toContain(2);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(fired).toEqual([0, 2]);
  });
});
