import Denque from 'denque';
import type { Steps } from '../workspace/steps.ts';

/**
 * A piece of work for one turn.
 * @returns whether more of it is left
 */
type Work = () => boolean;

/** Is notified of the pieces of a work that did not end in the event in which it began. */
export interface LaterPieces {
  begin(): void;
  end(): void;
  /** The work is done, or has failed. */
  done(): void;
}

/**
 * Divides work that takes longer than the time for one event into pieces. Each piece has its turn, so other clients
 * are served in between (P14). The core does not read a clock: its caller says when the time for an event is up.
 */
export class Turns {
  readonly #queue = new Denque<Work>();
  readonly #isTimeUp: () => boolean;
  readonly #announce: () => void;
  readonly #outlasts: () => LaterPieces | undefined;
  #isAnnounced = false;

  /**
   * @param announce requests an event that calls `go`
   * @param outlasts called when a work does not end in the event in which it began
   */
  constructor(
    isTimeUp: () => boolean,
    announce: () => void,
    outlasts: () => LaterPieces | undefined = () => undefined,
  ) {
    this.#isTimeUp = isTimeUp;
    this.#announce = announce;
    this.#outlasts = outlasts;
  }

  get length(): number {
    return this.#queue.length;
  }

  add(work: Work): void {
    this.#queue.push(work);
    this.#ask();
  }

  /** Does as many pieces as there is time for, and at least one. */
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

  /**
   * Begins at once. If the time is up before the work is done, it continues in its next turn.
   * @param done called with the result
   */
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
    if (!work()) return;
    const pieces = this.#outlasts();
    this.add(pieces === undefined ? work : noticed(work, pieces));
  }
}

/** The same work, of whose pieces someone is notified. */
const noticed =
  (work: Work, pieces: LaterPieces): Work =>
  () => {
    let isLeft = false;
    pieces.begin();
    try {
      isLeft = work();
    } finally {
      if (isLeft) pieces.end();
      else pieces.done();
    }
    return isLeft;
  };
