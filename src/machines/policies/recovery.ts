/**
 * What becomes of one task whose worker has died or has failed it. An actor of this machine begins with the task, and
 * decides. A plugin may bring another machine for this role (S30.3).
 *
 * - S13 Under `requeue`, other workers try the task until its attempts are used up. Then, and under `null`, its master
 *   gets a null result. Under `shutdown` it gets none, because the job ends.
 * - S7.1 A copy of a broadcast that its worker has failed goes to the same worker again.
 */
import { rule } from '../rule.ts';
import { DECIDED, NOT_REQUEUED, recoverySetup } from './recovery-setup.ts';

export const recoveryMachine = recoverySetup.createMachine({
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
          ...NOT_REQUEUED,
        ],
      },
    },
    ...DECIDED,
  },
});

/** Any machine of the role has its events and its commands. */
export type RecoveryMachine = typeof recoveryMachine;
