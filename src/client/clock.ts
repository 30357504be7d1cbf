import { startTimer, type Timer } from './options/durations.ts';

export type { Timer } from './options/durations.ts';

/** The time, for the rules of the client. */
export interface Clock {
  /** Milliseconds since some moment, never decreasing. */
  now(): number;
  /** The time of day, for people. */
  date(): Date;
  /** @param milliseconds from 0; Infinity never elapses and does not keep the process alive */
  startTimer(milliseconds: number, onElapsed: () => void): Timer;
}

/** The clock of this host. */
export const hostClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  startTimer: (milliseconds, onElapsed) => startTimer(milliseconds, onElapsed, { ref: false }),
};

/** Resolves after that time. */
export const delay = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => clock.startTimer(milliseconds, resolve));
