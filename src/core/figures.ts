/** The upper ends of the buckets of a histogram, in seconds; one more bucket is for all that takes longer. */
export const BOUNDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600] as const;

/** How long something took, in buckets. */
export class Histogram {
  /** How many fell into each bucket, those of smaller buckets left out; the last is for what is over all ends. */
  readonly buckets: number[] = Array.from({ length: BOUNDS.length + 1 }, () => 0);
  readonly bounds = BOUNDS;
  /** Seconds in all. */
  sum = 0;

  add(seconds: number): void {
    let at = 0;
    for (const bound of BOUNDS) {
      if (seconds <= bound) break;
      at++;
    }
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.sum += seconds;
  }
}

/** The name under which requests without a verb of ours are counted. */
export const OTHER_VERBS = 'other';

/** What the server has done since its start, for whoever watches it. */
export class Figures {
  readonly #requests = new Map<string, { count: number }>();
  /** How long requests of each verb were blocked until they were answered or refused. */
  readonly blocked = new Map<string, Histogram>();
  bytesIn = 0;
  bytesOut = 0;
  requestCount = 0;

  /** Requests of each verb. */
  get requests(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#requests, ([verb, { count }]) => [verb, count]));
  }

  countRequest(verb: string): void {
    this.requestCount++;
    const requests = this.#requests.get(verb);
    if (requests === undefined) this.#requests.set(verb, { count: 1 });
    else requests.count++;
  }

  countBlocked(verb: string, milliseconds: number): void {
    let histogram = this.blocked.get(verb);
    if (histogram === undefined) this.blocked.set(verb, (histogram = new Histogram()));
    histogram.add(milliseconds / 1000);
  }
}
