import type { Timer, Timers } from '../workspace/timers.ts';

/** The timers of one sleigh by name; each runs at most once at a time. */
export class NamedTimers {
  readonly #running = new Map<string, Timer>();
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get running(): ReadonlyMap<string, Timer> {
    return this.#running;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  start(name: string, seconds: number, fired: () => void): void {
    this.stop(name);
    const timer = this.#timers.start(seconds * 1000, () => {
      this.#running.delete(name);
      fired();
    });
    this.#running.set(name, timer);
  }

  stop(name: string): void {
    this.#running.get(name)?.stop();
    this.#running.delete(name);
  }

  stopAll(): void {
    for (const timer of this.#running.values()) timer.stop();
    this.#running.clear();
  }
}
