/**
 * What becomes of one task whose worker has died or has failed it. An actor of this machine begins with the task, and
 * decides. A plugin may bring another machine for this role (S30.3).
 *
 * - S13 Under `requeue`, other workers try the task until its attempts are used up. Then, and under `null`, its master
 *   gets a null result. Under `shutdown` it gets none, because the job ends.
 * - S7.1 A copy of a broadcast that its worker has failed goes to the same worker again.
 */
import { setup } from 'xstate';
import { decideUnfinished, type Decision, type Unfinished } from '../dead-worker-policy.ts';
import { unbound, unboundWith } from '../bind.ts';
import { rule } from '../rule.ts';

export type RecoveryEvent =
  | ({ type: 'task.unfinished' } & Unfinished)
  /** The time of a `wait` has passed. */
  | { type: 'wait.elapsed' };

export const recoveryMachine = setup({
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
  id: 'recovery',
  initial: 'deciding',
  on: { '*': { actions: 'reportUnexpected' } },
  states: {
    deciding: {
      on: {
        'task.unfinished': [
          {
            guard: { type: 'decides', params: { decision: 'requeue' } },
            target: 'requeued',
            actions: 'requeue',
            ...rule('S13, S7.1', 'The task has attempts left, and goes to the head of the queue.'),
          },
          {
            guard: { type: 'decides', params: { decision: 'retry' } },
            target: 'retried',
            actions: 'retry',
            ...rule('S7.1', 'The copy of a broadcast has attempts left, and goes to the same worker again.'),
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
    requeued: { type: 'final' },
    retried: { type: 'final' },
    answered: { type: 'final' },
    dropped: { type: 'final' },
  },
});
