import type { Limits } from '../wire/limits.ts';
import type { Timer, Timers } from '../workspace/timers.ts';

/** Checks at the end of each period whether enough of a request has arrived (P12). */
export class RequestTimer {
  readonly #timers: Timers;
  readonly #limits: Limits;
  readonly #elapsed: (enough: boolean) => void;
  #timer: Timer | undefined;
  /** Bytes that have arrived in this period. */
  #progress = 0;

  constructor(timers: Timers, limits: Limits, elapsed: (enough: boolean) => void) {
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
      const enough = this.#progress >= this.#limits.progressBytes;
      this.#progress = 0;
      this.#elapsed(enough);
    });
  }

  stop(): void {
    this.#timer?.stop();
  }
}
