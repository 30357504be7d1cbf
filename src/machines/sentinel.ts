/**
 * One sentinel: the connection of a launcher that starts workers on its host.
 *
 * - S2 A connection becomes a sentinel with the first rank that it gets.
 * - S9 `sentinel_alive` blocks it until the next heartbeat, which makes it active again.
 * - S13 It is dead when its connection closes while it has registered workers, or when it has used `sentinel_alive` and
 *   then does not use it for three refresh periods. Time in which it is blocked does not count. Without registered
 *   workers it has left.
 * - S14 When the sleigh shuts down it is told to stop, and whatever it does then, it has left.
 * - S19 A supervising sentinel may replace its workers until the sleigh shuts down.
 */
import { assign, sendParent, setup } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from '../rule.ts';

export type SentinelEvent =
  | { type: 'rank.given'; rank: number }
  | { type: 'replacement.asked'; rank: number; request: number }
  | { type: 'alive.asked'; request: number; waits: boolean }
  | { type: 'waking.came' }
  | { type: 'absence.elapsed' }
  | { type: 'connection.closed'; registeredWorkers: number }
  | { type: 'sleigh.over' }
  | { type: 'departed' };

export const sentinelMachine = setup({
  types: {
    context: {} as { id: number; lastRank: number },
    input: {} as { id: number; rank: number },
    events: {} as SentinelEvent,
  },
  guards: {
    mayWait: ({ event }) => event.type === 'alive.asked' && event.waits,
    hasRegisteredWorkers: ({ event }) => event.type === 'connection.closed' && event.registeredWorkers > 0,
  },
  actions: {
    noteRank: assign(({ context, event }) =>
      event.type === 'rank.given' ? { lastRank: event.rank } : { lastRank: context.lastRank },
    ),
    ...unbound(
      'replaceWorker',
      'refuseReplacement',
      'holdUntilWaking',
      'tellNoWaking',
      'tellToGoOn',
      'tellToStop',
      'startAbsenceTimer',
      'stopAbsenceTimer',
      'retire',
      'reportUnexpected',
    ),
  },
}).createMachine({
  id: 'sentinel',
  context: ({ input }) => ({ id: input.id, lastRank: input.rank }),
  initial: 'active',
  on: {
    '*': { actions: 'reportUnexpected' },
    'rank.given': {
      actions: 'noteRank',
      ...rule('S2', 'The sentinel remembers the last rank that it was given.'),
    },
    'connection.closed': [
      {
        guard: 'hasRegisteredWorkers',
        target: '.dead',
        ...rule('S13', 'The connection of a sentinel with registered workers has closed, so it is dead.'),
      },
      {
        target: '.left',
        ...rule('S13', 'The connection of a sentinel without registered workers has closed, so it has left.'),
      },
    ],
    departed: {
      target: '.left',
      ...rule('S14', 'The sleigh shuts down or is deleted, so the sentinel has left.'),
    },
  },
  states: {
    active: {
      on: {
        'alive.asked': [
          {
            guard: 'mayWait',
            target: 'blocked',
            actions: 'stopAbsenceTimer',
            ...rule('S9', 'The sentinel is blocked until the next heartbeat.'),
          },
          {
            actions: ['tellNoWaking', 'startAbsenceTimer'],
            ...rule('S9', 'The sentinel does not wait, so its absence counts from now on.'),
          },
        ],
        'replacement.asked': {
          actions: 'replaceWorker',
          ...rule('S19', 'The sentinel replaces a worker of its own.'),
        },
        'absence.elapsed': {
          target: 'dead',
          ...rule('S13', 'The sentinel has stayed away for three refresh periods, so it is dead.'),
        },
        'sleigh.over': {
          target: 'dismissed',
          ...rule('S14', 'The sleigh shuts down, and the sentinel is told so when it asks next.'),
        },
      },
    },
    blocked: {
      entry: 'holdUntilWaking',
      on: {
        'waking.came': {
          target: 'active',
          actions: ['tellToGoOn', 'startAbsenceTimer'],
          ...rule('S9', 'The heartbeat tells the sentinel to go on.'),
        },
        'replacement.asked': {
          actions: 'replaceWorker',
          ...rule('S19', 'A blocked sentinel replaces a worker by another connection.'),
        },
        'sleigh.over': {
          target: 'dismissed',
          actions: 'tellToStop',
          ...rule('S14', 'The sleigh shuts down, and the blocked sentinel is told to stop.'),
        },
      },
    },
    dismissed: {
      entry: 'stopAbsenceTimer',
      on: {
        'alive.asked': {
          actions: 'tellToStop',
          ...rule('S9, S14', 'The sleigh shuts down, so the sentinel is told to stop.'),
        },
        'replacement.asked': {
          actions: 'refuseReplacement',
          ...rule('S14, S19', 'A sleigh that shuts down replaces no workers.'),
        },
      },
    },
    dead: {
      type: 'final',
      entry: [
        'stopAbsenceTimer',
        'retire',
        sendParent(({ context }) => ({ type: 'sentinel.died', id: context.id })),
      ],
    },
    left: {
      type: 'final',
      entry: [
        'stopAbsenceTimer',
        'retire',
        sendParent(({ context }) => ({ type: 'sentinel.left', id: context.id })),
      ],
    },
  },
});
