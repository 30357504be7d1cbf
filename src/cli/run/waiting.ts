/** Watches whether the workers of a job have come. */
export class WorkerWatch implements Disposable {
  readonly #expected: number;
  readonly #timer: NodeJS.Timeout;
  readonly #begun = performance.now();
  #present = 0;

  /**
   * @param expected how many are to come
   * @param ask gives how many are there
   */
  constructor(expected: number, ask: () => Promise<number | undefined>) {
    this.#expected = expected;
    const look = async (): Promise<void> => {
      // Where the job is over, or cannot be asked, others say so.
      this.#present = (await ask().catch(() => undefined)) ?? this.#present;
      if (this.#present >= expected) clearInterval(this.#timer);
    };
    this.#timer = setInterval(() => void look(), PERIOD_MS).unref();
  }

  /** For people, and for programs; undefined where nobody is waited for, or not for long. */
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
