import type { Metadata } from '../wire/payload.ts';
import type { Lines } from './lines.ts';
import { outcomesOf, type Outcome } from './outcome.ts';
import type { ErrorHandling } from './results.ts';
import { encodeValue } from './values.ts';

/** Metadata that tells how many copies of a broadcast there are so far (S17). */
const COPIES = 'nwsCopies';

export interface AnswersOptions {
  readonly lines: Lines;
  readonly workspace: string;
  /** The batch of the broadcast. */
  readonly id: string;
  /** How often a copy is tried (S7.1). */
  readonly maxAttempts: number;
}

/** What the workers answer to a broadcast, each once (S8, S17). */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #ids: Metadata;
  #expected: number;
  #taken = 0;

  /** Stores the broadcast. @param metadata of the task */
  static async ask(argument: unknown, metadata: Metadata, options: AnswersOptions): Promise<Answers> {
    const { lines, workspace, id } = options;
    // Reading it settles how many answers there will be (S4, S13); an elastic group tells so itself.
    const expected = Number((await lines.main.find(workspace, 'workerCount')).value);
    const ids = new Map([['batchId', id]]);
    const told = await lines.main.storeEncoded(
      workspace,
      'broadcast',
      encodeValue(argument, 'argument'),
      new Map([...metadata, ...ids]),
    );
    return new Answers(options, ids, copiesIn(told, expected));
  }

  private constructor(options: AnswersOptions, ids: Metadata, expected: number) {
    this.#options = options;
    this.#ids = ids;
    this.#expected = expected;
  }

  /**
   * Waits until every worker that has had a copy has answered, or is answered for.
   * @returns what became of it, in the order of the ranks, which are the indexes
   * @throws TaskError of the first that fails, unless errors are collected
   */
  async present(signal: AbortSignal, errors: ErrorHandling): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    while (this.#taken < this.#expected) {
      const outcome = await this.#next(signal);
      if ('error' in outcome && errors === 'throw') throw outcome.error;
      outcomes.push(outcome);
    }
    return outcomes.sort((a, b) => a.index - b.index);
  }

  /** Tells of those of workers that come later, so that none is left on the server. @returns when the job is over */
  async late(signal: AbortSignal, tell: (outcome: Outcome) => void): Promise<void> {
    for (;;) {
      const outcome = await this.#next(signal).catch(() => undefined);
      if (outcome === undefined) return;
      tell(outcome);
    }
  }

  async #next(signal: AbortSignal): Promise<Outcome> {
    const { lines, workspace, maxAttempts } = this.#options;
    for (;;) {
      const found = await lines.wait(workspace, 'not every worker answered', { signal }, (connection) =>
        connection.fetch(workspace, 'result', this.#ids),
      );
      this.#taken++;
      this.#expected = copiesIn(found.metadata, this.#expected);
      const rank = Number(found.metadata.get('nwsWorkerRank'));
      const [outcome] = outcomesOf(found, { index: rank, count: 1 }, maxAttempts);
      if (outcome !== undefined) return outcome;
    }
  }
}

/** @returns how many copies there are, as far as that is said */
const copiesIn = (metadata: Metadata, otherwise: number): number => Number(metadata.get(COPIES) ?? otherwise);
