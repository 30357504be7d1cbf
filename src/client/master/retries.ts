import { createActor, type Actor } from 'xstate';
import { retryMachine } from '../../machines/pool/retry.ts';
import type { Clock, Timer } from '../clock.ts';
import { waitBefore, wantsRetry, type Retry } from '../options/retry.ts';
import type { TaskError } from '../task/outcome.ts';
import { UNRECOVERABLE } from '../task/unrecoverable-error.ts';

export interface RetriesOptions {
  readonly policy: Retry;
  readonly clock: Clock;
  /** Called with what a function of the policy throws. */
  readonly onFault: (error: unknown) => void;
}

interface Retried {
  readonly actor: Actor<typeof retryMachine>;
  again: (attempt: number) => void;
}

/** The failed elements of one batch that wait for another attempt, or have one under way. See machines/pool/retry. */
export class Retries {
  readonly #options: RetriesOptions;
  /** By the index of the element. */
  readonly #elements = new Map<number, Retried>();

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /**
   * A call has failed.
   * @param again called with the number of the next one, when it is due
   * @returns whether there will be one
   */
  failed(index: number, error: TaskError, again: (attempt: number) => void): boolean {
    const retried = this.#elements.get(index) ?? this.#start(index);
    retried.again = again;
    retried.actor.send({ type: 'attempt.failed', attempt: error.attempt, ...this.#decide(error) });
    return this.#elements.has(index);
  }

  /** The element has an outcome, or its batch does not want it any more. */
  withdraw(index: number): void {
    this.#elements.get(index)?.actor.send({ type: 'withdrawn' });
  }

  #start(index: number): Retried {
    const { clock, policy } = this.#options;
    let timer: Timer | undefined;
    const machine = retryMachine.provide({
      actions: {
        startTimer: (_, { milliseconds }) => {
          timer = clock.startTimer(milliseconds, () => actor.send({ type: 'timer.elapsed' }));
        },
        stopTimer: () => timer?.stop(),
        tryAgain: (_, params) => retried.again(params.attempt),
      },
    });
    const actor = createActor(machine, { input: { attempts: policy.attempts } });
    const retried: Retried = { actor, again: () => undefined };
    this.#elements.set(index, retried);
    actor.subscribe({ complete: () => this.#elements.delete(index) });
    actor.start();
    return retried;
  }

  #decide(error: TaskError): { mayRetry: boolean; milliseconds: number } {
    const { policy, onFault } = this.#options;
    try {
      const mayRetry = isRetryable(error) && wantsRetry(policy, error);
      return { mayRetry, milliseconds: mayRetry ? waitBefore(policy, error.attempt + 1, error) : 0 };
    } catch (fault) {
      onFault(fault);
      return { mayRetry: false, milliseconds: 0 };
    }
  }
}

/** Whether another call may succeed: its function threw, or took too long. */
const isRetryable = ({ code, cause }: TaskError): boolean =>
  code === 'timed-out' || (code === 'threw' && !(cause instanceof Error && cause.name === UNRECOVERABLE));
