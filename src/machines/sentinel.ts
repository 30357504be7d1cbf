/**
 * One sentinel: the connection of a launcher that starts workers on its host.
 *
 * - S2  It is one from the first rank that it is given.
 * - S9  `sentinel_alive` blocks it until the next heartbeat, which makes it active again.
 * - S13 It is dead when its connection closes while it has registered workers, or when it has used `sentinel_alive`
 *       and then stays away for three refresh periods; time blocked is not absence. With none registered it has left.
 * - S14 When the sleigh shuts down it is told to stop, and whatever it does then, it has left.
 * - S19 One that supervises may replace its workers, until the sleigh shuts down.
 */
import { assign, sendParent, setup } from 'xstate';
import { unbound } from './bind.ts';

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
    'rank.given': { actions: 'noteRank', description: 'S2' },
    'connection.closed': [
      { guard: 'hasRegisteredWorkers', target: '.dead', description: 'S13' },
      { target: '.left', description: 'S13' },
    ],
    departed: { target: '.left', description: 'S14' },
  },
  states: {
    active: {
      on: {
        'alive.asked': [
          { guard: 'mayWait', target: 'blocked', actions: 'stopAbsenceTimer', description: 'S9' },
          { actions: ['tellNoWaking', 'startAbsenceTimer'], description: 'S9' },
        ],
        'replacement.asked': { actions: 'replaceWorker', description: 'S19' },
        'absence.elapsed': { target: 'dead', description: 'S13' },
        'sleigh.over': { target: 'dismissed', description: 'S14' },
      },
    },
    blocked: {
      entry: 'holdUntilWaking',
      on: {
        'waking.came': { target: 'active', actions: ['tellToGoOn', 'startAbsenceTimer'], description: 'S9' },
        'replacement.asked': { actions: 'replaceWorker', description: 'S19' },
        'sleigh.over': { target: 'dismissed', actions: 'tellToStop', description: 'S14' },
      },
    },
    dismissed: {
      entry: 'stopAbsenceTimer',
      on: {
        'alive.asked': { actions: 'tellToStop', description: 'S9, S14' },
        'replacement.asked': { actions: 'refuseReplacement', description: 'S14, S19' },
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
