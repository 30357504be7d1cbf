/** What the machines of the role `stragglers` have in common: their events and their commands. */
import { setup } from 'xstate';
import { unbound, unboundWith } from '../bind.ts';
import type { RunningTask } from './policy-tasks.ts';

export type StragglersEvent =
  /** Once, when exactly one worker has the task. */
  | ({ type: 'task.running' } & RunningTask)
  /** The time of a `watch` has passed, and the worker still has the task. */
  | ({ type: 'watch.elapsed' } & RunningTask)
  /** The task has its result, or the worker does not have it any more. There is nothing to command. */
  | { type: 'task.ended' };

/** What a machine of the role may command. */
export const STRAGGLERS_COMMANDS = {
  ...unbound('copy', 'runAlone'),
  ...unboundWith<{ watch: { milliseconds: number } }>({ watch: true }),
};

export const stragglersSetup = setup({
  types: { context: {}, input: {} as RunningTask, events: {} as StragglersEvent },
  guards: {
    /** S13: whether other workers may try the task, as after the death of its worker. */
    mayRunAgain: ({ event }) =>
      event.type === 'task.running' && event.onDeadWorker === 'requeue' && event.attempts < event.maxAttempts,
    /** Whether it has run `times` as long as the median of `finished` others, and a worker has nothing to do. */
    isLate: ({ event }, { times, finished }: { times: number; finished: number }) =>
      event.type === 'watch.elapsed' &&
      event.waitingWorkers > 0 &&
      event.finished >= finished &&
      event.milliseconds >= times * event.medianMilliseconds,
  },
  actions: { ...STRAGGLERS_COMMANDS, ...unbound('reportUnexpected') },
});
