import { setTimeout as sleep } from 'node:timers/promises';

/** Responses take at most one part in this many of the server's time. */
export const ANSWER_SHARE = 4;

/** Runs work one piece after the other within a share of the time, so that clients of the server have the rest. */
export class TimeShare {
  #last: Promise<unknown> = Promise.resolve();
  /** When the next piece may begin, on the clock of `performance`. */
  #freeAt = 0;

  /** @returns the result of the work, when it has had its turn */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#begin(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #begin<T>(work: () => T | Promise<T>): Promise<T> {
    const wait = this.#freeAt - performance.now();
    // A timer takes at least a millisecond. Shorter waits are added to the next one.
    if (wait >= 1) await sleep(wait);
    const began = performance.now();
    try {
      return await work();
    } finally {
      const now = performance.now();
      this.#freeAt = Math.max(this.#freeAt, now) + (now - began) * (ANSWER_SHARE - 1);
    }
  }
}
