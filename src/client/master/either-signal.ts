/**
 * A signal that is aborted when one of two signals is. Disposing it removes its listeners from both.
 * `AbortSignal.any` would keep them as long as a long-lived signal exists.
 */
export class EitherSignal implements Disposable {
  readonly #signals: readonly AbortSignal[];
  readonly #controller = new AbortController();

  constructor(...signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals.filter((signal) => signal !== undefined);
    for (const signal of this.#signals) {
      signal.addEventListener('abort', this.#abort);
      if (signal.aborted) this.#abort();
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #abort = (): void => {
    const aborted = this.#signals.find((signal) => signal.aborted);
    this.#controller.abort(aborted?.reason);
  };

  [Symbol.dispose](): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#abort);
  }
}
