import { performance } from 'node:perf_hooks';

/** Milliseconds that one client may keep the others waiting, before the rest of what it asked has to wait (P14). */
const SLICE_MS = 2;
/** The same for all clients that are heard in one round of the event loop: past it each has one request carried out. */
const ROUND_MS = 10;
/** The same for what goes on in turns, in each round. */
const TURN_MS = 5;
/** Commands that the core gives at one event: to carry them out takes time as well, which the core does not see. */
const MOST_COMMANDS = 256;
/** An event that took so long counts as the beginning of a busy round; shorter ones cost a watch more than they take. */
const NOTABLE_MS = 0.5;

/** How long the core may be at one event. */
export class Slices {
  #roundEnds = Number.POSITIVE_INFINITY;
  #isWatching = false;

  /**
   * An event begins.
   * @param began as `performance.now()` tells it
   * @returns whether its time is up, whenever asked
   */
  begin(began: number, isTurn: boolean): (commands: number) => boolean {
    const ends = isTurn ? began + TURN_MS : Math.min(began + SLICE_MS, this.#roundEnds);
    return (commands) => commands > MOST_COMMANDS || performance.now() > ends;
  }

  /** It is over. */
  end(began: number, ended: number): void {
    if (this.#isWatching || ended - began < NOTABLE_MS) return;
    this.#isWatching = true;
    this.#roundEnds = began + ROUND_MS;
    setImmediate(() => {
      this.#isWatching = false;
      this.#roundEnds = Number.POSITIVE_INFINITY;
    });
  }
}
