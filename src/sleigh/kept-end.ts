import type { WorkerEnd } from '../machines/worker-end.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';

/**
 * How a worker ended (S19), as the null results of its copies of broadcasts carry it, and a task that it declined. They
 * share its texts, so these are counted once, from the first that is kept until the last one is taken (P12).
 */
export class KeptEnd {
  readonly end: WorkerEnd;
  readonly #accounting: StorageAccounting;
  /** The number of `NullResults` and tasks that are kept with it. */
  #uses = 0;

  constructor(accounting: StorageAccounting, end: WorkerEnd) {
    this.#accounting = accounting;
    this.end = end;
  }

  /** In bytes. */
  get #memory(): number {
    const { why, how = '', lastWords = '' } = this.end;
    return why.length + how.length + lastWords.length;
  }

  keep(): void {
    if (this.#uses++ === 0) this.#accounting.take('nullResults', this.#memory);
  }

  drop(): void {
    if (--this.#uses === 0) this.#accounting.give('nullResults', this.#memory);
  }
}
