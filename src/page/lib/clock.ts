/** The clock of a replay: the shown step of the trace, and the speed. It is pure; the caller passes the time. */

export interface ReplayClock {
  /** The number of steps taken: from 1 to all of the trace. */
  readonly step: number;
  readonly steps: number;
  readonly isPlaying: boolean;
  /** Steps a second. */
  readonly speed: number;
  /** The part of the next step that has passed, 0 to 1. */
  readonly part: number;
}

export const SPEEDS = [1, 2, 5, 10, 25, 100, 500] as const;

export const newClock = (steps: number, step = 1): ReplayClock =>
  seek({ step: 1, steps, isPlaying: false, speed: 5, part: 0 }, step);

export function seek(clock: ReplayClock, step: number): ReplayClock {
  return { ...clock, step: Math.min(clock.steps, Math.max(1, Math.round(step))), part: 0 };
}

/** Moves one step forward or back, which ends playing. */
export const move = (clock: ReplayClock, by: number): ReplayClock =>
  seek({ ...clock, isPlaying: false }, clock.step + by);

/** Starts playing; at the end it starts from the beginning. */
export function play(clock: ReplayClock): ReplayClock {
  const begun = isAtEnd(clock) ? seek(clock, 1) : clock;
  return { ...begun, isPlaying: clock.steps > 1 };
}

export const pause = (clock: ReplayClock): ReplayClock => ({ ...clock, isPlaying: false, part: 0 });

export const isAtEnd = ({ step, steps }: ReplayClock): boolean => step >= steps;

/** Advances by some milliseconds. It stops at the end. */
export function elapse(clock: ReplayClock, milliseconds: number): ReplayClock {
  if (!clock.isPlaying) return clock;
  const passed = clock.part + (milliseconds / 1000) * clock.speed;
  const moved = seek(clock, clock.step + Math.floor(passed));
  return isAtEnd(moved) ? pause(moved) : { ...moved, part: passed % 1 };
}
