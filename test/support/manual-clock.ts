import type { Clock, Timer } from '../../src/client/clock.ts';

/** A clock that goes on when the test says so. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Map<Timer, { readonly due: number; readonly onElapsed: () => void }>();

  now = (): number => this.#now;
  date = (): Date => new Date(this.#now);

  startTimer(milliseconds: number, onElapsed: () => void): Timer {
    const timer: Timer = { stop: () => void this.#timers.delete(timer) };
    if (milliseconds !== Infinity) this.#timers.set(timer, { due: this.#now + milliseconds, onElapsed });
    return timer;
  }

  /** The number of timers that run. */
  get running(): number {
    return this.#timers.size;
  }

  /** Lets that time elapse, with the timers that are due. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.due - b.due);
      if (next === undefined || next[1].due > until) break;
      const [timer, { due, onElapsed }] = next;
      this.#timers.delete(timer);
      this.#now = due;
      onElapsed();
    }
    this.#now = until;
  }
}
