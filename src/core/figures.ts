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
    const bucket = this.bounds.findIndex((end) => seconds <= end);
    const at = bucket === -1 ? BOUNDS.length : bucket;
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
    this.sum += seconds;
  }
}

/** The name under which requests without a verb of ours are counted. */
export const OTHER_VERBS = 'other';

/** What the server has done since its start, for whoever watches it. */
export class Figures {
  /** Requests of each verb. */
  readonly requests = new Map<string, number>();
  /** How long requests of each verb were blocked until they were answered or refused. */
  readonly blocked = new Map<string, Histogram>();
  bytesIn = 0;
  bytesOut = 0;
  requestCount = 0;

  countRequest(verb: string): void {
    this.requestCount++;
    this.requests.set(verb, (this.requests.get(verb) ?? 0) + 1);
  }

  countBlocked(verb: string, milliseconds: number): void {
    let histogram = this.blocked.get(verb);
    if (histogram === undefined) this.blocked.set(verb, (histogram = new Histogram()));
    histogram.add(milliseconds / 1000);
  }
}
