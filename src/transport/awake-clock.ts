/** Milliseconds between two reads of the time while something waits. */
export const HEARTBEAT_MS = 100;
/** The longest gap between two reads that counts in full. The process did not run during the rest of a longer gap. */
const LONGEST_GAP_MS = 250;

/**
 * A clock that counts only the time in which the process ran. It stands still while the process is stopped, while its
 * virtual machine is paused, or while one step of its own takes very long: nothing was read meanwhile, so no client
 * can be late. It advances by at most a quarter of a second for each read, so it never stops completely in a slow
 * process.
 *
 * It is pure: the owner of the real clock calls `look`, at least every `HEARTBEAT_MS` while something waits.
 */
export class AwakeClock {
  #looked: number;
  #asleep = 0;
  #wokeAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: number) {
    this.#looked = now;
  }

  /** @param now at least the value of the previous call */
  look(now: number): void {
    const gap = now - this.#looked;
    this.#looked = now;
    if (gap <= LONGEST_GAP_MS) return;
    this.#asleep += gap - LONGEST_GAP_MS;
    this.#wokeAt = now;
  }

  /** Nothing has waited since the last read, so the gap does not count as sleep. */
  resume(now: number): void {
    this.#asleep += now - this.#looked;
    this.#looked = now;
  }

  /** Milliseconds that the process ran, as of the last read. */
  get now(): number {
    return this.#looked - this.#asleep;
  }

  /** Milliseconds of all sleep so far. */
  get asleep(): number {
    return this.#asleep;
  }

  /** Milliseconds since it woke up, as of the last read; infinite if it never slept. */
  get sinceWaking(): number {
    return this.#looked - this.#wokeAt;
  }
}

/** Milliseconds after waking in which the sockets are read and no deadline expires. */
export const READING_TURN_MS = 250;

/** A deadline by such a clock. */
export class Deadline {
  readonly #clock: AwakeClock;
  readonly #due: number;
  #hadItsTurn = false;

  constructor(clock: AwakeClock, milliseconds: number) {
    this.#clock = clock;
    this.#due = clock.now + milliseconds;
  }

  /**
   * Called when the deadline may have expired, after a `look`.
   * @returns the remaining milliseconds; 0 if it has expired. A deadline that passed during a sleep expires only
   *   after sockets have been read once.
   */
  left(): number {
    const left = this.#due - this.#clock.now;
    // A timer of Node may fire up to a millisecond early.
    if (left >= 1) return left;
    if (this.#hadItsTurn || this.#clock.sinceWaking >= READING_TURN_MS) return 0;
    this.#hadItsTurn = true;
    return READING_TURN_MS;
  }
}
