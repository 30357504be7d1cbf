import { SLEIGH } from '../errors/job.ts';
import type { ErrorText } from '../../wire/error-kind.ts';
import { SleighError, type SleighErrorCode } from './sleigh-error.ts';

/** Why a job can do no further elements, and who is notified of that. */
export class JobEnd {
  readonly #over = new AbortController();
  #why: ErrorText<SleighErrorCode> | undefined;

  /** Aborted, with a SleighError, when the job is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }
  get isDecided(): boolean {
    return this.#why !== undefined;
  }

  /** Only the first reason counts. */
  decide(why: ErrorText<SleighErrorCode>): void {
    this.#why ??= why;
  }

  notify(): void {
    this.#over.abort(this.error());
  }

  /** @param unfinished the indexes of the elements that were not done */
  error(unfinished: readonly number[] = []): SleighError {
    return new SleighError(this.#why ?? SLEIGH.isOver(), unfinished);
  }

  /** @throws SleighError */
  throwIfDecided(): void {
    if (this.isDecided) throw this.error();
  }
}
