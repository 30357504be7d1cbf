/** The target duration of a task in milliseconds: about ten times the cost of its transport. */
const WORTH = 2;
/**
 * Milliseconds after which a worker returns the elements of a chunk that it has not started, so that other workers
 * can run them.
 */
export const CHUNK_BUDGET = 5;
/** The largest number of elements of a chunk. More elements save hardly anything. */
const LARGEST_CHUNK = 100;
/** The largest size of a chunk in bytes, except for a single larger element. */
export const MAX_BYTES = 65_536;
/** The share of the difference by which a smaller measurement lowers the average. */
const EASE = 1 / 4;

/**
 * An average that rises at once and falls slowly, because small chunks cost a little, while large chunks delay
 * others.
 */
class Mean {
  value = 0;

  add(total: number, count: number): void {
    const one = total / count;
    this.value = one > this.value ? one : this.value + (one - this.value) * EASE;
  }
}

/** Chooses the number of elements of a chunk from the cost of earlier tasks. */
export class ChunkSize {
  readonly #milliseconds = new Mean();
  readonly #bytes = new Mean();
  readonly #resultBytes = new Mean();
  readonly #warm = new Set<string>();
  #isMeasured = false;

  /** Whether the duration of an element is known. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** 1 until the cost of an element is known. */
  get value(): number {
    if (!this.#isMeasured) return 1;
    const most = Math.min(
      LARGEST_CHUNK,
      WORTH / this.#milliseconds.value,
      MAX_BYTES / Math.max(this.#bytes.value, this.#resultBytes.value),
    );
    return Math.max(1, Math.floor(most));
  }

  /** Records the duration of some elements. The first task of a worker may load the function and is not counted. */
  took(worker: string, milliseconds: number, count: number): void {
    if (!this.#warm.has(worker)) this.#warm.add(worker);
    else {
      this.#milliseconds.add(milliseconds, count);
      this.#isMeasured = true;
    }
  }

  /** Records the size of the results of some elements, which is to count as well. */
  answered(bytes: number, count: number): void {
    this.#resultBytes.add(bytes, count);
  }

  /** Records the size of some elements. */
  weighed(bytes: number, count: number): void {
    this.#bytes.add(bytes, count);
  }
}
