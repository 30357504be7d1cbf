import { AwakeClock, Deadline, HEARTBEAT_MS, READING_TURN_MS } from './awake-clock.ts';

/** The longest wait of setTimeout. Longer waits consist of several. */
const LONGEST_MS = 2 ** 31 - 1;

/** The clock of this process. Setting the clock of the machine does not change `performance.now()`. */
const clock = new AwakeClock(performance.now());

let waiting = 0;
let heartbeat: NodeJS.Timeout | undefined;

/**
 * Reads the time. The first code that runs after a sleep should call it, so that deadlines move before they are
 * checked.
 */
export function look(): void {
  if (waiting > 0) clock.look(performance.now());
  else clock.resume(performance.now());
}

/** Milliseconds that this process ran while something waited; see AwakeClock. */
export function awakeNow(): number {
  look();
  return clock.now;
}

/**
 * Whether this process has just woken up, so that its sockets may not have been read yet. For timers of libraries,
 * which count the sleep. The clock must have been kept awake since they were started.
 */
export function hasJustWoken(): boolean {
  look();
  return clock.sinceWaking < READING_TURN_MS;
}

/**
 * Keeps reading the time because something waits.
 * @returns a function that ends it
 */
export function keepAwake(): () => void {
  look();
  waiting++;
  heartbeat ??= setInterval(look, HEARTBEAT_MS).unref();
  return () => {
    if (--waiting > 0) return;
    clearInterval(heartbeat);
    heartbeat = undefined;
  };
}

/**
 * Calls back after the process has run for that many milliseconds. A stopped process, or a paused virtual machine, is
 * not late when it continues, and reads what has arrived first.
 */
export class AwakeTimeout {
  readonly #deadline: Deadline;
  readonly #fired: () => void;
  readonly #release: () => void;
  #timeout: NodeJS.Timeout;
  #isOver = false;

  /** @param milliseconds any number from 0 */
  constructor(milliseconds: number, fired: () => void) {
    this.#release = keepAwake();
    this.#deadline = new Deadline(clock, milliseconds);
    this.#fired = fired;
    this.#timeout = this.#arm(milliseconds);
  }

  #arm(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#elapsed(), Math.min(milliseconds, LONGEST_MS));
  }

  #elapsed(): void {
    look();
    const left = this.#deadline.left();
    if (left > 0) {
      this.#timeout = this.#arm(left);
      return;
    }
    this.stop();
    this.#fired();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timeout);
    this.#release();
  }
}
