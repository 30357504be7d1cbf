import type { Timer, Timers } from '../workspace/timers.ts';
import type { Command } from './commands.ts';

/** The running timers of a core, as commands. */
export class CoreTimers implements Timers {
  readonly #command: (command: Command) => void;
  readonly #fired = new Map<number, () => void>();
  #started = 0;

  constructor(command: (command: Command) => void) {
    this.#command = command;
  }

  get size(): number {
    return this.#fired.size;
  }

  start(milliseconds: number, fired: () => void): Timer {
    const timer = ++this.#started;
    this.#fired.set(timer, fired);
    this.#command({ type: 'startTimer', timer, milliseconds });
    return {
      stop: () => {
        if (this.#fired.delete(timer)) this.#command({ type: 'stopTimer', timer });
      },
    };
  }

  /** The time of a timer has come. */
  fire(timer: number): void {
    const fired = this.#fired.get(timer);
    this.#fired.delete(timer);
    fired?.();
  }
}
