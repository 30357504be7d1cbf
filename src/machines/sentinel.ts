/**
 * One sentinel: the connection of a launcher that starts workers on its host.
 *
 * - S2 A connection becomes a sentinel with the first rank that it gets.
 * - S9 `sentinel_alive` blocks it until the next heartbeat, which makes it active again.
 * - S13 It is dead when its connection closes while it has registered workers, or when it has used `sentinel_alive` and
 *   then does not use it for three refresh periods. Time in which it is blocked does not count. Without registered
 *   workers it has left.
 * - P15.5 A sentinel with a session may lose its connection while it is blocked, and asks again over the next one.
 * - S14 When the sleigh shuts down it is told to stop, and whatever it does then, it has left.
 * - S19 A supervising sentinel may replace its workers until the sleigh shuts down.
 */
import { assign, sendParent, setup, type StateValueFrom } from 'xstate';
import { unbound } from './bind.ts';
import { rule } from './rule.ts';

export type SentinelEvent =
  | { type: 'rank.given'; rank: number }
  | { type: 'replacement.asked'; rank: number; request: number }
  | { type: 'alive.asked'; request: number; waits: boolean }
  | { type: 'heartbeat.came' }
  | { type: 'heartbeat.missed' }
  | { type: 'connection.closed'; registeredWorkers: number }
  | { type: 'shutdown.started' }
  | { type: 'left' };

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
      'holdUntilHeartbeat',
      'replyNoHeartbeat',
      'replyContinue',
      'replyStop',
      'startHeartbeatTimeout',
      'stopHeartbeatTimeout',
      'end',
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
    left: {
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
            actions: 'stopHeartbeatTimeout',
            ...rule('S9', 'The sentinel is blocked until the next heartbeat.'),
          },
          {
            actions: ['replyNoHeartbeat', 'startHeartbeatTimeout'],
            ...rule('S9', 'The sentinel does not wait, so its absence counts from now on.'),
          },
        ],
        'replacement.asked': {
          actions: 'replaceWorker',
          ...rule('S19', 'The sentinel replaces a worker of its own.'),
        },
        'heartbeat.missed': {
          target: 'dead',
          ...rule('S13', 'The sentinel has stayed away for three refresh periods, so it is dead.'),
        },
        'shutdown.started': {
          target: 'stopping',
          ...rule('S14', 'The sleigh shuts down, and the sentinel is told so when it asks next.'),
        },
      },
    },
    blocked: {
      entry: 'holdUntilHeartbeat',
      on: {
        'alive.asked': [
          {
            guard: 'mayWait',
            actions: 'holdUntilHeartbeat',
            ...rule('P15.5', 'The sentinel has lost its connection, and waits again over the next one.'),
          },
          {
            target: 'active',
            actions: ['replyNoHeartbeat', 'startHeartbeatTimeout'],
            ...rule('P15.5', 'The sentinel has lost its connection, and does not wait over the next one.'),
          },
        ],
        'heartbeat.came': {
          target: 'active',
          actions: ['replyContinue', 'startHeartbeatTimeout'],
          ...rule('S9', 'The heartbeat tells the sentinel to go on.'),
        },
        'replacement.asked': {
          actions: 'replaceWorker',
          ...rule('S19', 'A blocked sentinel replaces a worker by another connection.'),
        },
        'shutdown.started': {
          target: 'stopping',
          actions: 'replyStop',
          ...rule('S14', 'The sleigh shuts down, and the blocked sentinel is told to stop.'),
        },
      },
    },
    stopping: {
      entry: 'stopHeartbeatTimeout',
      on: {
        'shutdown.started': rule(
          'S14',
          'The sentinel came while the others were told to stop, and has been told so itself.',
        ),
        'alive.asked': {
          actions: 'replyStop',
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
        'stopHeartbeatTimeout',
        'end',
        sendParent(({ context }) => ({ type: 'sentinel.died', id: context.id })),
      ],
    },
    left: {
      type: 'final',
      entry: [
        'stopHeartbeatTimeout',
        'end',
        sendParent(({ context }) => ({ type: 'sentinel.left', id: context.id })),
      ],
    },
  },
});

/** The state of a sentinel; `none` for a client that is no sentinel. */
export type SentinelState = StateValueFrom<typeof sentinelMachine> | 'none';
