import { delay, type Clock } from '../clock.ts';

/** The time that a pace may make up for when it was late, in milliseconds: timers are not exact. */
const MADE_UP_MS = 50;

/** Lets a limited number of elements pass in a second, at equal distances. */
export class Pace {
  readonly #clock: Clock;
  readonly #distance: number;
  /** When the next one may pass, in milliseconds of the clock. */
  #next: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#distance = 1_000 / perSecond;
    this.#next = clock.now();
  }

  /** @returns when the next element may pass; undefined for now */
  pass(): Promise<void> | undefined {
    const now = this.#clock.now();
    const due = Math.max(this.#next, now - MADE_UP_MS);
    this.#next = due + this.#distance;
    return due <= now ? undefined : delay(this.#clock, due - now);
  }
}
