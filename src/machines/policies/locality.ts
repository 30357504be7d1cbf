/**
 * A task that names a host waits a while for a worker of that host, where its data are. Then every worker may take it, so
 * that a busy host does not delay it for long. An actor of this machine decides about one queued task.
 *
 * - S32 A plugin brings this machine for the role `placement`.
 */
import { rule } from '../rule.ts';
import type { LocalityOptions } from './locality-options.ts';
import { placementSetup } from './placement-setup.ts';

/** @returns a machine for the role `placement` */
export const localityMachineOf = ({ waitMilliseconds = 500 }: LocalityOptions = {}) =>
  placementSetup.createMachine({
    id: 'localityByHost',
    initial: 'deciding',
    on: { '*': { actions: 'reportUnexpected' } },
    states: {
      deciding: {
        on: {
          'task.queued': [
            {
              guard: 'hostIsThere',
              target: 'waiting',
              actions: {
                type: 'onHost',
                params: ({ event }) => ({
                  host: event.type === 'task.queued' ? event.host : '',
                  milliseconds: waitMilliseconds,
                }),
              },
              ...rule('S32', 'The task is kept for the workers of the host that it names.'),
            },
            {
              target: 'anywhere',
              actions: 'anywhere',
              ...rule('S32', 'The task names no host, or no worker is there.'),
            },
          ],
        },
      },
      waiting: {
        on: {
          'wait.elapsed': {
            target: 'anywhere',
            actions: 'anywhere',
            ...rule('S32', 'No worker of the host has taken the task in time, or none is there any more.'),
          },
          'task.taken': { target: 'taken', ...rule('S32', 'The task is not queued any more.') },
        },
      },
      anywhere: { type: 'final' },
      taken: { type: 'final' },
    },
  });

export const localityMachine = localityMachineOf();

/** Any machine of the role has its events and its commands. */
export type PlacementMachine = typeof localityMachine;
