/** What the machines of the role `stragglers` have in common: their events and their commands. */
import { setup } from 'xstate';
import { unbound, unboundWith } from '../bind.ts';
import type { DeathPolicy } from '../dead-worker-policy.ts';

/** A task that exactly one worker has, as a machine gets it. It is data. */
export interface RunningTask {
  /** The number of the task in its job. */
  readonly task: number;
  /** The number of times it has been handed out, second copies included. */
  readonly attempts: number;
  /** The number of times it may be handed out. */
  readonly maxAttempts: number;
  /** The option of the job (S1). */
  readonly onDeadWorker: DeathPolicy;
  /** The rank and the host of the worker that has it. */
  readonly rank: number;
  readonly host: string;
  /** The metadata of the task. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How long that worker has had it, in milliseconds. */
  readonly milliseconds: number;
  /** How many of the last tasks of its batch with a result are known: at most 32, and 0 after a restart of the server. */
  readonly finished: number;
  /** The median of the times that those took, in milliseconds; 0 if there are none. */
  readonly medianMilliseconds: number;
  /** The number of workers that wait for a task. */
  readonly waitingWorkers: number;
}

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
