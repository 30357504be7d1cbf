import type { Limits } from '../wire/limits.ts';
import type { Timer, Timers } from '../workspace/timers.ts';

/** Checks at the end of each period whether enough of a request has arrived (P12). */
export class RequestTimer {
  readonly #timers: Timers;
  readonly #limits: Limits;
  readonly #elapsed: (bytes: number, required: number) => void;
  #timer: Timer | undefined;
  /** Bytes that have arrived in this period. */
  #progress = 0;

  constructor(timers: Timers, limits: Limits, elapsed: (bytes: number, required: number) => void) {
    this.#timers = timers;
    this.#limits = limits;
    this.#elapsed = elapsed;
  }

  /** @param isMidRequest whether earlier bytes belong to the same request */
  came(bytes: number, isMidRequest: boolean): void {
    this.#progress = isMidRequest ? this.#progress + bytes : bytes;
  }

  start(): void {
    this.#timer = this.#timers.start(this.#limits.requestSeconds * 1000, () => {
      const bytes = this.#progress;
      this.#progress = 0;
      this.#elapsed(bytes, this.#limits.progressBytes);
    });
  }

  stop(): void {
    this.#timer?.stop();
  }
}
