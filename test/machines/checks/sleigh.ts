import { expect } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import type { RankState } from '../../../src/machines/join-phase-events.ts';
import { sleighMachine } from '../../../src/machines/sleigh.ts';
import { Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

const input = { maximum: 3, limit: 10, policy: 'requeue' };

/** S19: the worker of the rank has ended for it, or has not come yet. */
const vacated = (state: RankState) => ({ type: 'rank.vacated', rank: 0, request: 1, state });

const events = {
  'worker.registered': { type: 'worker.registered', rank: 0 },
  'worker.died': { type: 'worker.died', rank: 0 },
  'worker.left': { type: 'worker.left', rank: 0 },
  'rank.expired': { type: 'rank.expired' },
  'sentinel.died': { type: 'sentinel.died', id: 0 },
  'sentinel.left': { type: 'sentinel.left', id: 0 },
  'group.closed': { type: 'group.closed', registered: 0 },
  'shutdown.started': { type: 'shutdown.started', cause: 'request' },
  'shutdown.started, by itself': { type: 'shutdown.started', cause: 'itself' },
  'drain.finished': { type: 'drain.finished' },
  'connection.closed': { type: 'connection.closed', client: 7, peer: '10.0.0.1:4000' },
  'death.reported': { type: 'death.reported', rank: 0, task: 'tried' },
  'workspace.deleted': { type: 'workspace.deleted' },
  'alive.asked': { type: 'alive.asked', request: 1 },
  'sentinel.came': { type: 'sentinel.came', id: 0 },
  'replacement.asked': { type: 'replacement.asked', rank: 0, request: 1 },
  'rank.vacated, nobody has come': vacated('reserved'),
  'rank.vacated, no replacement has come': vacated('replacing'),
  'rank.vacated': vacated('ended'),
  // The events of XState for a child that has ended or failed.
  'an actor ended': { type: 'xstate.done.actor.worker.0', actorId: 'worker.0' },
  'an actor failed': { type: 'xstate.error.actor.worker.0', actorId: 'worker.0', error: undefined },
};

const anywhere = (state: string): Record<string, Row> => ({
  'worker.registered': [state, 'joinPhase: worker.registered', 'shutdown: worker.registered'],
  'worker.died': [state, 'joinPhase: worker.gone', 'shutdown: worker.died'],
  'rank.expired': [state, 'joinPhase: rank.expired'],
  'workspace.deleted': ['deleted', 'endEveryone'],
  'alive.asked': [state, 'replyStop'],
  'replacement.asked': [state, 'refuseReplacement'],
  'an actor ended': [state],
  'an actor failed': [state, 'reportBroken'],
});

const table: ChartTable = {
  input,
  start: {
    context: input,
    calls: [
      'joinPhase: xstate.init, input {"maximum":3,"limit":10}',
      'shutdown: xstate.init, input {"policy":"requeue"}',
    ],
  },
  events,
  states: {
    serving: {
      after: [],
      on: {
        ...anywhere('serving'),
        'connection.closed': ['serving', 'disconnect'],
        'death.reported': ['serving', 'reportDeath'],
        'sentinel.came': ['serving'],
        'rank.vacated, nobody has come': ['serving', 'replyAwaited'],
        'rank.vacated, no replacement has come': ['serving', 'replyAwaited'],
        'rank.vacated': ['serving', 'declareReplacement'],
        'sentinel.died': ['serving', 'notifyWorkersOfSentinel, sleigh "serves"'],
        'sentinel.left': ['serving', 'notifyWorkersOfSentinel, sleigh "serves"'],
        'group.closed': ['serving', 'closeRanks', 'settleBroadcasts', 'shutdown: group.closed'],
        'shutdown.started': [
          'shuttingDown',
          'closeWork',
          'stopSentinels',
          'leaveDisconnected',
          'refuseMasters',
        ],
        'shutdown.started, by itself': [
          'shuttingDown',
          'endWaiting',
          'closeWork',
          'stopSentinels',
          'leaveDisconnected',
          'refuseMasters',
        ],
        'worker.left': ['serving', 'joinPhase: worker.gone', 'shutdown: worker.left'],
      },
    },
    shuttingDown: {
      after: ['shutdown.started'],
      on: {
        ...anywhere('shuttingDown'),
        'connection.closed': ['shuttingDown', 'leave'],
        'death.reported': ['shuttingDown'],
        'sentinel.came': ['shuttingDown', 'stopSentinel'],
        'rank.vacated, nobody has come': ['shuttingDown', 'refuseReplacement'],
        'rank.vacated, no replacement has come': ['shuttingDown', 'refuseReplacement'],
        'rank.vacated': ['shuttingDown', 'refuseReplacement'],
        'sentinel.left': [
          'shuttingDown',
          'notifyWorkersOfSentinel, sleigh "shutsDown"',
          'endWaitingOfSentinel',
        ],
        'group.closed': ['shuttingDown', 'closeRanks', 'shutdown: group.closed'],
        'drain.finished': ['shuttingDown', 'endWaiting', 'dropWork'],
        'worker.left': ['shuttingDown', 'joinPhase: worker.gone', 'shutdown: worker.left'],
      },
    },
  },
  finals: { deleted: ['workspace.deleted'] },
};

const play = (machine: AnyStateMachine, policy: string, ...names: (keyof typeof events)[]): Recording =>
  new Recording(machine, { ...input, policy }).send(...names.map((name) => events[name]));

const family = [
  {
    name: 'serving, a worker dies under the policy shutdown: the sleigh shuts down by itself (S13, S14.1)',
    run: (machine: AnyStateMachine) => {
      const supervisor = play(machine, 'shutdown', 'worker.registered', 'worker.died');
      expect(supervisor.state).toBe('shuttingDown');
      expect(supervisor.takeCalls()).toContain('endWaiting');
    },
  },
  {
    name: 'serving, a worker dies under the policy requeue: the sleigh continues (S13)',
    run: (machine: AnyStateMachine) => {
      expect(play(machine, 'requeue', 'worker.registered', 'worker.died').state).toBe('serving');
    },
  },
];

export const sleighChecks: ChartChecks = {
  machine: sleighMachine,
  table,
  stories: { 'the supervisor and its children': family },
};
