import { createActor } from 'xstate';
import { callTurnsMachine } from '../../machines/pool/call-turns.ts';

interface Waiting {
  readonly isAlone: boolean;
  readonly isWanted: () => boolean;
  begin: (end: () => void) => void;
}

/**
 * Which tasks of a worker process are under way at the same time (S22.14). A task may have to run alone, because a
 * worker ended while it and others ran; tasks that come later then wait for their turn behind it. See
 * machines/pool/call-turns.
 */
export class CallTurns {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  readonly #turns = createActor(
    callTurnsMachine.provide({ actions: { beginFirst: () => this.#beginFirst() } }),
  );

  constructor() {
    this.#turns.start();
  }

  /**
   * Waits for the turn of a task.
   * @param isWanted a task that is not wanted any more does not wait
   * @returns a function that ends the turn
   */
  enter(isAlone: boolean, isWanted: () => boolean): Promise<() => void> | (() => void) {
    let turn: (() => void) | undefined;
    const task: Waiting = { isAlone, isWanted, begin: (end) => (turn = end) };
    this.#waiting.push(task);
    this.#changed();
    return turn ?? new Promise((begin) => (task.begin = begin));
  }

  /** Tasks may not be wanted any more. */
  recheck(): void {
    for (const task of this.#waiting.filter(({ isWanted }) => !isWanted())) {
      this.#waiting.splice(this.#waiting.indexOf(task), 1);
      task.begin(() => undefined);
    }
    this.#changed();
  }

  #beginFirst(): void {
    this.#running++;
    this.#waiting.shift()?.begin(() => {
      this.#running--;
      this.#changed();
    });
  }

  /** Begins tasks for as long as the next one has its turn. */
  #changed(): void {
    let before: number;
    do {
      const [first] = this.#waiting;
      before = this.#waiting.length;
      const next = first === undefined ? 'none' : first.isAlone ? 'alone' : 'together';
      this.#turns.send({ type: 'line.changed', running: this.#running, next });
    } while (this.#waiting.length < before);
  }
}
