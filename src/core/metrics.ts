/** The upper ends of the buckets of a histogram, in seconds; one more bucket is for all that takes longer. */
const OF_WAITING = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600];

/** How long something took, in buckets. */
export class Histogram {
  /** How many fell into each bucket, those of smaller buckets left out; the last is for what is over all ends. */
  readonly counts: number[];
  /** Seconds in all. */
  sum = 0;
  count = 0;

  readonly ends: readonly number[];

  constructor(ends: readonly number[]) {
    this.ends = ends;
    this.counts = Array.from({ length: ends.length + 1 }, () => 0);
  }

  add(seconds: number): void {
    let at = 0;
    while (seconds > (this.ends[at] ?? Infinity)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += seconds;
    this.count++;
  }
}

/** The name under which requests without a verb of ours are counted. */
export const OTHER_VERBS = 'other';

/** What the server has done since its start, for whoever watches it. */
export class Metrics {
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

  /** Refusals, and connections that ended, by the limit that was met (P12). */
  readonly refusals = new Map<string, number>();

  countRefusal(limit: string): void {
    this.refusals.set(limit, (this.refusals.get(limit) ?? 0) + 1);
  }

  countRequest(verb: string): void {
    this.requestCount++;
    const requests = this.#requests.get(verb);
    if (requests === undefined) this.#requests.set(verb, { count: 1 });
    else requests.count++;
  }

  countBlocked(verb: string, milliseconds: number): void {
    let histogram = this.blocked.get(verb);
    if (histogram === undefined) this.blocked.set(verb, (histogram = new Histogram(OF_WAITING)));
    histogram.add(milliseconds / 1000);
  }
}
