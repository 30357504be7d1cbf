/** What the machines of the role `recovery` have in common: their events, their commands, and the decision of S13. */
import { setup } from 'xstate';
import { decideUnfinished, type Decision, type Unfinished } from '../dead-worker-policy.ts';
import { unbound, unboundWith } from '../bind.ts';
import { rule } from '../rule.ts';

export type RecoveryEvent =
  | ({ type: 'task.unfinished' } & Unfinished)
  /** The time of a `wait` has passed. */
  | { type: 'wait.elapsed' };

/** What a machine of the role may command. */
export const RECOVERY_COMMANDS = {
  ...unbound('requeue', 'retry', 'answer', 'drop'),
  ...unboundWith<{ wait: { milliseconds: number } }>({ wait: true }),
};

export const recoverySetup = setup({
  types: { context: {}, input: {} as Unfinished, events: {} as RecoveryEvent },
  guards: {
    decides: ({ event }, { decision }: { decision: Decision }) =>
      event.type === 'task.unfinished' && decideUnfinished(event.onDeadWorker, event) === decision,
  },
  actions: { ...RECOVERY_COMMANDS, ...unbound('reportUnexpected') },
});

/** What becomes of a task that no other worker tries. */
export const NOT_REQUEUED = [
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
] as const;

/** The state of the machine when it has decided. */
export const DECIDED = {
  requeued: { type: 'final' },
  retried: { type: 'final' },
  answered: { type: 'final' },
  dropped: { type: 'final' },
} as const;
