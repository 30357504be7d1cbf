import type { LeaveReason } from './worker-messages.ts';

/**
 * Whether and why a worker leaves. It leaves between two elements, when it has no task. A process with several ranks
 * leaves with all of them, each when it has no task (S22.14).
 */
export class Departure {
  #why: LeaveReason | undefined;
  #words = '';
  readonly #free = new Map<object, () => void>();

  /** Undefined if it stays. */
  get why(): LeaveReason | undefined {
    return this.#why;
  }

  /** A further explanation. */
  get words(): string {
    return this.#words;
  }

  /** The first reason counts. */
  request(why: LeaveReason, words = ''): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#words = words;
    for (const go of this.#free.values()) go();
  }

  /**
   * @param rank whatever stands for the rank that has no task
   * @param go called when it may leave, at once if it is to leave already; undefined when it has a task again
   */
  whenFree(rank: object, go: (() => void) | undefined): void {
    if (go === undefined) this.#free.delete(rank);
    else this.#free.set(rank, go);
    if (this.#why !== undefined) go?.();
  }
}

/** A copy of a broadcast that another rank of the same process calls (S22.16). */
export class CalledBeside extends Error {
  override readonly name = 'CalledBeside';
}

/** A task that this worker cannot do and does not answer, because another worker may be able to. */
export class Declined extends Error {
  override readonly name = 'Declined';
}
