/**
 * The supervisor: one actor a sleigh, parent of its join phase, its shutdown, its workers and its sentinels. What one of
 * them tells is passed on to those whom it concerns.
 *
 * - S3, S13 Registrations and deaths are counted by the join phase and by the shutdown.
 * - S6.1 When the group closes, ranks that never registered are deadbeats, and broadcasts are settled.
 * - S13 A connection that closes is the death of its worker and sentinel while the sleigh serves; afterwards it is a
 *   departure (S14).
 * - S14 Winding down: sentinels are told to stop, masters that the sleigh is dead, waiting workers when their sentinel
 *   leaves or the drain period ends; at once, when the sleigh ends by itself (S14.1). Lost workers have left (S18).
 * - S16 Deleting the workspace ends all of them.
 */
import { sendTo, setup, spawnChild } from 'xstate';
import { unbound } from './bind.ts';
import { joinPhaseMachine } from './join-phase.ts';
import type { DeathPolicy } from './dead-worker-policy.ts';
import { shutdownMachine } from './shutdown.ts';
import type { TaskFate, WorkerEnd } from './worker-end.ts';

export type SleighEvent =
  | { type: 'worker.registered'; rank: number }
  | { type: 'worker.died'; rank: number }
  | { type: 'worker.left'; rank: number }
  | { type: 'rank.lapsed' }
  | { type: 'sentinel.died'; id: number }
  | { type: 'sentinel.left'; id: number }
  | { type: 'group.closed'; registered: number }
  | { type: 'sleigh.over'; byItself: boolean }
  | { type: 'drain.over' }
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
    endsByItself: ({ event }) => event.type === 'sleigh.over' && event.byItself,
  },
  actions: {
    ...unbound(
      'closeRanks',
      'settleBroadcasts',
      'loseConnection',
      'letConnectionGo',
      'reportDeath',
      'tellWorkersOfSentinel',
      'giveUpRanksOfSentinel',
      'endWaitingOfSentinel',
      'dismissSentinels',
      'dismissLost',
      'refuseMasters',
      'endWaiting',
      'dropWork',
      'endEveryone',
      'reportUnexpected',
      'reportBroken',
    ),
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
    'xstate.done.actor.*': { description: 'told by the actor itself' },
    'xstate.error.actor.*': { actions: 'reportBroken', description: 'a fault in one chart stays there' },
    'workspace.deleted': { target: '.deleted', description: 'S16' },
    'worker.registered': {
      actions: [
        sendTo('joinPhase', { type: 'worker.registered' }),
        sendTo('shutdown', { type: 'worker.registered' }),
      ],
      description: 'S3',
    },
    'worker.died': {
      actions: [sendTo('joinPhase', { type: 'worker.gone' }), sendTo('shutdown', { type: 'worker.died' })],
      description: 'S13',
    },
    'worker.left': {
      actions: [sendTo('joinPhase', { type: 'worker.gone' }), sendTo('shutdown', { type: 'worker.left' })],
      description: 'S14, S17',
    },
    'rank.lapsed': { actions: sendTo('joinPhase', { type: 'rank.lapsed' }), description: 'S6.1, S17' },
  },
  states: {
    serving: {
      on: {
        'connection.closed': { actions: 'loseConnection', description: 'S13' },
        'death.reported': { actions: 'reportDeath', description: 'S13, S19' },
        'sentinel.died': { actions: 'tellWorkersOfSentinel', description: 'S13' },
        'sentinel.left': { actions: 'tellWorkersOfSentinel', description: 'S13' },
        'group.closed': {
          actions: ['closeRanks', 'settleBroadcasts', sendTo('shutdown', { type: 'group.closed' })],
          description: 'S6.1, S13',
        },
        'sleigh.over': [
          {
            guard: 'endsByItself',
            target: 'windingDown',
            actions: 'endWaiting',
            description: 'S14.1',
          },
          { target: 'windingDown', description: 'S14' },
        ],
      },
    },
    windingDown: {
      entry: ['dismissSentinels', 'dismissLost', 'refuseMasters'],
      on: {
        'connection.closed': { actions: 'letConnectionGo', description: 'S14' },
        'death.reported': { description: 'S14: nobody dies any more' },
        'sentinel.left': { actions: ['giveUpRanksOfSentinel', 'endWaitingOfSentinel'], description: 'S14' },
        'group.closed': {
          actions: ['closeRanks', sendTo('shutdown', { type: 'group.closed' })],
          description: 'S14: joining goes on',
        },
        'drain.over': { actions: ['endWaiting', 'dropWork'], description: 'S14' },
      },
    },
    deleted: { type: 'final', entry: 'endEveryone' },
  },
});
