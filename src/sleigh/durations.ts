import { batchesIn, type BatchRef } from './batch-ref.ts';

/** The number of tasks of a batch whose durations are kept: the newest ones. */
export const KEPT_DURATIONS = 32;
/** The number of batches of which durations are kept: those with the newest results. */
const KEPT_BATCHES = 64;

/** How long the last tasks of each batch took, for the machines of the role `stragglers` (S31). */
export class Durations {
  /** In milliseconds, the newest last; the batch with the newest result is last. */
  readonly #batches = new Map<string | undefined, number[]>();

  add(ref: BatchRef, milliseconds: number): void {
    for (const batch of batchesIn(ref)) {
      const durations = this.#batches.get(batch) ?? [];
      durations.push(milliseconds);
      if (durations.length > KEPT_DURATIONS) durations.shift();
      this.#batches.delete(batch);
      this.#batches.set(batch, durations);
    }
    for (const batch of this.#batches.keys()) {
      if (this.#batches.size <= KEPT_BATCHES) break;
      this.#batches.delete(batch);
    }
  }

  /** What is known of the batch; of the first one, for a task of several. */
  of(ref: BatchRef): { readonly finished: number; readonly medianMilliseconds: number } {
    const sorted = (this.#batches.get(batchesIn(ref)[0]) ?? []).toSorted((a, b) => a - b);
    return { finished: sorted.length, medianMilliseconds: sorted[Math.floor(sorted.length / 2)] ?? 0 };
  }
}
