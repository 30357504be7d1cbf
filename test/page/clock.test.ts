import { describe, expect, test } from 'vitest';
import { elapse, move, newClock, pause, play, seek } from '../../src/page/lib/clock.ts';

describe('the clock of a replay', () => {
  test('stands still until it is started', () => {
    expect(elapse(newClock(10), 5000).step).toBe(1);
  });

  test('advances by its speed, and carries fractions of a step over many short frames', () => {
    let clock = play(newClock(1000));
    for (let frame = 0; frame < 60; frame++) clock = elapse(clock, 1000 / 60);
    expect(clock.step).toBeGreaterThanOrEqual(5);
    expect(clock.step).toBeLessThanOrEqual(6);
    expect(elapse({ ...clock, speed: 100, part: 0 }, 1000).step).toBe(clock.step + 100);
  });

  test('stops at the last step, and starts again from the beginning when it is started there', () => {
    const ended = elapse(play(newClock(4)), 60_000);
    expect(ended).toMatchObject({ step: 4, isPlaying: false });
    expect(play(ended)).toMatchObject({ step: 1, isPlaying: true });
  });

  test('moves only within the trace, and a manual step pauses it', () => {
    expect(seek(newClock(4), 99).step).toBe(4);
    expect(seek(newClock(4), -1).step).toBe(1);
    expect(move(play(newClock(4, 1)), 1)).toMatchObject({ step: 2, isPlaying: false });
    expect(pause(play(newClock(4))).isPlaying).toBe(false);
  });

  test('cannot be started for a trace with at most one step', () => {
    expect(play(newClock(1)).isPlaying).toBe(false);
    expect(play(newClock(0))).toMatchObject({ step: 0, isPlaying: false });
  });
});
