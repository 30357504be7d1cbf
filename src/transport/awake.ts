import { AwakeClock, Deadline, HEARTBEAT_MS, READING_TURN_MS } from './awake-clock.ts';

/** What setTimeout can wait for at most; longer waits are made of several. */
const LONGEST_MS = 2 ** 31 - 1;

/** The clock of this process. Nobody who sets the clock of the machine moves `performance.now()`. */
const clock = new AwakeClock(performance.now());

let waiting = 0;
let heartbeat: NodeJS.Timeout | undefined;

/** Looks at the time. Whoever comes to it first after a sleep should do so: then deadlines move before they are asked. */
export function look(): void {
  if (waiting > 0) clock.look(performance.now());
  else clock.resume(performance.now());
}

/** Milliseconds that this process has lived through while somebody waited; see AwakeClock. */
export function awakeNow(): number {
  look();
  return clock.now;
}

/**
 * Whether this process has slept until a moment ago, so that what lies in the sockets may not have been read yet. For
 * timers of libraries, which count the sleep; somebody must have kept the clock awake since they were started.
 */
export function hasJustWoken(): boolean {
  look();
  return clock.sinceWaking < READING_TURN_MS;
}

/** Somebody waits: from now on the time is looked at. @returns what ends that */
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
 * Calls back when so many milliseconds have been lived through: a stopped process, or a virtual machine that is paused, is
 * not late when it goes on, and what came meanwhile is read first.
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
