/** Milliseconds of work that a task should be: some ten times what its way costs. */
const WORTH = 2;
/** Milliseconds after which a worker gives back what it has not begun of a chunk, so that others may do it. */
export const CHUNK_BUDGET = 5;
/** Elements of a chunk, at most; more make it hardly cheaper. */
const LARGEST_CHUNK = 100;
/** Bytes of a chunk, at most, where one element alone has no more. */
export const MOST_BYTES = 65_536;
/** How much of the way down the mean goes with each task that was less. */
const EASE = 1 / 4;

/** A mean that goes up at once, and down slowly: to send too few together costs little, too many hold up others. */
class Mean {
  value = 0;

  add(total: number, count: number): void {
    const one = total / count;
    this.value = one > this.value ? one : this.value + (one - this.value) * EASE;
  }
}

/** How many elements travel together, by what the tasks before have cost. */
export class ChunkSize {
  readonly #milliseconds = new Mean();
  readonly #bytes = new Mean();
  readonly #warm = new Set<string>();
  #isMeasured = false;

  /** Whether it is known what an element takes. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /** 1 until it is known what they cost. */
  get value(): number {
    if (!this.#isMeasured) return 1;
    const most = Math.min(LARGEST_CHUNK, WORTH / this.#milliseconds.value, MOST_BYTES / this.#bytes.value);
    return Math.max(1, Math.floor(most));
  }

  /** So many elements took a worker so long. Its first task, for which it may load the function, does not count. */
  took(worker: string, milliseconds: number, count: number): void {
    if (!this.#warm.has(worker)) this.#warm.add(worker);
    else {
      this.#milliseconds.add(milliseconds, count);
      this.#isMeasured = true;
    }
  }

  /** So many elements are so many bytes. */
  weighed(bytes: number, count: number): void {
    this.#bytes.add(bytes, count);
  }
}
