import type { NwsConnection } from './connection.ts';
import type { Clock, Timer } from '../clock.ts';
import { milliseconds } from '../options/durations.ts';
import { ConnectionLostError, TimeoutError } from './errors.ts';
import { USAGE } from '../errors/usage.ts';
import { typeError } from '../../wire/error-kind.ts';

/** Conditions that end a wait early. */
export interface WaitOptions {
  /** Rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after which it rejects with a TimeoutError. The default is `Infinity`, no limit. */
  readonly timeout?: number | undefined;
}

/** A wait that may end early, once. */
export class Waiting implements Disposable {
  readonly #signal: AbortSignal | undefined;
  readonly #timer: Timer;
  #giveUp: () => void = () => undefined;
  /** Why it has ended early; undefined if it has not. */
  reason: unknown;

  /**
   * @param what a description of the awaited event, for the TimeoutError
   * @throws the reason of the signal if it is aborted already; RangeError or TypeError for an invalid timeout
   */
  constructor({ signal, timeout = Infinity }: WaitOptions, what: string, clock: Clock) {
    const limit = milliseconds('timeout', timeout);
    signal?.throwIfAborted();
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted);
    this.#timer = clock.startTimer(limit, () => this.#end(new TimeoutError(what, limit)));
  }

  /** @param giveUp called when it ends early, or immediately if it already has */
  onEnd(giveUp: () => void): void {
    this.#giveUp = giveUp;
    if (this.reason !== undefined) giveUp();
  }

  /** As `waitOn`. */
  async withdrawing<T>(connection: NwsConnection, ask: () => Promise<T>): Promise<T> {
    if (this.reason !== undefined) throw this.reason;
    const answered = ask();
    this.onEnd(() => connection.withdraw());
    try {
      return await answered;
    } catch (error) {
      throw this.reason !== undefined && error instanceof ConnectionLostError ? this.reason : error;
    }
  }

  readonly #aborted = (): void => this.#end(this.#signal?.reason);

  #end(reason: unknown): void {
    this.reason ??= reason ?? typeError(USAGE.abortedWithoutReason());
    this.#giveUp();
  }

  [Symbol.dispose](): void {
    this.#timer.stop();
    this.#signal?.removeEventListener('abort', this.#aborted);
  }
}

/**
 * Waits for the answer to a get, within its limits.
 * @param ask makes the request at once
 * @returns the answer, also if it arrived just before the wait was to end, so that no value is lost
 * @throws the reason of the signal, or TimeoutError
 */
export async function waitOn<T>(
  connection: NwsConnection,
  what: string,
  options: WaitOptions,
  ask: () => Promise<T>,
): Promise<T> {
  using waiting = new Waiting(options, what, connection.clock);
  return await waiting.withdrawing(connection, ask);
}
