import { AwakeClock, Deadline } from '../../src/transport/awake-clock.ts';
import type { Agenda } from './agenda.ts';

/** Milliseconds between two checks of the time while the process is awake. */
const LOOK_MS = 200;
/** Milliseconds by which a deadline may be early after each sleep. */
const SLACK_MS = 250;

const NOTHING = (): void => undefined;

/**
 * A process that can be suspended: events that arrive meanwhile wait, and come first when it resumes; late timers
 * follow.
 */
export class Sleeper {
  readonly #agenda: Agenda;
  readonly #clock: AwakeClock;
  readonly #wrong: (what: string) => void;
  #looked: number;
  #wakesAt: number | undefined;
  #sleeps = 0;
  /** Milliseconds of all past sleeps. */
  #slept = 0;
  readonly #inbox: (() => void)[] = [];
  readonly #late: (() => void)[] = [];

  /** @param wrong called for impossible outcomes */
  constructor(agenda: Agenda, wrong: (what: string) => void) {
    this.#agenda = agenda;
    this.#clock = new AwakeClock(agenda.now);
    this.#looked = agenda.now;
    this.#wrong = wrong;
  }

  get isAsleep(): boolean {
    return this.#wakesAt !== undefined;
  }

  /** From now on, for this many milliseconds. */
  sleep(milliseconds: number): void {
    if (this.isAsleep) return;
    this.#look();
    this.#wakesAt = this.#agenda.now + milliseconds;
    this.#agenda.after(milliseconds, () => this.#wake(milliseconds));
  }

  #wake(milliseconds: number): void {
    this.#wakesAt = undefined;
    this.#sleeps++;
    this.#slept += milliseconds;
    this.#looked = this.#agenda.now;
    this.#clock.look(this.#agenda.now);
    for (const queue of [this.#inbox, this.#late])
      for (let act = queue.shift(); act !== undefined; act = queue.shift()) act();
  }

  /** As its heartbeat does. */
  #look(): void {
    for (; this.#looked + LOOK_MS <= this.#agenda.now; this.#looked += LOOK_MS)
      this.#clock.look(this.#looked);
    this.#looked = this.#agenda.now;
    this.#clock.look(this.#agenda.now);
  }

  /** An event arrives: it is handled at once, or when the process resumes. */
  receive(act: () => void): void {
    if (this.isAsleep) this.#inbox.push(act);
    else act();
  }

  /**
   * @param late milliseconds by which the operating system is late.
   * @returns a function that stops it
   */
  startTimer(milliseconds: number, late: number, fired: () => void): () => void {
    this.#look();
    const deadline = new Deadline(this.#clock, milliseconds);
    const began = { at: this.#agenda.now, slept: this.#slept, sleeps: this.#sleeps };
    let isStopped = false;
    let stop = NOTHING;
    const elapsed = (): void => {
      if (isStopped) return;
      if (this.isAsleep) return void this.#late.push(elapsed);
      this.#look();
      const left = deadline.left();
      if (left > 0) return void (stop = this.#agenda.after(left, elapsed));
      // Sums of fractions of milliseconds differ in their last digits.
      const awake = Math.ceil(this.#agenda.now - began.at - (this.#slept - began.slept));
      if (awake + (this.#sleeps - began.sleeps) * SLACK_MS < Math.floor(milliseconds))
        this.#wrong(`a timer of ${milliseconds} ms fired after ${awake} ms of being awake`);
      fired();
    };
    stop = this.#agenda.after(milliseconds + late, elapsed);
    return () => {
      isStopped = true;
      stop();
    };
  }
}
