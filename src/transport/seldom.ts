import { performance } from 'node:perf_hooks';

/** Milliseconds between two reports of the same kind. */
const PERIOD_MS = 10_000;

/** Reports what may happen thousands of times a second: at once, then how often it has happened, now and then. */
export class Seldom {
  #last = Number.NEGATIVE_INFINITY;
  #since = 0;
  readonly #report: (times: number, fields: Record<string, unknown>) => void;

  /** @param report told how often it has happened since the last report, and the fields of the newest */
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
