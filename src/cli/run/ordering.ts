import Denque from 'denque';

/** Gives back what comes in any order in the order in which it was expected; or at once, where the order does not matter. */
export class Ordering<T> {
  readonly #isOrdered: boolean;
  /** Lines that are expected, in their order. */
  readonly #expected = new Denque<number>();
  readonly #ready = new Map<number, T>();

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  /** How many have come and wait for an earlier one. */
  get waiting(): number {
    return this.#ready.size;
  }

  expect(line: number): void {
    if (this.#isOrdered) this.#expected.push(line);
  }

  add(line: number, item: T): void {
    this.#ready.set(line, item);
  }

  /** Takes out what is due. */
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
