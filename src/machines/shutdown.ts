/**
 * How a job ends.
 *
 * - S15 The grace period: when it ends with no registered worker, the sleigh shuts down.
 * - S13 Under the policy `shutdown` it shuts down when a registered worker dies, or fails its task; under any policy
 *       when the last worker of a closed group dies. A group that closed empty waits for the grace period.
 * - S14 A store to `Sleigh ride over` shuts it down. Workers that wait for tasks are left to their sentinels for a drain
 *       period; when that has passed, they are told.
 * - S14.1 A sleigh that shuts down by itself says so.
 * - S19 Where a sentinel supervises, the end of the last worker of a closed group begins the grace period instead.
 */
import type { DeathPolicy } from './dead-worker-policy.ts';
import { and, assign, sendParent, setup } from 'xstate';
import { unbound } from './bind.ts';

export type { DeathPolicy };

export type ShutdownEvent =
  | { type: 'worker.registered' }
  | { type: 'worker.died' }
  | { type: 'worker.left' }
  | { type: 'task.failed' }
  | { type: 'supervision.began' }
  | { type: 'group.closed' }
  | { type: 'grace.elapsed' }
  | { type: 'ride.over' }
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
    // Joining goes on, and workers die, whatever state the job is in.
    'worker.registered': { actions: 'countIn', description: 'S14: joining goes on to the end' },
    'worker.died': { actions: 'countOut', description: 'S13' },
    'worker.left': { actions: 'countOut', description: 'S14, S17' },
    'group.closed': { actions: 'noteClosing', description: 'S13, S14: joining goes on to the end' },
    'supervision.began': { actions: 'noteSupervision', description: 'S19' },
    'task.failed': { description: 'S7.1' },
    'ride.over': { description: 'S14: it is already' },
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
            description: 'S13',
          },
          {
            guard: and(['isSupervised', 'lastOneOfClosedGroup']),
            target: '.grace',
            actions: 'countOut',
            description: 'S15, S19',
          },
          {
            guard: 'lastOneOfClosedGroup',
            target: 'shuttingDown.byItself',
            actions: 'countOut',
            description: 'S13',
          },
        ],
        'worker.left': {
          guard: and(['isSupervised', 'lastOneOfClosedGroup']),
          target: '.grace',
          actions: 'countOut',
          description: 'S15, S19',
        },
        'task.failed': {
          guard: 'policyIsShutdown',
          target: 'shuttingDown.byItself',
          description: 'S7.1, S13',
        },
        'ride.over': { target: 'shuttingDown.byRequest', description: 'S14' },
        'server.stopping': { target: 'shuttingDown.byItself', description: 'S14.1' },
      },
      states: {
        grace: {
          entry: 'startGraceTimer',
          exit: 'stopGraceTimer',
          on: {
            'grace.elapsed': [
              { guard: 'nobodyIsRegistered', target: '#shutdown.shuttingDown.byItself', description: 'S15' },
              { target: 'running', description: 'S15' },
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
                description: 'S15, S19',
              },
              {
                guard: 'nobodyIsRegistered',
                target: '#shutdown.shuttingDown.byItself',
                actions: 'noteClosing',
                description: 'S13',
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
        'drain.elapsed': { target: 'over', description: 'S14' },
        'server.stopping': { target: 'over', description: 'S14: nobody waits any longer' },
      },
      states: {
        byRequest: { entry: sendParent({ type: 'sleigh.over', byItself: false }) },
        byItself: { entry: ['storeRideOver', sendParent({ type: 'sleigh.over', byItself: true })] },
      },
    },
    over: {
      entry: sendParent({ type: 'drain.over' }),
      on: {
        'server.stopping': { description: 'S14: it is already' },
      },
    },
  },
});
