import type { EventLoop } from '../transport/event-loop.ts';
import { fault } from '../wire/error-kind.ts';

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks together what is asked for in one turn of the event loop. What is asked for before there is an answer waits, and is asked
 * together after that, so there is one question at a time, however slow the answers are.
 */
export class TurnBatch<Question, Answer> {
  readonly #loop: Pick<EventLoop, 'soon'>;
  readonly #answer: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  #asked: Asked<Question, Answer>[] = [];
  #isBusy = false;

  /** @param answer answers the questions in their order */
  constructor(
    loop: Pick<EventLoop, 'soon'>,
    answer: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  ) {
    this.#loop = loop;
    this.#answer = answer;
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ question, resolve, reject });
      if (!this.#isBusy) this.#askSoon();
    });
  }

  #askSoon(): void {
    this.#isBusy = true;
    this.#loop.soon(() => void this.#askAll());
  }

  async #askAll(): Promise<void> {
    const asked = this.#asked;
    this.#asked = [];
    try {
      const answers = await this.#answer(asked.map(({ question }) => question));
      for (const [at, { resolve, reject }] of asked.entries()) {
        const answer = answers[at];
        if (answer === undefined) reject(fault('a question has no answer'));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    this.#isBusy = false;
    if (this.#asked.length > 0) this.#askSoon();
  }
}

/**
 * Milliseconds until the next beat, so that what happens at every beat happens in about the same turn of the event loop. A beat that
 * comes at once is left out: a timer may fire a little before its time.
 */
export function untilBeat(now: number, everyMs: number): number {
  const wait = everyMs - (now % everyMs);
  return wait < everyMs / 10 ? wait + everyMs : wait;
}
