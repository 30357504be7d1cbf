/** Observes whether the workers of a job have registered. */
export class WorkerWatch implements Disposable {
  readonly #expected: number;
  readonly #timer: NodeJS.Timeout;
  readonly #begun = performance.now();
  #present = 0;

  /**
   * @param expected the expected number of workers
   * @param ask returns the current number
   */
  constructor(expected: number, ask: () => Promise<number | undefined>) {
    this.#expected = expected;
    const look = async (): Promise<void> => {
      // If the job has ended or does not answer, other code reports that.
      this.#present = (await ask().catch(() => undefined)) ?? this.#present;
      if (this.#present >= expected) clearInterval(this.#timer);
    };
    this.#timer = setInterval(() => void look(), PERIOD_MS).unref();
  }

  /** A report for people and for programs; undefined if no worker is missing, or only for a short time. */
  get report(): { readonly text: string; readonly event: object } | undefined {
    const seconds = Math.floor((performance.now() - this.#begun) / 1000);
    if (seconds < SILENT_SECONDS || this.#present >= this.#expected) return undefined;
    const counts = { workers: this.#present, expected: this.#expected };
    return {
      text: `waiting for workers: ${this.#present} of ${this.#expected}, since ${seconds} s`,
      event: { event: 'waiting', ...counts, seconds },
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const PERIOD_MS = 1_000;
const SILENT_SECONDS = 2;
