import type { LeaveReason } from './worker-messages.ts';

/** Whether and why a worker leaves. It leaves between two elements, when it has no task. */
export class Departure {
  #why: LeaveReason | undefined;
  #words = '';
  #go: (() => void) | undefined;

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
    this.#go?.();
  }

  /**
   * @param go called when the worker may leave, at once if it is to leave already; undefined when it has a task again
   */
  whenFree(go: (() => void) | undefined): void {
    this.#go = go;
    if (this.#why !== undefined) go?.();
  }
}

/** A task that this worker cannot do and does not answer, because another worker may be able to. */
export class Declined extends Error {
  override readonly name = 'Declined';
}
