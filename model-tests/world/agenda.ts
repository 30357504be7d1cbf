interface Entry {
  readonly at: number;
  /** Of two events at the same time, the one that was scheduled first is first. */
  readonly order: number;
  readonly act: () => void;
  cancelled: boolean;
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** The scheduled events, in simulated milliseconds: a binary heap. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #planned = 0;
  now: number;

  constructor(start: number) {
    this.now = start;
  }

  /** @returns a function that cancels it */
  after(milliseconds: number, act: () => void): () => void {
    return this.at(this.now + Math.max(milliseconds, 0), act);
  }

  /**
   * @param at a time that has not passed
   * @returns a function that cancels it
   */
  at(at: number, act: () => void): () => void {
    const entry = { at, order: this.#planned++, act, cancelled: false };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return () => {
      entry.cancelled = true;
    };
  }

  /** @returns whether an event happened before or at `until` */
  step(until: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return false;
      this.#removeFirst();
      if (next.cancelled) continue;
      this.now = next.at;
      next.act();
      return true;
    }
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(at: number): void {
    for (let child = at; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#swapUnlessInOrder(parent, child)) return;
      child = parent;
    }
  }

  #sink(): void {
    for (let parent = 0; ;) {
      const left = 2 * parent + 1;
      const [a, b] = [this.#heap[left], this.#heap[left + 1]];
      if (a === undefined) return;
      const child = b !== undefined && isBefore(b, a) ? left + 1 : left;
      if (!this.#swapUnlessInOrder(parent, child)) return;
      parent = child;
    }
  }

  #swapUnlessInOrder(parent: number, child: number): boolean {
    const [above, below] = [this.#heap[parent], this.#heap[child]];
    if (above === undefined || below === undefined || !isBefore(below, above)) return false;
    this.#heap[parent] = below;
    this.#heap[child] = above;
    return true;
  }
}
