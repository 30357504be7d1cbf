import type { Clock } from '../clock.ts';

/** The time over which the rate is measured, in milliseconds. */
const SPAN_MS = 10_000;
/** The number of measurements that are kept for that time. */
const STEPS = 20;

interface Measurement {
  readonly at: number;
  readonly done: number;
}

/** How many elements of a batch are done in a second. */
export class Rate {
  readonly #clock: Clock;
  readonly #span: number;
  /** Oldest first. */
  readonly #measurements: Measurement[];

  /** @param span the time over which it is measured, in milliseconds */
  constructor(clock: Clock, span = SPAN_MS) {
    this.#clock = clock;
    this.#span = span;
    this.#measurements = [{ at: clock.now(), done: 0 }];
  }

  /**
   * @param done the number of elements that are done
   * @returns elements a second
   */
  at(done: number): number {
    const at = this.#clock.now();
    const latest = this.#measurements.at(-1);
    if (latest === undefined || at - latest.at >= this.#span / STEPS) this.#measurements.push({ at, done });
    while (this.#measurements.length > 2 && at - (this.#measurements[1]?.at ?? at) >= this.#span)
      this.#measurements.shift();
    const [oldest = { at, done }] = this.#measurements;
    // Failed elements that are called again are not done any more.
    return (1_000 * Math.max(0, done - oldest.done)) / Math.max(1, at - oldest.at);
  }
}
