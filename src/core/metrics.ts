import type { BrokenStep } from '../trace/verifier.ts';

/** The upper bounds of the buckets of a histogram, in seconds. One more bucket is for longer times. */
const OF_WAITING = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 600];

/** The upper bounds of the buckets for handling times, in seconds. */
export const HANDLING_SECONDS: readonly number[] = [
  10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 100e-3, 1,
];

/** A histogram of durations. */
export class Histogram {
  /** The count of each bucket, not cumulative. The last one is for durations over all bounds. */
  readonly counts: number[];
  /** The sum in seconds. */
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

/** The name under which requests with an unknown verb are counted. */
export const OTHER_VERBS = 'other';

/** The number of violations that are kept for the page. */
const VIOLATIONS_KEPT = 20;

/** Counts the work of the server since its start. */
export class Metrics {
  readonly #requests = new Map<string, { count: number }>();
  /** How long requests of each verb were blocked until they were answered or refused. */
  readonly blocked = new Map<string, Histogram>();
  bytesIn = 0;
  bytesOut = 0;
  requestCount = 0;

  /** The number of requests of each verb. */
  get requests(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#requests, ([verb, { count }]) => [verb, count]));
  }

  /** Refused requests and closed connections, by the limit that was reached (P12). */
  readonly refusals = new Map<string, number>();

  /** Steps that a machine does not allow, by the machine. */
  readonly violations = new Map<string, number>();
  /** The newest of them, oldest first. */
  readonly newestViolations: BrokenStep[] = [];

  countViolation(broken: BrokenStep): void {
    this.violations.set(broken.chart, (this.violations.get(broken.chart) ?? 0) + 1);
    this.newestViolations.push(broken);
    if (this.newestViolations.length > VIOLATIONS_KEPT) this.newestViolations.shift();
  }

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
