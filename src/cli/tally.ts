import type { LineError, LineOutcome } from './line-outcome.ts';

/** How far a run has come. */
export class Tally {
  done = 0;
  failed = 0;
  firstFailure: LineError | undefined;
  readonly #started = performance.now();

  /** Counts what passes. @param ended called when no more will, before who takes them goes on */
  async *count(outcomes: AsyncIterable<LineOutcome>, ended: () => void): AsyncGenerator<LineOutcome> {
    try {
      for await (const outcome of outcomes) {
        this.done++;
        if ('error' in outcome) this.fail(outcome);
        yield outcome;
      }
    } finally {
      ended();
    }
  }

  fail(failure: LineError): void {
    this.failed++;
    this.firstFailure ??= failure;
  }

  /** One line. */
  get progress(): string {
    const perSecond = Math.round((1000 * this.done) / (performance.now() - this.#started));
    const failed = this.failed === 0 ? '' : `, ${this.failed} failed`;
    return `${this.done} lines done${failed}, ${perSecond} a second`;
  }

  /** What went wrong in all, with the place of the first; undefined when nothing did. */
  get failures(): string | undefined {
    if (this.firstFailure === undefined) return undefined;
    const { line, stack } = this.firstFailure;
    return `${this.failed} of ${this.done} lines failed; the first was line ${line}: ${stack}`;
  }
}
