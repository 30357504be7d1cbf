/**
 * A task whose worker has died waits before other workers try it, longer after each attempt. Thus a task that ends its
 * workers, or a fault that ends many of them at once, does not occupy all workers. Everything else is as in
 * `recovery.ts`.
 *
 * - S30.3 A plugin brings this machine for the role `recovery`.
 */
import { setup } from 'xstate';
import { decideUnfinished, type Decision, type Unfinished } from '../dead-worker-policy.ts';
import { unbound, unboundWith } from '../bind.ts';
import { rule } from '../rule.ts';
import type { BackoffOptions } from './backoff-options.ts';
import type { RecoveryEvent } from './recovery.ts';

/** @returns a machine for the role `recovery` */
export const backoffMachineOf = ({
  firstMilliseconds = 100,
  mostMilliseconds = 30_000,
}: BackoffOptions = {}) =>
  setup({
    types: { context: {}, input: {} as Unfinished, events: {} as RecoveryEvent },
    guards: {
      decides: ({ event }, { decision }: { decision: Decision }) =>
        event.type === 'task.unfinished' && decideUnfinished(event.onDeadWorker, event) === decision,
    },
    actions: {
      ...unbound('requeue', 'retry', 'answer', 'drop', 'reportUnexpected'),
      ...unboundWith<{ wait: { milliseconds: number } }>({ wait: true }),
    },
  }).createMachine({
    id: 'requeueWithBackoff',
    initial: 'deciding',
    on: { '*': { actions: 'reportUnexpected' } },
    states: {
      deciding: {
        on: {
          'task.unfinished': [
            {
              guard: { type: 'decides', params: { decision: 'requeue' } },
              target: 'waiting',
              actions: {
                type: 'wait',
                params: ({ event }) => ({
                  milliseconds:
                    event.type === 'task.unfinished'
                      ? Math.min(firstMilliseconds * 2 ** (event.attempts - 1), mostMilliseconds)
                      : firstMilliseconds,
                }),
              },
              ...rule('S30.3', 'The task has attempts left, and waits before the next one.'),
            },
            {
              guard: { type: 'decides', params: { decision: 'retry' } },
              target: 'retried',
              actions: 'retry',
              ...rule('S7.1', 'The copy of a broadcast goes to the same worker again.'),
            },
            {
              guard: { type: 'decides', params: { decision: 'answer' } },
              target: 'answered',
              actions: 'answer',
              ...rule('S13', 'The task is not tried again, and its master gets a null result.'),
            },
            {
              target: 'dropped',
              actions: 'drop',
              ...rule('S13', 'The job ends by this, and nobody gets a result.'),
            },
          ],
        },
      },
      waiting: {
        on: {
          'wait.elapsed': {
            target: 'requeued',
            actions: 'requeue',
            ...rule('S30.3', 'The task has waited, and goes to the head of the queue.'),
          },
        },
      },
      requeued: { type: 'final' },
      retried: { type: 'final' },
      answered: { type: 'final' },
      dropped: { type: 'final' },
    },
  });

export const backoffMachine = backoffMachineOf();
