import type { Clock, Timer } from '../clock.ts';
import type { CallReport } from '../task/call-report.ts';

/** Milliseconds between two values of the progress of one call. */
const PERIOD_MS = 50;

export interface CallReporterOptions {
  readonly clock: Clock;
  readonly send: (report: CallReport) => void;
  /** Batch, index and worker of the call. */
  readonly about: Omit<CallReport, 'type' | 'value'>;
}

/** Sends what one call says to its master: every line, and the newest value of its progress, a few times a second. */
export class CallReporter {
  readonly #options: CallReporterOptions;
  #latest: { readonly value: unknown } | undefined;
  #timer: Timer | undefined;

  constructor(options: CallReporterOptions) {
    this.#options = options;
  }

  progress(value: unknown): void {
    this.#latest = { value };
    if (this.#timer === undefined) this.#flush();
  }

  log(value: string): void {
    const { send, about } = this.#options;
    send({ ...about, type: 'log', value });
  }

  /** The call has ended. */
  end(): void {
    this.#timer?.stop();
    this.#send();
  }

  #flush(): void {
    this.#timer = this.#options.clock.startTimer(PERIOD_MS, () => {
      this.#timer = undefined;
      if (this.#latest !== undefined) this.#flush();
    });
    this.#send();
  }

  #send(): void {
    const { send, about } = this.#options;
    if (this.#latest !== undefined) send({ ...about, type: 'progress', value: this.#latest.value });
    this.#latest = undefined;
  }
}
