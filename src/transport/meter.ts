/** Upper bounds of the buckets, seconds; one more takes what is above. */
export const HANDLING_BOUNDS: readonly number[] = [
  10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 100e-3, 1,
];

/** How long the server took for what came. Counted in place, since it is counted for everything. */
export class Meter {
  /** Events that the core has handled. */
  events = 0;
  /** Seconds that all of them took, and how many took how long, by `HANDLING_BOUNDS`. */
  seconds = 0;
  readonly buckets: number[] = Array.from({ length: HANDLING_BOUNDS.length + 1 }, () => 0);

  /** @param milliseconds from when the event came until its commands were carried out */
  handled(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    this.events++;
    this.seconds += seconds;
    let bucket = 0;
    while (seconds > (HANDLING_BOUNDS[bucket] ?? Infinity)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + 1;
  }
}
