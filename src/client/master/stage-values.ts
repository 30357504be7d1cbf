import type { Outcome } from '../task/outcome.ts';
import { LeftElement } from './left-element.ts';

/**
 * The values at the server that a batch of a pipeline has: those of its elements, until these are settled, and those that its
 * calls have left, until the next stage takes them (S35.5).
 */
export class StageValues {
  /** By the index of the element. */
  readonly #elements = new Map<number, LeftElement>();
  readonly #results = new Set<LeftElement>();

  /** An element was read. */
  read(index: number, value: unknown): void {
    if (value instanceof LeftElement) this.#elements.set(index, value);
  }

  /** Elements have outcomes. Those that failed may be called again until the batch is settled (S24.6). @param isWanted whether anybody takes them */
  settled(outcomes: readonly Outcome[], isWanted: boolean): void {
    for (const outcome of outcomes) {
      if ('error' in outcome) continue;
      this.#elements.get(outcome.index)?.release();
      this.#elements.delete(outcome.index);
      const { value } = outcome;
      if (!(value instanceof LeftElement)) continue;
      if (isWanted) this.#results.add(value);
      else value.release();
    }
  }

  /** Outcomes were given to the next stage. */
  given(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes)
      if (!('error' in outcome) && outcome.value instanceof LeftElement) this.#results.delete(outcome.value);
  }

  /** Nobody takes results any more. */
  dropResults(): void {
    for (const each of this.#results) each.release();
    this.#results.clear();
  }

  /** No element is called any more. */
  end(): void {
    for (const each of this.#elements.values()) each.release();
    this.#elements.clear();
  }
}
