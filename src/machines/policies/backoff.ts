/**
 * A task whose worker has died waits before other workers try it, longer after each attempt. Thus a task that ends its
 * workers, or a fault that ends many of them at once, does not occupy all workers. Everything else is as in
 * `recovery.ts`.
 *
 * - S30.3 A plugin brings this machine for the role `recovery`.
 */
import { rule } from '../rule.ts';
import type { BackoffOptions } from './backoff-options.ts';
import { DECIDED, NOT_REQUEUED, recoverySetup } from './recovery-setup.ts';

/** @returns a machine for the role `recovery` */
export const backoffMachineOf = ({
  firstMilliseconds = 100,
  mostMilliseconds = 30_000,
}: BackoffOptions = {}) =>
  recoverySetup.createMachine({
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
            ...NOT_REQUEUED,
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
      ...DECIDED,
    },
  });

export const backoffMachine = backoffMachineOf();
