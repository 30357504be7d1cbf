import type { EventLoop } from '../../src/transport/event-loop.ts';
import { ManualClock } from './manual-clock.ts';

/** An event loop whose time goes on, and whose turns end, when the test says so. */
export class ManualLoop implements EventLoop {
  readonly timeOrigin = 0;
  readonly #clock = new ManualClock();
  #soon: (() => void)[] = [];
  /** Time that passed without timers: the process was busy, or asleep. */
  #skipped = 0;

  now = (): number => this.#clock.now() + this.#skipped;

  startTimer(milliseconds: number, fired: () => void): () => void {
    const timer = this.#clock.startTimer(milliseconds, fired);
    return () => timer.stop();
  }

  startInterval(milliseconds: number, fired: () => void): () => void {
    const interval = { stop: this.startTimer(milliseconds, () => next()) };
    const next = (): void => {
      interval.stop = this.startTimer(milliseconds, next);
      fired();
    };
    return () => interval.stop();
  }

  soon(act: () => void): void {
    this.#soon.push(act);
  }

  /** The number of timers and intervals that run. */
  get running(): number {
    return this.#clock.running;
  }

  advance(milliseconds: number): void {
    this.#clock.advance(milliseconds);
  }

  /** No timer fires meanwhile. */
  skip(milliseconds: number): void {
    this.#skipped += milliseconds;
  }

  /** The sockets have had their turn. */
  turn(): void {
    for (const act of this.#soon.splice(0)) act();
  }
}
