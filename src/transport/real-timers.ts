/** What setTimeout can wait for at most; longer waits are made of several. */
const LONGEST = 2 ** 31 - 1;

/** Timers by number, by the clock of the machine. */
export class RealTimers {
  readonly #running = new Map<number, NodeJS.Timeout>();
  readonly #fired: (timer: number) => void;

  constructor(fired: (timer: number) => void) {
    this.#fired = fired;
  }

  start(timer: number, milliseconds: number): void {
    const wait = Math.min(Math.max(milliseconds, 0), LONGEST);
    const timeout = setTimeout(() => {
      if (milliseconds > LONGEST) return this.start(timer, milliseconds - LONGEST);
      this.#running.delete(timer);
      this.#fired(timer);
    }, wait);
    this.#running.set(timer, timeout);
  }

  stop(timer: number): void {
    clearTimeout(this.#running.get(timer));
    this.#running.delete(timer);
  }

  stopAll(): void {
    for (const timeout of this.#running.values()) clearTimeout(timeout);
    this.#running.clear();
  }
}
