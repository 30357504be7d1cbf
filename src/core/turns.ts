import Denque from 'denque';
import type { Steps } from '../workspace/steps.ts';

/** A piece of work in its turn. @returns whether more of it is left */
type Work = () => boolean;

/**
 * Work that takes longer than the time that there is for one event. Each piece of it has its turn, so that none holds up
 * the others (P14). The core does not look at a clock: whoever hands it an event says when the time for that is up.
 */
export class Turns {
  readonly #queue = new Denque<Work>();
  readonly #isTimeUp: () => boolean;
  readonly #announce: () => void;
  #isAnnounced = false;

  /** @param announce asks for an event in which `go` is called */
  constructor(isTimeUp: () => boolean, announce: () => void) {
    this.#isTimeUp = isTimeUp;
    this.#announce = announce;
  }

  get length(): number {
    return this.#queue.length;
  }

  add(work: Work): void {
    this.#queue.push(work);
    this.#ask();
  }

  /** Does as many pieces as there is time for, one at least. */
  go(): void {
    this.#isAnnounced = false;
    try {
      do {
        const work = this.#queue.shift();
        if (work?.() === true) this.#queue.push(work);
      } while (this.#queue.length > 0 && !this.#isTimeUp());
    } finally {
      if (this.#queue.length > 0) this.#ask();
    }
  }

  #ask(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.#announce();
  }

  /** Begins at once. If the time is up before it is done, it goes on in its next turn. @param done called with the outcome */
  run<Result>(steps: Steps<Result>, done: (result: Result) => void): void {
    const work = (): boolean => {
      do {
        const step = steps.next();
        if (step.done === true) {
          done(step.value);
          return false;
        }
      } while (!this.#isTimeUp());
      return true;
    };
    if (work()) this.add(work);
  }
}
