import { BOUNDS } from '../../wire/bounds.ts';
import { failed, type Outcome } from '../task/outcome.ts';
import type { TaskFailure } from '../task/task-metadata.ts';
import type { ChunkPart } from '../values/chunk.ts';

/** A failed element that can be called again. */
export interface FailedPart {
  readonly element: ChunkPart;
  /** The number of the call that failed, from 1. */
  readonly attempt: number;
}

/**
 * The outcomes of a batch that its caller has not taken yet, and the failed elements that can be called again (S24.6).
 * An outcome that was given to an iteration is final. A caller that keeps all outcomes may get a second one for an element,
 * which replaces the first.
 */
export class BatchOutcomes {
  readonly #isOrdered: boolean;
  /** By the index of the first element. */
  readonly #ready = new Map<number, readonly Outcome[]>();
  /** Outcomes of elements that were taken before with another one. */
  readonly #replacing: Outcome[] = [];
  /** By index, oldest first. */
  readonly #failures = new Map<number, FailedPart>();
  #failureBytes = 0;
  /** Failed elements whose outcomes were taken: another outcome replaces the one before. */
  readonly #taken = new Set<number>();
  /** The number of elements whose outcomes were taken, each counted once. */
  #given = 0;
  /** Whether the caller keeps all outcomes. */
  keepsAll = false;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  /** The number of groups of outcomes that wait for their caller. */
  get waiting(): number {
    return this.#ready.size;
  }

  /** @param sent the elements of these outcomes, where they were sent */
  add(index: number, outcomes: readonly Outcome[], sent: readonly ChunkPart[]): void {
    for (const [at, outcome] of outcomes.entries()) {
      const element = sent[at];
      if ('error' in outcome && element !== undefined)
        this.#keep(outcome.index, { element, attempt: outcome.error.attempt });
    }
    if (this.#taken.has(index)) this.#replacing.push(...outcomes);
    else this.#ready.set(index, outcomes);
  }

  /** @returns the outcomes whose turn it is, and removes them; undefined if there are none */
  next(): readonly Outcome[] | undefined {
    if (this.#replacing.length > 0) return this.#replacing.splice(0);
    const [first] = this.#ready.keys();
    const index = this.#isOrdered ? this.#given : first;
    if (index === undefined) return undefined;
    const due = this.#ready.get(index);
    if (due === undefined) return undefined;
    this.#ready.delete(index);
    this.#given += due.length;
    for (const { index: each } of due) {
      if (!this.#failures.has(each)) continue;
      if (this.keepsAll) this.#taken.add(each);
      else this.#drop(each);
    }
    return due;
  }

  /**
   * Takes the outcome of a failed element back, because it is called again.
   * @returns the element; undefined if its caller has the outcome for good, or it is not kept
   */
  withdraw(index: number): FailedPart | undefined {
    const failure = this.#failures.get(index);
    if (failure === undefined) return undefined;
    this.#drop(index);
    const replacing = this.#replacing.findIndex((outcome) => outcome.index === index);
    if (replacing >= 0) this.#replacing.splice(replacing, 1);
    else if (!this.#taken.has(index)) this.#withdrawReady(index);
    return failure;
  }

  #withdrawReady(index: number): void {
    for (const [begin, outcomes] of this.#ready) {
      const at = outcomes.findIndex((outcome) => outcome.index === index);
      if (at < 0) continue;
      this.#ready.delete(begin);
      if (at > 0) this.#ready.set(begin, outcomes.slice(0, at));
      if (at + 1 < outcomes.length) this.#ready.set(index + 1, outcomes.slice(at + 1));
      return;
    }
  }

  /** Forgets all. */
  clear(): void {
    this.#ready.clear();
    this.#replacing.length = 0;
    this.close();
  }

  /** No failed element can be called again from now on. */
  close(): void {
    this.#failures.clear();
    this.#failureBytes = 0;
  }

  #keep(index: number, failure: FailedPart): void {
    this.#failures.set(index, failure);
    this.#failureBytes += sizeOf(failure);
    for (const oldest of this.#failures.keys()) {
      const { reportedFailures, retryableBytes } = BOUNDS;
      if (this.#failures.size <= reportedFailures.value && this.#failureBytes <= retryableBytes.value) return;
      this.#drop(oldest);
    }
  }

  #drop(index: number): void {
    const failure = this.#failures.get(index);
    if (failure === undefined) return;
    this.#failures.delete(index);
    this.#failureBytes -= sizeOf(failure);
  }
}

/** The size in bytes, or in characters of a text. */
const sizeOf = ({ element }: FailedPart): number => element.body.body.length;

/** Elements that were cancelled because of a refusal fail with the reason of that refusal. */
export const inWordsOf = (
  refusal: TaskFailure | undefined,
  outcomes: readonly Outcome[],
): readonly Outcome[] =>
  refusal === undefined
    ? outcomes
    : outcomes.map((outcome) =>
        'error' in outcome && outcome.error.code === 'cancelled' ? failed(outcome.index, refusal) : outcome,
      );
