import { SLEIGH } from '../errors/job.ts';
import type { ConnectionLostError } from '../connection/errors.ts';
import { SleighError } from './sleigh-error.ts';

/** Why a job has ended. */
export type JobEndReason = SleighError | ConnectionLostError;

/** Why a job can do no further elements, and who is notified of that. */
export class JobEnd {
  /** Resolves when the job is over. */
  readonly decided: Promise<JobEndReason>;
  readonly #over = new AbortController();
  #why: JobEndReason | undefined;
  #decide: (why: JobEndReason) => void = () => undefined;

  constructor() {
    this.decided = new Promise((resolve) => (this.#decide = resolve));
  }

  /** Aborted, with the reason, when the job is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }
  get isDecided(): boolean {
    return this.#why !== undefined;
  }

  /** Only the first reason counts. */
  decide(why: JobEndReason): void {
    this.#why ??= why;
  }

  notify(): void {
    const why = this.error();
    this.#decide(why);
    this.#over.abort(why);
  }

  /** @param unfinished the indexes of the elements that were not done */
  error(unfinished: readonly number[] = []): JobEndReason {
    const why = this.#why ?? new SleighError(SLEIGH.isOver());
    return why instanceof SleighError ? why.without(unfinished) : why;
  }

  /** @throws SleighError, or ConnectionLostError */
  throwIfDecided(): void {
    if (this.isDecided) throw this.error();
  }
}
