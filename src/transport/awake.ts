import { AwakeClock, Deadline, HEARTBEAT_MS, READING_TURN_MS } from './awake-clock.ts';
import { NODE_LOOP, type EventLoop } from './event-loop.ts';

/** The longest wait of a timer. Longer waits consist of several. */
const LONGEST_MS = 2 ** 31 - 1;

/** The time during which a process ran; see AwakeClock. */
export class AwakeTime {
  readonly loop: EventLoop;
  readonly clock: AwakeClock;
  #waiting = 0;
  #stopHeartbeat: (() => void) | undefined;
  /** Made once, because one is passed for everything that waits. */
  readonly #release = (): void => {
    if (--this.#waiting > 0) return;
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = undefined;
  };

  constructor(loop: EventLoop) {
    this.loop = loop;
    this.clock = new AwakeClock(loop.now());
  }

  /**
   * Reads the time. The first code that runs after a sleep should call it, so that deadlines move before they are
   * checked.
   */
  look(): void {
    if (this.#waiting > 0) this.clock.look(this.loop.now());
    else this.clock.resume(this.loop.now());
  }

  /** Milliseconds that the process ran while something waited. */
  now(): number {
    this.look();
    return this.clock.now;
  }

  /**
   * Whether the process has just woken up, so that its sockets may not have been read yet. For timers of libraries,
   * which count the sleep. The clock must have been kept awake since they were started.
   */
  hasJustWoken(): boolean {
    this.look();
    return this.clock.sinceWaking < READING_TURN_MS;
  }

  /**
   * Keeps reading the time because something waits.
   * @returns a function that ends it; call it once
   */
  keepAwake(): () => void {
    this.look();
    this.#waiting++;
    this.#stopHeartbeat ??= this.loop.startInterval(HEARTBEAT_MS, () => this.look());
    return this.#release;
  }

  /**
   * Calls back after the process has run for that many milliseconds.
   * @param milliseconds any number from 0
   */
  startTimeout(milliseconds: number, fired: () => void): AwakeTimeout {
    return new AwakeTimeout(this, milliseconds, fired);
  }
}

/** That of this process. */
export const processTime = new AwakeTime(NODE_LOOP);

/**
 * A timeout that counts only the time in which the process ran. A stopped process, or a paused virtual machine, is not
 * late when it continues, and reads what has arrived first.
 */
export class AwakeTimeout {
  readonly #time: AwakeTime;
  readonly #deadline: Deadline;
  readonly #fired: () => void;
  readonly #release: () => void;
  #stopTimer: () => void;
  #isOver = false;

  constructor(time: AwakeTime, milliseconds: number, fired: () => void) {
    this.#time = time;
    this.#release = time.keepAwake();
    this.#deadline = new Deadline(time.clock, milliseconds);
    this.#fired = fired;
    this.#stopTimer = this.#arm(milliseconds);
  }

  #arm(milliseconds: number): () => void {
    return this.#time.loop.startTimer(Math.min(milliseconds, LONGEST_MS), () => this.#elapsed());
  }

  #elapsed(): void {
    this.#time.look();
    const left = this.#deadline.left();
    if (left > 0) {
      this.#stopTimer = this.#arm(left);
      return;
    }
    this.stop();
    this.#fired();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer();
    this.#release();
  }
}
