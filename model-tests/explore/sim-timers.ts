import type { Timer, Timers } from '../../src/workspace/timers.ts';

class SimTimer implements Timer {
  readonly #running: Set<SimTimer>;
  readonly fired: () => void;

  constructor(running: Set<SimTimer>, fired: () => void) {
    this.#running = running;
    this.fired = fired;
    running.add(this);
  }

  get isRunning(): boolean {
    return this.#running.has(this);
  }
  stop(): void {
    this.#running.delete(this);
  }
}

/** Time is abstract: any running timer may expire next, whatever its duration. */
export class SimTimers implements Timers {
  readonly running = new Set<SimTimer>();

  start(_milliseconds: number, fired: () => void): Timer {
    return new SimTimer(this.running, fired);
  }

  fire(timer: unknown): void {
    if (!(timer instanceof SimTimer) || !timer.isRunning) throw new Error('this timer is not running');
    timer.stop();
    timer.fired();
  }
}
