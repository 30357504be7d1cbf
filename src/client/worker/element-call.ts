import type { Clock, Timer } from '../clock.ts';
import { TaskStopped } from '../task/task-failure.ts';

/** Milliseconds that a call which takes too long has to heed its signal. */
const HEED_MS = 500;

export interface ElementCallOptions {
  readonly clock: Clock;
  /** Milliseconds; Infinity where there is no limit. */
  readonly timeout: number;
  /** Resolves when rejections of this turn that nobody awaits have been heard of. */
  readonly endOfTurn: () => Promise<void>;
  /** Told when it is given up while it still runs: its worker is of no more use then. */
  readonly onLeftRunning: () => void;
}

/** One call of a user's function, and what may end it before its time. */
export class ElementCall {
  readonly #options: ElementCallOptions;
  /** Made when it is asked for: to make one takes longer than many a call. */
  #controller: AbortController | undefined;
  #stopped: TaskStopped | undefined;
  #timer: Timer | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(options: ElementCallOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** It should end, and has failed with this, whatever it makes of that. */
  stop(reason: TaskStopped): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#controller?.abort(reason);
  }

  /** It has failed, though it may still run. @returns false when it has ended */
  fail(error: unknown): boolean {
    this.#reject?.(error);
    return this.#reject !== undefined;
  }

  /** @throws what it throws; why it was stopped, or has failed */
  async resultOf(call: () => unknown): Promise<unknown> {
    this.#startTimer();
    try {
      const result = call();
      return isPromiseLike(result) ? await this.#settled(result) : result;
    } catch (error) {
      throw this.#stopped ?? error;
    } finally {
      this.#timer?.stop();
    }
  }

  async #settled(result: PromiseLike<unknown>): Promise<unknown> {
    const failed = new Promise<never>((_resolve, reject) => (this.#reject = reject));
    try {
      const value = await Promise.race([result, failed]);
      await Promise.race([this.#options.endOfTurn(), failed]);
      if (this.#stopped !== undefined) throw this.#stopped;
      return value;
    } finally {
      this.#reject = undefined;
    }
  }

  #startTimer(): void {
    const { clock, timeout, onLeftRunning } = this.#options;
    if (timeout === Infinity) return;
    this.#timer = clock.startTimer(timeout, () => {
      const reason = new TaskStopped('timed-out', `the task took longer than ${timeout} ms`);
      this.stop(reason);
      this.#timer = clock.startTimer(HEED_MS, () => {
        if (this.fail(reason)) onLeftRunning();
      });
    });
  }
}

const isPromiseLike = (result: unknown): result is PromiseLike<unknown> =>
  typeof result === 'object' && result !== null && 'then' in result;
