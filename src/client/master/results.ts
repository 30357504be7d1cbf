import type { Batch } from './batch.ts';
import { unsafeCast } from '../unsafe-cast.ts';
import type { TaskError } from '../task/outcome.ts';
import type { Outcome } from '../task/outcomes.ts';
import { callSite } from '../task/stacks.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';

/** What happens when a task fails: the batch ends with its error, or the error replaces its result. */
export type ErrorHandling = 'throw' | 'collect';

/** The entry for one element. */
export type ResultOf<R, Errors extends ErrorHandling> = Errors extends 'collect' ? R | TaskError : R;

/** The value of the promise of all results. */
type All<R, Errors extends ErrorHandling> = ResultOf<R, Errors>[];

/**
 * The results of a batch. `await` returns all of them. `for await` returns one after another and sends further
 * elements at the same pace. The results can be taken once, in one of these ways. `await` keeps all results, so a
 * slow element does not delay the others.
 */
export class Results<R, Errors extends ErrorHandling = 'throw'>
  implements AsyncIterable<ResultOf<R, Errors>>, Promise<All<R, Errors>>
{
  readonly #batch: Promise<Batch>;
  readonly #errors: ErrorHandling;
  /** For the stacks of errors, which are created when no function of the program is on the stack. */
  readonly #calledFrom = callSite();
  #isTaken = false;
  #all: Promise<All<R, Errors>> | undefined;

  /** @param batch resolves when the batch has started */
  constructor(batch: Promise<Batch>, errors: ErrorHandling) {
    this.#batch = batch;
    this.#errors = errors;
    // The error is reported to the caller that takes the results.
    batch.catch(() => undefined);
  }

  /**
   * The results, one after another. `break` cancels the remaining elements.
   * @throws TaskError of the first task that fails, unless errors are collected; what the elements threw;
   *   SleighError; ConnectionLostError; the reason of the signal
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ResultOf<R, Errors>, void, undefined> {
    for await (const outcome of this.outcomes()) {
      if (!('error' in outcome)) yield unsafeCast(outcome.value);
      else if (this.#errors === 'collect') yield unsafeCast(outcome.error);
      else throw outcome.error;
    }
  }

  /** As the iteration, with the index of each element and its worker. Errors of tasks are never thrown. */
  async *outcomes(): AsyncGenerator<Outcome<R>, void, undefined> {
    this.#take();
    for await (const outcome of (await this.#batch).outcomes()) {
      if ('error' in outcome) outcome.error.stack += this.#calledFrom;
      yield unsafeCast(outcome);
    }
  }

  /** All results, in the order of the iteration. Rejects with what the iteration throws. */
  // oxlint-disable-next-line unicorn/no-thenable -- it is to be awaited
  then<A = All<R, Errors>, B = never>(
    onAll?: ((results: All<R, Errors>) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onAll, onError);
  }

  /** As of any promise. */
  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<All<R, Errors> | B> {
    return this.#promise().catch(onError);
  }

  /** As of any promise. */
  finally(onEnd?: (() => void) | null): Promise<All<R, Errors>> {
    return this.#promise().finally(onEnd);
  }

  get [Symbol.toStringTag](): string {
    return 'Results';
  }

  #promise(): Promise<All<R, Errors>> {
    return (this.#all ??= this.#collect());
  }

  async #collect(): Promise<All<R, Errors>> {
    this.#take();
    const batch = await this.#batch;
    const results: unknown[] = [];
    /** Where the failed elements are, because these may be called again (S24.6). */
    const places = new Map<number, number>();
    await batch.takeAll((outcome) => {
      const place = places.get(outcome.index) ?? results.length;
      if (!('error' in outcome)) results[place] = outcome.value;
      else {
        outcome.error.stack += this.#calledFrom;
        if (this.#errors === 'throw') throw outcome.error;
        results[place] = outcome.error;
        places.set(outcome.index, place);
      }
    });
    return unsafeCast(results);
  }

  #take(): void {
    if (this.#isTaken) throw typeError(USAGE.resultsTaken());
    this.#isTaken = true;
  }
}
