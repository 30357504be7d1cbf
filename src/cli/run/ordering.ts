import Denque from 'denque';

/** Returns items in the order in which they were expected, or at once if the order does not matter. */
export class Ordering<T> {
  readonly #isOrdered: boolean;
  /** The expected lines, in order. */
  readonly #expected = new Denque<number>();
  readonly #ready = new Map<number, T>();

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  /** The number of items that wait for an earlier one. */
  get waiting(): number {
    return this.#ready.size;
  }

  expect(line: number): void {
    if (this.#isOrdered) this.#expected.push(line);
  }

  add(line: number, item: T): void {
    this.#ready.set(line, item);
  }

  /** Removes the items whose turn it is. */
  *due(): Generator<T> {
    if (!this.#isOrdered) {
      for (const [line, item] of this.#ready) {
        this.#ready.delete(line);
        yield item;
      }
      return;
    }
    for (let line = this.#expected.peekFront(); line !== undefined; line = this.#expected.peekFront()) {
      const item = this.#ready.get(line);
      if (item === undefined) return;
      this.#expected.shift();
      this.#ready.delete(line);
      yield item;
    }
  }
}
