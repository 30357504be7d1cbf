import { AwakeTimeout } from './awake.ts';

/** Timers by number, in time during which the process ran. */
export class RealTimers {
  readonly #running = new Map<number, AwakeTimeout>();
  readonly #fired: (timer: number) => void;

  constructor(fired: (timer: number) => void) {
    this.#fired = fired;
  }

  start(timer: number, milliseconds: number): void {
    const timeout = new AwakeTimeout(Math.max(milliseconds, 0), () => {
      this.#running.delete(timer);
      this.#fired(timer);
    });
    this.#running.set(timer, timeout);
  }

  stop(timer: number): void {
    this.#running.get(timer)?.stop();
    this.#running.delete(timer);
  }

  stopAll(): void {
    for (const timeout of this.#running.values()) timeout.stop();
    this.#running.clear();
  }
}
