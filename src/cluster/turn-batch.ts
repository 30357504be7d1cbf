import type { EventLoop } from '../transport/event-loop.ts';
import { fault } from '../wire/error-kind.ts';

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Carries out together what is asked for in one turn of the event loop. */
export class TurnBatch<Question, Answer> {
  readonly #loop: Pick<EventLoop, 'soon'>;
  readonly #answer: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  #asked: Asked<Question, Answer>[] = [];

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
      if (this.#asked.length === 1) this.#loop.soon(() => void this.#carryOut());
    });
  }

  async #carryOut(): Promise<void> {
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
  }
}

/** Milliseconds until the next beat, so that what happens at every beat happens in the same turn of the event loop. */
export const untilBeat = (now: number, everyMs: number): number => everyMs - (now % everyMs);
