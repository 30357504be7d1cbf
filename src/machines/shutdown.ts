/**
 * How a job ends.
 *
 * - S15 If no worker is registered at the end of the grace period, the sleigh shuts down.
 * - S13 Under the policy `shutdown` it shuts down when a registered worker dies or fails its task. Under every policy
 *   it shuts down when the last worker of a closed group dies. A group that closed without workers waits for the end of
 *   the grace period.
 * - S14 A store to `Sleigh ride over` shuts it down. Workers that wait for tasks are left to their sentinels during a
 *   drain period, and are told at its end.
 * - S14.1 A sleigh that shuts down by itself announces it.
 * - S19 With a supervising sentinel, the end of the last worker of a closed group starts the grace period instead.
 */
import type { DeathPolicy } from './dead-worker-policy.ts';
import { and, assign, sendParent, setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type { DeathPolicy };

/** Whether a client shuts the sleigh down, or it does so by itself (S14.1). */
export type EndCause = 'request' | 'itself';

export type ShutdownEvent =
  | { type: 'worker.registered' }
  | { type: 'worker.died' }
  | { type: 'worker.left' }
  | { type: 'task.failed' }
  | { type: 'supervision.began' }
  | { type: 'group.closed' }
  | { type: 'grace.elapsed' }
  | { type: 'shutdown.requested' }
  | { type: 'drain.elapsed' }
  | { type: 'server.stopping' };

export const shutdownMachine = setup({
  types: {
    context: {} as { policy: DeathPolicy; living: number; groupClosed: boolean; isSupervised: boolean },
    input: {} as { policy: DeathPolicy },
    events: {} as ShutdownEvent,
  },
  guards: {
    policyIsShutdown: ({ context }) => context.policy === 'shutdown',
    isSupervised: ({ context }) => context.isSupervised,
    nobodyIsRegistered: ({ context }) => context.living === 0,
    lastOneOfClosedGroup: ({ context }) => context.groupClosed && context.living === 1,
  },
  actions: {
    countIn: assign(({ context }) => ({ living: context.living + 1 })),
    countOut: assign(({ context }) => ({ living: context.living - 1 })),
    noteClosing: assign({ groupClosed: true }),
    noteSupervision: assign({ isSupervised: true }),
    ...unbound(
      'startGraceTimer',
      'stopGraceTimer',
      'startDrainTimer',
      'stopDrainTimer',
      'storeRideOver',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'shutdown',
  context: ({ input }) => ({ policy: input.policy, living: 0, groupClosed: false, isSupervised: false }),
  initial: 'up',
  on: {
    '*': { actions: 'reportUnexpected' },
    // Workers join and die in every state of the job.
    'worker.registered': {
      actions: 'countIn',
      ...rule('S14', 'Workers may join as long as there is the job.'),
    },
    'worker.died': { actions: 'countOut', ...rule('S13', 'A worker that has died is counted out.') },
    'worker.left': { actions: 'countOut', ...rule('S14, S17', 'A worker that has left is counted out.') },
    'group.closed': {
      actions: 'noteClosing',
      ...rule('S13, S14', 'The group may close as long as there is the job.'),
    },
    'supervision.began': {
      actions: 'noteSupervision',
      ...rule('S19', 'A sentinel supervises its workers from now on.'),
    },
    'task.failed': rule('S7.1', 'A worker that fails its task ends no job whose policy is another one.'),
    'shutdown.requested': rule('S14', 'The job shuts down already.'),
  },
  states: {
    up: {
      initial: 'grace',
      on: {
        'worker.died': [
          {
            guard: 'policyIsShutdown',
            target: 'shuttingDown.byItself',
            actions: 'countOut',
            ...rule('S13', 'Under the policy `shutdown` the first death of a worker ends the job.'),
          },
          {
            guard: and(['isSupervised', 'lastOneOfClosedGroup']),
            target: '.grace',
            actions: 'countOut',
            ...rule('S15, S19', 'The last worker of a closed group may be replaced within a grace period.'),
          },
          {
            guard: 'lastOneOfClosedGroup',
            target: 'shuttingDown.byItself',
            actions: 'countOut',
            ...rule('S13', 'The last worker of a closed group has died, and nobody can replace it.'),
          },
        ],
        'worker.left': {
          guard: and(['isSupervised', 'lastOneOfClosedGroup']),
          target: '.grace',
          actions: 'countOut',
          ...rule('S15, S19', 'The last worker of a closed group may be replaced within a grace period.'),
        },
        'task.failed': {
          guard: 'policyIsShutdown',
          target: 'shuttingDown.byItself',
          ...rule('S7.1, S13', 'Under the policy `shutdown` the first failed task ends the job.'),
        },
        'shutdown.requested': {
          target: 'shuttingDown.byRequest',
          ...rule('S14', 'Somebody asks the job to shut down.'),
        },
        'server.stopping': {
          target: 'shuttingDown.byItself',
          ...rule('S14.1', 'The job ends with its server.'),
        },
      },
      states: {
        grace: {
          entry: 'startGraceTimer',
          exit: 'stopGraceTimer',
          on: {
            'grace.elapsed': [
              {
                guard: 'nobodyIsRegistered',
                target: '#shutdown.shuttingDown.byItself',
                ...rule('S15', 'No worker is registered at the end of the grace period, so the job ends.'),
              },
              { target: 'running', ...rule('S15', 'Workers are registered at the end of the grace period.') },
            ],
          },
        },
        running: {
          on: {
            'group.closed': [
              {
                guard: and(['isSupervised', 'nobodyIsRegistered']),
                target: 'grace',
                actions: 'noteClosing',
                ...rule(
                  'S15, S19',
                  'The group has closed empty, and its workers may be replaced within a grace period.',
                ),
              },
              {
                guard: 'nobodyIsRegistered',
                target: '#shutdown.shuttingDown.byItself',
                actions: 'noteClosing',
                ...rule('S13', 'The group has closed without a worker, so the job ends.'),
              },
            ],
          },
        },
      },
    },
    shuttingDown: {
      initial: 'byRequest',
      entry: 'startDrainTimer',
      exit: 'stopDrainTimer',
      on: {
        'drain.elapsed': {
          target: 'over',
          ...rule(
            'S14',
            'The drain period has elapsed, and clients that still wait for a task are answered.',
          ),
        },
        'server.stopping': {
          target: 'over',
          ...rule('S14', 'The server stops, so nobody waits for the end of the drain period.'),
        },
      },
      states: {
        byRequest: { entry: sendParent({ type: 'shutdown.started', cause: 'request' }) },
        byItself: { entry: ['storeRideOver', sendParent({ type: 'shutdown.started', cause: 'itself' })] },
      },
    },
    over: {
      entry: sendParent({ type: 'drain.finished' }),
      on: {
        'server.stopping': rule('S14', 'The job is over already.'),
      },
    },
  },
});
