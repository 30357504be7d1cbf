import type { Series } from './series-types.ts';

/** The number of samples that are kept. */
const LENGTH = 300;

/** Metrics over time: one sample a second; the oldest is dropped. */
export class History {
  readonly #names: readonly string[];
  readonly #columns: number[][];

  /** @param names the names of the metrics, without the time */
  constructor(names: readonly string[]) {
    this.#names = names;
    this.#columns = [[], ...names.map((): number[] => [])];
  }

  add(time: number, figures: readonly number[]): void {
    for (const [i, column] of this.#columns.entries()) {
      column.push(i === 0 ? time : (figures[i - 1] ?? 0));
      if (column.length > LENGTH) column.shift();
    }
  }

  get series(): Series {
    return { names: this.#names, columns: this.#columns };
  }
}
