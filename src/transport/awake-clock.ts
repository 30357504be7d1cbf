/** Milliseconds between two looks at the time while something is waited for. */
export const HEARTBEAT_MS = 100;
/** Milliseconds between two looks that count in full. What a gap has beyond that the process did not live through. */
const LONGEST_GAP_MS = 250;

/**
 * Time as the process lived through it. It stands still while the process is stopped, its virtual machine is paused, or
 * one step of its own takes very long: nothing was read meanwhile, so nobody can be late. It runs on by no more than a
 * quarter of a second for each look, so it never stops altogether in a process that is always slow.
 *
 * Pure: whoever has the real clock tells the time by `look`, at least every `HEARTBEAT_MS` while somebody waits.
 */
export class AwakeClock {
  #looked: number;
  #asleep = 0;
  #wokeAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that nobody sets */
  constructor(now: number) {
    this.#looked = now;
  }

  /** @param now no less than before */
  look(now: number): void {
    const gap = now - this.#looked;
    this.#looked = now;
    if (gap <= LONGEST_GAP_MS) return;
    this.#asleep += gap - LONGEST_GAP_MS;
    this.#wokeAt = now;
  }

  /** Nobody has waited since the last look, so nobody looked: that was no sleep. */
  resume(now: number): void {
    this.#asleep += now - this.#looked;
    this.#looked = now;
  }

  /** Milliseconds that were lived through, as of the last look. */
  get now(): number {
    return this.#looked - this.#asleep;
  }

  /** Milliseconds of all sleep so far. */
  get asleep(): number {
    return this.#asleep;
  }

  /** Milliseconds since it woke up, as of the last look; infinite if it never slept. */
  get sinceWaking(): number {
    return this.#looked - this.#wokeAt;
  }
}

/** Milliseconds after waking in which what lies in the sockets is read, and no deadline is over. */
export const READING_TURN_MS = 250;

/** When something is due, by such a clock. */
export class Deadline {
  readonly #clock: AwakeClock;
  readonly #due: number;
  #hadItsTurn = false;

  constructor(clock: AwakeClock, milliseconds: number) {
    this.#clock = clock;
    this.#due = clock.now + milliseconds;
  }

  /**
   * To be asked when it seems to be over, after a `look`.
   * @returns milliseconds to wait on; 0 when it is over. One that ran out during a sleep is over only after a turn for
   * reading, which it gets once.
   */
  left(): number {
    const left = this.#due - this.#clock.now;
    // A timer of Node may come up to a millisecond early.
    if (left >= 1) return left;
    if (this.#hadItsTurn || this.#clock.sinceWaking >= READING_TURN_MS) return 0;
    this.#hadItsTurn = true;
    return READING_TURN_MS;
  }
}
