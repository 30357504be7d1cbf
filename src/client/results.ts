import type { Batch } from './batch.ts';
import { claimed } from './claimed.ts';
import type { Outcome, TaskError } from './outcome.ts';

/** What becomes of a task that fails: the batch ends with its error, or the error stands where the result would. */
export type ErrorHandling = 'throw' | 'collect';

/** What stands for one element. */
export type ResultOf<R, Errors extends ErrorHandling> = Errors extends 'collect' ? R | TaskError : R;

/**
 * The results of a batch: `await` gives all of them, `for await` one after another, at whose pace more is handed out.
 * They can be taken once, in one of these ways.
 */
export class Results<R, Errors extends ErrorHandling = 'throw'>
  implements AsyncIterable<ResultOf<R, Errors>>, PromiseLike<ResultOf<R, Errors>[]>
{
  readonly #batch: Promise<Batch>;
  readonly #errors: ErrorHandling;
  #isTaken = false;
  #all: Promise<ResultOf<R, Errors>[]> | undefined;

  /** @param batch when it is on its way */
  constructor(batch: Promise<Batch>, errors: ErrorHandling) {
    this.#batch = batch;
    this.#errors = errors;
    // Whoever takes them is told.
    batch.catch(() => undefined);
  }

  /**
   * One after another. To leave the loop early cancels what is left.
   * @throws TaskError of the first task that fails, unless errors are collected; what the elements threw; SleighError;
   *   ConnectionLostError; the reason of the signal
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ResultOf<R, Errors>, void, undefined> {
    for await (const outcome of this.outcomes()) {
      if (!('error' in outcome)) yield claimed(outcome.value);
      else if (this.#errors === 'collect') yield claimed(outcome.error);
      else throw outcome.error;
    }
  }

  /** As the iteration, with the index of each element and the worker that did it; errors of tasks are never thrown. */
  async *outcomes(): AsyncGenerator<Outcome<R>, void, undefined> {
    if (this.#isTaken) throw new TypeError('the results of this batch have been taken already');
    this.#isTaken = true;
    for await (const outcome of (await this.#batch).outcomes()) yield claimed(outcome);
  }

  /** All results, in the order of the iteration. Rejects as that throws. */
  // oxlint-disable-next-line unicorn/no-thenable -- it is to be awaited
  then<A = ResultOf<R, Errors>[], B = never>(
    onAll?: ((results: ResultOf<R, Errors>[]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#all ??= this.#collect()).then(onAll, onError);
  }

  async #collect(): Promise<ResultOf<R, Errors>[]> {
    const results: ResultOf<R, Errors>[] = [];
    for await (const result of this) results.push(result);
    return results;
  }
}
