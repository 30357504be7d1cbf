import type { Clock, Timer } from '../clock.ts';
import { TaskStopped } from '../task/task-failure.ts';
import { TASK } from '../errors/job.ts';

/** Milliseconds that a call has to react to its signal. */
const HEED_MS = 500;
/** The same for a cancelled call among others, which its worker abandons before the sentinel would kill all of them. */
const HEED_AMONG_OTHERS_MS = 350;

export interface ElementCallOptions {
  readonly clock: Clock;
  /** Milliseconds; Infinity if there is no limit. */
  readonly timeout: number;
  /** Resolves when unhandled rejections of this turn are known. */
  readonly endOfTurn: () => Promise<void>;
  /** Called if the call is abandoned while it still runs. The worker cannot be used any more then. */
  readonly onLeftRunning: (why: 'timed-out' | 'cancelled') => void;
}

/** One call of a user's function, which may be ended early. */
export class ElementCall {
  readonly #options: ElementCallOptions;
  /** Created on demand, because creating one takes longer than many calls. */
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

  /**
   * Asks the call to end. It has failed with this reason, whatever it returns.
   * @param isAmongOthers whether other calls are under way in this worker, so that this one is abandoned if it does not end
   */
  stop(reason: TaskStopped, isAmongOthers = false): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#controller?.abort(reason);
    if (isAmongOthers) this.#abandonAfter(HEED_AMONG_OTHERS_MS, reason, 'cancelled');
  }

  /**
   * Fails the call, though it may still run.
   * @returns false if it has ended
   */
  fail(error: unknown): boolean {
    this.#reject?.(error);
    return this.#reject !== undefined;
  }

  /** @throws what it throws, or the reason why it was stopped or has failed */
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
    const { clock, timeout } = this.#options;
    if (timeout === Infinity) return;
    this.#timer = clock.startTimer(timeout, () => {
      const reason = new TaskStopped(TASK.timedOut(timeout));
      this.stop(reason);
      this.#abandonAfter(HEED_MS, reason, 'timed-out');
    });
  }

  #abandonAfter(milliseconds: number, reason: TaskStopped, why: 'timed-out' | 'cancelled'): void {
    const { clock, onLeftRunning } = this.#options;
    this.#timer?.stop();
    this.#timer = clock.startTimer(milliseconds, () => {
      if (this.fail(reason)) onLeftRunning(why);
    });
  }
}

const isPromiseLike = (result: unknown): result is PromiseLike<unknown> =>
  typeof result === 'object' && result !== null && 'then' in result;
