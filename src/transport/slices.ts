import type { EventLoop } from './event-loop.ts';

/** Milliseconds that one client may use before the rest of its request must wait (P14). */
const SLICE_MS = 2;
/** The same for all clients in one round of the event loop. Beyond it, each has one request carried out. */
const ROUND_MS = 10;
/** The same for work that continues in turns, in each round. */
const TURN_MS = 5;
/** The number of commands for one event. Performing them takes time as well, which the core does not see. */
const MAX_COMMANDS = 256;
/**
 * An event that takes longer counts as the beginning of a busy round. Measuring shorter ones costs more than they
 * take.
 */
const NOTABLE_MS = 0.5;

/** Decides how long the core may work on one event. */
export class Slices {
  #roundEnds = Number.POSITIVE_INFINITY;
  #isWatching = false;
  readonly #loop: EventLoop;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /**
   * Called when an event begins.
   * @param began the value of `EventLoop.now()`
   * @returns a function that says whether the time of the event is up
   */
  begin(began: number, isTurn: boolean): (commands: number) => boolean {
    const ends = isTurn ? began + TURN_MS : Math.min(began + SLICE_MS, this.#roundEnds);
    return (commands) => commands > MAX_COMMANDS || this.#loop.now() > ends;
  }

  /** Called when the event ends. */
  end(began: number, ended: number): void {
    if (this.#isWatching || ended - began < NOTABLE_MS) return;
    this.#isWatching = true;
    this.#roundEnds = began + ROUND_MS;
    this.#loop.soon(() => {
      this.#isWatching = false;
      this.#roundEnds = Number.POSITIVE_INFINITY;
    });
  }
}
