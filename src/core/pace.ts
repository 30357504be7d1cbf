import type { Steps } from '../workspace/steps.ts';
import type { CommandSink } from './command-sink.ts';
import type { Making, Settled } from './verbs.ts';

interface PaceEvents {
  /** Called when the connection may continue after a wait. */
  goOn(): void;
  /** Called when a request could not be carried out. */
  failed(): void;
}

/**
 * Decides when one connection may continue. Its input is not read while its client must take replies first (P11),
 * while others have their turn, or while one of its requests takes several steps (P14).
 */
export class Pace {
  readonly #sink: CommandSink;
  readonly #connection: number;
  readonly #events: PaceEvents;
  #waitsFor: 'client' | 'turn' | 'steps' | undefined;
  #making: Making | undefined;
  #isOver = false;

  constructor(sink: CommandSink, connection: number, events: PaceEvents) {
    this.#sink = sink;
    this.#connection = connection;
    this.#events = events;
  }

  get mayGoOn(): boolean {
    return this.#waitsFor === undefined;
  }

  waitForClient(): void {
    this.#waitsFor = 'client';
    this.#sink.command({ type: 'flush', connection: this.#connection });
  }

  /** The client has taken what was sent to it. */
  flushed(): void {
    if (this.#waitsFor === 'client') this.#waitsFor = undefined;
  }

  waitForTurn(): void {
    this.#pause('turn');
    this.#sink.turns.add(() => {
      this.#resume();
      return false;
    });
  }

  /** @param settle called with the result, now or later; not called if the connection has ended */
  make(making: Making, settle: (outcome: Settled) => void): void {
    this.#making = making;
    this.#waitsFor = 'steps';
    let isLater = false;
    this.#sink.turns.run(this.#contained(making.steps), (outcome) => {
      this.#waitsFor = undefined;
      this.#making = undefined;
      if (this.#isOver) return making.drop?.();
      settle(outcome);
      if (isLater) this.#resume();
    });
    if (this.#making === undefined) return;
    isLater = true;
    this.#pause('steps');
  }

  /** A fault of the server in one of the steps ends only this connection. */
  *#contained(steps: Steps<Settled>): Steps<Settled> {
    try {
      return yield* steps;
    } catch (error) {
      this.#sink.log('error', 'a request could not be carried out', { connection: this.#connection, error });
      this.#isOver = true;
      this.#events.failed();
      return undefined;
    }
  }

  /** The connection is over. */
  end(): void {
    this.#isOver = true;
    this.#making?.drop?.();
  }

  #pause(reason: 'turn' | 'steps'): void {
    this.#waitsFor = reason;
    this.#sink.command({ type: 'pause', connection: this.#connection });
  }

  #resume(): void {
    this.#waitsFor = undefined;
    if (this.#isOver) return;
    this.#sink.command({ type: 'resume', connection: this.#connection });
    this.#events.goOn();
  }
}
