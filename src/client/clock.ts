import { startTimer, type Timer } from './options/durations.ts';

export type { Timer } from './options/durations.ts';

/** Time, as the rules of the client see it. */
export interface Clock {
  /** Milliseconds since some moment. It never goes back. */
  now(): number;
  /** The time of day, for people. */
  date(): Date;
  /** @param milliseconds from 0; it never elapses where that is Infinity, and does not keep the process alive */
  startTimer(milliseconds: number, onElapsed: () => void): Timer;
}

/** The clock of this host. */
export const hostClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  startTimer: (milliseconds, onElapsed) => startTimer(milliseconds, onElapsed, { ref: false }),
};

/** Resolves when that time has passed. */
export const delay = (clock: Clock, milliseconds: number): Promise<void> =>
  new Promise((resolve) => clock.startTimer(milliseconds, resolve));
