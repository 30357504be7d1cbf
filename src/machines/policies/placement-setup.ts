/** What the machines of the role `placement` have in common: their events and their commands. */
import { setup } from 'xstate';
import { unbound, unboundWith } from '../bind.ts';
import type { QueuedTask } from './policy-tasks.ts';

export type PlacementEvent =
  /** Once, when the task is queued or returns to the queue. */
  | ({ type: 'task.queued' } & QueuedTask)
  /** The time of an `onHost` has passed, or the last worker of that host has ended. */
  | ({ type: 'wait.elapsed' } & QueuedTask)
  /** A worker has got the task, or it is not queued any more. There is nothing to command. */
  | { type: 'task.taken' };

/** What a machine of the role may command. */
export const PLACEMENT_COMMANDS = {
  ...unbound('anywhere'),
  ...unboundWith<{ onHost: { host: string; milliseconds: number } }>({ onHost: true }),
};

export const placementSetup = setup({
  types: { context: {}, input: {} as QueuedTask, events: {} as PlacementEvent },
  guards: {
    /** Whether a worker is on the host that the task names. */
    hostIsThere: ({ event }) => event.type === 'task.queued' && event.hosts.includes(event.host),
  },
  actions: { ...PLACEMENT_COMMANDS, ...unbound('reportUnexpected') },
});
