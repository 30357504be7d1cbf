import type { LeaveReason } from './worker-messages.ts';

/** Why a worker is to leave, when it is: between two elements, so that it has nothing in hand. */
export class Departure {
  #why: LeaveReason | undefined;
  #words = '';
  #go: (() => void) | undefined;

  /** Undefined while it is to stay. */
  get why(): LeaveReason | undefined {
    return this.#why;
  }

  /** What else there is to say of it. */
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

  /** @param go lets it go while it has nothing in hand, at once when it is to leave already; undefined when it is busy again */
  whenFree(go: (() => void) | undefined): void {
    this.#go = go;
    if (this.#why !== undefined) go?.();
  }
}

/** A task that this worker cannot do, and is not to answer: another may. */
export class Declined extends Error {
  override readonly name = 'Declined';
}
