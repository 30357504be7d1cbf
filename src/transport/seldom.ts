import { performance } from 'node:perf_hooks';

/** Milliseconds between two reports of the same kind. */
const PERIOD_MS = 10_000;

/** Reports an event that may happen thousands of times a second: at once, then the number of times in each period. */
export class Seldom {
  #last = Number.NEGATIVE_INFINITY;
  #since = 0;
  readonly #report: (times: number, fields: Record<string, unknown>) => void;

  /** @param report called with the number of times since the last report, and the fields of the newest event */
  constructor(report: (times: number, fields: Record<string, unknown>) => void) {
    this.#report = report;
  }

  happened(fields: Record<string, unknown>): void {
    this.#since++;
    const now = performance.now();
    if (now - this.#last < PERIOD_MS) return;
    this.#last = now;
    this.#report(this.#since, fields);
    this.#since = 0;
  }
}
