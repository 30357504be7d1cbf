/**
 * A task that runs far longer than the others of its batch gets a second copy on a worker that has nothing to do. One
 * slow host, or one worker that hangs, then does not delay a whole batch. An actor of this machine watches one task that
 * one worker has.
 *
 * - S31 A plugin brings this machine for the role `stragglers`.
 * - S13 A task that may not be handed out again gets no copy: under `null` and `shutdown`, and after its last attempt.
 */
import { rule } from '../rule.ts';
import type { SpeculationOptions } from './speculation-options.ts';
import { stragglersSetup } from './stragglers-setup.ts';

/** @returns a machine for the role `stragglers` */
export const speculationMachineOf = ({
  times = 3,
  finished = 3,
  everyMilliseconds = 1_000,
}: SpeculationOptions = {}) => {
  const watch = { type: 'watch', params: { milliseconds: everyMilliseconds } } as const;
  return stragglersSetup.createMachine({
    id: 'speculativeCopies',
    initial: 'beginning',
    on: { '*': { actions: 'reportUnexpected' } },
    states: {
      beginning: {
        on: {
          'task.running': [
            {
              guard: 'mayRunAgain',
              target: 'watching',
              actions: watch,
              ...rule('S31', 'The task may be handed out once more, and is watched.'),
            },
            {
              target: 'alone',
              actions: 'runAlone',
              ...rule('S31, S13', 'The task may not be handed out again.'),
            },
          ],
        },
      },
      watching: {
        on: {
          'watch.elapsed': [
            {
              guard: { type: 'isLate', params: { times, finished } },
              target: 'copied',
              actions: 'copy',
              ...rule('S31', 'The task is late and a worker has nothing to do, so it gets a second copy.'),
            },
            { actions: watch, ...rule('S31', 'The task is not late, or no worker is free for it.') },
          ],
          'task.ended': {
            target: 'ended',
            ...rule('S31', 'The worker does not have the task any more.'),
          },
        },
      },
      copied: { type: 'final' },
      alone: { type: 'final' },
      ended: { type: 'final' },
    },
  });
};

export const speculationMachine = speculationMachineOf();

/** Any machine of the role has its events and its commands. */
export type StragglersMachine = typeof speculationMachine;
