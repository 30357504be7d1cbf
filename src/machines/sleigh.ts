/**
 * The supervisor of a sleigh: the parent of its join phase, its work, its shutdown, its workers and its sentinels. It
 * passes the events of one of them on to the others.
 *
 * - S3, S13 The join phase and the shutdown count registrations and deaths.
 * - S6.1 When the group closes, ranks that never registered become deadbeats, and broadcasts are settled.
 * - S13 While the sleigh serves, a closed connection is the death of its worker and its sentinel. Afterwards they have
 *   left (S14).
 * - S14 During the shutdown sentinels are told to stop and masters that the sleigh is dead. Waiting workers are told
 *   when their sentinel leaves or the drain period ends, or at once if the sleigh shuts down by itself (S14.1).
 *   Disconnected workers have left (S18).
 * - S16 Deleting the workspace ends all of them.
 */
import { sendTo, setup, spawnChild } from 'xstate';
import { rule } from './rule.ts';
import { unbound, unboundWith } from './bind.ts';
import type { RankState } from './join-phase-events.ts';
import { joinPhaseMachine } from './join-phase.ts';
import type { DeathPolicy } from './dead-worker-policy.ts';
import { shutdownMachine, type EndCause } from './shutdown.ts';
import type { TaskFate, WorkerEnd } from './worker-end.ts';

export type SleighEvent =
  | { type: 'worker.registered'; rank: number }
  | { type: 'worker.died'; rank: number }
  | { type: 'worker.left'; rank: number }
  | { type: 'rank.expired' }
  | { type: 'sentinel.died'; id: number }
  | { type: 'sentinel.left'; id: number }
  | { type: 'group.closed'; registered: number }
  | { type: 'shutdown.started'; cause: EndCause }
  /** A client has become a sentinel. */
  | { type: 'sentinel.came'; id: number }
  /** By a sentinel that has ended. */
  | { type: 'replacement.asked'; rank: number; request: number }
  /** A sentinel replaces a worker, and whoever was registered under the rank has ended. */
  | { type: 'rank.vacated'; rank: number; request: number; state: RankState }
  | { type: 'drain.finished' }
  /** By a client that is not a sentinel, or one that has ended. */
  | { type: 'alive.asked'; request: number }
  | { type: 'connection.closed'; client: number; peer: string }
  | { type: 'death.reported'; rank: number; task: TaskFate; end?: WorkerEnd }
  | { type: 'workspace.deleted' }
  | { type: `xstate.done.actor.${string}` }
  | { type: `xstate.error.actor.${string}`; error: unknown; actorId: string };

export interface SleighInput {
  maximum: number;
  limit: number;
  policy: DeathPolicy;
}

export const sleighMachine = setup({
  types: {
    context: {} as SleighInput,
    input: {} as SleighInput,
    events: {} as SleighEvent,
    children: {} as { joinPhase: 'joinPhase'; shutdown: 'shutdown' },
  },
  actors: { joinPhase: joinPhaseMachine, shutdown: shutdownMachine },
  guards: {
    endsByItself: ({ event }) => event.type === 'shutdown.started' && event.cause === 'itself',
    rankIsAwaited: ({ event }) =>
      event.type === 'rank.vacated' && (event.state === 'reserved' || event.state === 'replacing'),
  },
  actions: {
    ...unbound(
      'closeRanks',
      'settleBroadcasts',
      'disconnect',
      'leave',
      'reportDeath',
      'endWaitingOfSentinel',
      'replyStop',
      'closeWork',
      'stopSentinels',
      'stopSentinel',
      'refuseReplacement',
      'replyAwaited',
      'declareReplacement',
      'leaveDisconnected',
      'refuseMasters',
      'endWaiting',
      'dropWork',
      'endEveryone',
      'reportUnexpected',
      'reportBroken',
    ),
    ...unboundWith<{ notifyWorkersOfSentinel: { sleigh: 'serves' | 'shutsDown' } }>({
      notifyWorkersOfSentinel: true,
    }),
  },
}).createMachine({
  id: 'sleigh',
  context: ({ input }) => input,
  entry: [
    spawnChild('joinPhase', {
      id: 'joinPhase',
      input: ({ context }) => ({ maximum: context.maximum, limit: context.limit }),
    }),
    spawnChild('shutdown', { id: 'shutdown', input: ({ context }) => ({ policy: context.policy }) }),
  ],
  initial: 'serving',
  on: {
    '*': { actions: 'reportUnexpected' },
    'xstate.done.actor.*': { description: 'The end of an actor has been told by the actor itself.' },
    'xstate.error.actor.*': {
      actions: 'reportBroken',
      ...rule('P9', 'An actor that fails ends its own job, and no other.'),
    },
    'workspace.deleted': {
      target: '.deleted',
      ...rule('S16', 'The workspace is deleted, and all clients that wait in it are answered.'),
    },
    'worker.registered': {
      actions: [
        sendTo('joinPhase', { type: 'worker.registered' }),
        sendTo('shutdown', { type: 'worker.registered' }),
      ],
      ...rule('S3', 'The join phase and the shutdown count the worker in.'),
    },
    'worker.died': {
      actions: [sendTo('joinPhase', { type: 'worker.gone' }), sendTo('shutdown', { type: 'worker.died' })],
      ...rule('S13', 'The join phase and the shutdown count the dead worker out.'),
    },
    'worker.left': {
      actions: [sendTo('joinPhase', { type: 'worker.gone' }), sendTo('shutdown', { type: 'worker.left' })],
      ...rule('S14, S17', 'The join phase and the shutdown count the worker that has left out.'),
    },
    'alive.asked': {
      actions: 'replyStop',
      ...rule('S9', 'A client that is no sentinel, or no longer one, is told to stop.'),
    },
    'replacement.asked': {
      actions: 'refuseReplacement',
      ...rule('S19', 'A sentinel that has ended replaces no workers.'),
    },
    'rank.expired': {
      actions: sendTo('joinPhase', { type: 'rank.expired' }),
      ...rule('S6.1, S17', 'The join phase expects nobody under the rank any more.'),
    },
  },
  states: {
    serving: {
      on: {
        'connection.closed': {
          actions: 'disconnect',
          ...rule('S13', 'The worker or the sentinel of a connection that has closed is told so.'),
        },
        'death.reported': {
          actions: 'reportDeath',
          ...rule('S13, S19', 'The worker whose end is reported is told so.'),
        },
        'sentinel.came': rule('S2', 'A sentinel serves until the sleigh shuts down.'),
        'rank.vacated': [
          {
            guard: 'rankIsAwaited',
            actions: 'replyAwaited',
            ...rule('S19', 'No worker has registered under the rank yet, so the next one gets it.'),
          },
          {
            actions: 'declareReplacement',
            ...rule('S19', 'The former worker of the rank has ended, and another one may register under it.'),
          },
        ],
        'sentinel.died': {
          actions: { type: 'notifyWorkersOfSentinel', params: { sleigh: 'serves' } },
          ...rule('S13', 'The workers of a dead sentinel are told that it is gone.'),
        },
        'sentinel.left': {
          actions: { type: 'notifyWorkersOfSentinel', params: { sleigh: 'serves' } },
          ...rule('S13', 'The workers of a sentinel that has left are told that it is gone.'),
        },
        'group.closed': {
          actions: ['closeRanks', 'settleBroadcasts', sendTo('shutdown', { type: 'group.closed' })],
          ...rule(
            'S6.1, S13',
            'The group has closed, so ranks without a worker are deadbeats, and broadcasts are settled.',
          ),
        },
        'shutdown.started': [
          {
            guard: 'endsByItself',
            target: 'shuttingDown',
            actions: 'endWaiting',
            ...rule(
              'S14.1',
              'The sleigh shuts down by itself, and clients that wait for a task are answered at once.',
            ),
          },
          {
            target: 'shuttingDown',
            ...rule(
              'S14',
              'Somebody has asked the sleigh to shut down, and workers are left to their sentinels.',
            ),
          },
        ],
      },
    },
    shuttingDown: {
      entry: ['closeWork', 'stopSentinels', 'leaveDisconnected', 'refuseMasters'],
      on: {
        'connection.closed': {
          actions: 'leave',
          ...rule('S14', 'A worker or sentinel that disconnects while the sleigh shuts down has left.'),
        },
        'death.reported': rule('S14', 'While the sleigh shuts down, the report of a death changes nothing.'),
        'sentinel.came': {
          actions: 'stopSentinel',
          ...rule('S14', 'A sentinel that comes to a sleigh which shuts down is told to stop.'),
        },
        'rank.vacated': {
          actions: 'refuseReplacement',
          ...rule('S14, S19', 'The end of the former worker has ended the sleigh, and nobody replaces it.'),
        },
        'sentinel.left': {
          actions: [
            { type: 'notifyWorkersOfSentinel', params: { sleigh: 'shutsDown' } },
            'endWaitingOfSentinel',
          ],
          ...rule('S14', 'The ranks of the sentinel are given up, and its waiting workers are told.'),
        },
        'group.closed': {
          actions: ['closeRanks', sendTo('shutdown', { type: 'group.closed' })],
          ...rule('S14', 'The group may close while the sleigh shuts down.'),
        },
        'drain.finished': {
          actions: ['endWaiting', 'dropWork'],
          ...rule('S14', 'The drain period is over, so nobody waits for a task, and the work is dropped.'),
        },
      },
    },
    deleted: { type: 'final', entry: 'endEveryone' },
  },
});
