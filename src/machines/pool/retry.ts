/**
 * One element of a master whose call has failed, and whose batch has a retry policy.
 *
 * - S27.1 An element is tried again while it has attempts left and its failure may be retried.
 * - S27.2 It waits before each further attempt, as long as the backoff says. Meanwhile it counts as under way.
 * - S27.3 An element that waits when its batch is cancelled or refused is not tried again.
 */
import { assign, setup } from 'xstate';
import { rule } from '../rule.ts';

export interface RetryContext {
  /** The number of attempts in all. */
  readonly attempts: number;
  /** The number of the next attempt, from 1. */
  readonly attempt: number;
}

export type RetryEvent =
  /** `attempt`: its number. `milliseconds`: how long the element waits if it is tried again. */
  | { type: 'attempt.failed'; attempt: number; mayRetry: boolean; milliseconds: number }
  | { type: 'timer.elapsed' }
  /** Its batch does not want it any more. */
  | { type: 'withdrawn' };

export const retryMachine = setup({
  types: {
    context: {} as RetryContext,
    input: {} as { attempts: number },
    events: {} as RetryEvent,
  },
  guards: {
    mayTryAgain: ({ context, event }) =>
      event.type === 'attempt.failed' && event.mayRetry && event.attempt < context.attempts,
  },
  actions: {
    countAttempt: assign(({ event }) =>
      event.type === 'attempt.failed' ? { attempt: event.attempt + 1 } : {},
    ),
    startTimer: (_args, _params: { milliseconds: number }) => undefined,
    stopTimer: () => undefined,
    tryAgain: (_args, _params: { attempt: number }) => undefined,
    reportUnexpected: () => undefined,
  },
}).createMachine({
  id: 'retry',
  context: ({ input }) => ({ attempts: input.attempts, attempt: 1 }),
  initial: 'trying',
  on: {
    '*': { actions: 'reportUnexpected' },
    withdrawn: { target: '.givenUp', ...rule('S27.3', 'The batch does not want the element any more.') },
  },
  states: {
    trying: {
      on: {
        'attempt.failed': [
          {
            guard: 'mayTryAgain',
            target: 'waiting',
            actions: 'countAttempt',
            ...rule('S27.1', 'The failure may be retried, and an attempt is left.'),
          },
          {
            target: 'givenUp',
            ...rule('S27.1', 'No attempt is left, or the failure is one that is not retried.'),
          },
        ],
      },
    },
    waiting: {
      entry: {
        type: 'startTimer',
        params: ({ event }) => ({ milliseconds: event.type === 'attempt.failed' ? event.milliseconds : 0 }),
      },
      exit: 'stopTimer',
      on: {
        'timer.elapsed': {
          target: 'trying',
          actions: { type: 'tryAgain', params: ({ context }) => ({ attempt: context.attempt }) },
          ...rule('S27.2', 'The wait is over, and the element is sent again.'),
        },
      },
    },
    givenUp: { type: 'final' },
  },
});
