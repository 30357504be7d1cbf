import type { AwakeTime, AwakeTimeout } from './awake.ts';

/** Milliseconds that timers which expire together may take before sockets are looked at (P14). */
const TURN_MS = 5;

/** Timers by number, in time during which the process ran. */
export class RealTimers {
  readonly #running = new Map<number, AwakeTimeout>();
  /** Timers that have expired and wait for their turn, in order; those that were stopped meanwhile do not run any more. */
  #expired: number[] = [];
  #isScheduled = false;
  readonly #time: AwakeTime;
  readonly #fired: (timer: number) => void;

  constructor(time: AwakeTime, fired: (timer: number) => void) {
    this.#time = time;
    this.#fired = fired;
  }

  start(timer: number, milliseconds: number): void {
    const timeout = this.#time.startTimeout(Math.max(milliseconds, 0), () => {
      this.#expired.push(timer);
      // Node calls all timers that are due before it looks at a socket.
      if (!this.#isScheduled) this.#fire();
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

  #fire(): void {
    const { loop } = this.#time;
    this.#isScheduled = true;
    loop.soon(() => {
      this.#isScheduled = false;
      if (this.#expired.length > 0) this.#fire();
    });
    const ends = loop.now() + TURN_MS;
    let count = 0;
    for (const timer of this.#expired) {
      count++;
      if (this.#running.delete(timer)) this.#fired(timer);
      if (loop.now() > ends) break;
    }
    this.#expired = this.#expired.slice(count);
  }
}
