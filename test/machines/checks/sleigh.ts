import { expect } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { sleighMachine } from '../../../src/machines/sleigh.ts';
import { Recording, type ChartChecks, type ChartTable, type Row } from '../../support/chart.ts';

const input = { maximum: 3, limit: 10, policy: 'requeue' };

const replacement = (sentinel: 'there' | 'ended', isAwaited: boolean) => ({
  type: 'replacement.asked',
  rank: 0,
  request: 1,
  sentinel,
  isAwaited,
});

const events = {
  'worker.registered': { type: 'worker.registered', rank: 0 },
  'worker.died': { type: 'worker.died', rank: 0 },
  'worker.left': { type: 'worker.left', rank: 0 },
  'rank.lapsed': { type: 'rank.lapsed' },
  'sentinel.died': { type: 'sentinel.died', id: 0 },
  'sentinel.left': { type: 'sentinel.left', id: 0 },
  'group.closed': { type: 'group.closed', registered: 0 },
  'sleigh.over': { type: 'sleigh.over', cause: 'request' },
  'sleigh.over, by itself': { type: 'sleigh.over', cause: 'itself' },
  'drain.over': { type: 'drain.over' },
  'connection.closed': { type: 'connection.closed', client: 7, peer: '10.0.0.1:4000' },
  'death.reported': { type: 'death.reported', rank: 0, task: 'tried' },
  'workspace.deleted': { type: 'workspace.deleted' },
  'alive.asked': { type: 'alive.asked', request: 1 },
  'sentinel.came': { type: 'sentinel.came', id: 0 },
  'replacement.asked, nobody has come': replacement('there', true),
  'replacement.asked': replacement('there', false),
  'replacement.asked, its sentinel has ended': replacement('ended', false),
  // The events of XState for a child that has ended or failed.
  'an actor ended': { type: 'xstate.done.actor.worker.0', actorId: 'worker.0' },
  'an actor failed': { type: 'xstate.error.actor.worker.0', actorId: 'worker.0', error: undefined },
};

const anywhere = (state: string): Record<string, Row> => ({
  'worker.registered': [state, 'joinPhase: worker.registered', 'shutdown: worker.registered'],
  'worker.died': [state, 'joinPhase: worker.gone', 'shutdown: worker.died'],
  'rank.lapsed': [state, 'joinPhase: rank.lapsed'],
  'workspace.deleted': ['deleted', 'endEveryone'],
  'alive.asked': [state, 'tellToStop'],
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
        'connection.closed': ['serving', 'loseConnection'],
        'death.reported': ['serving', 'reportDeath'],
        'sentinel.came': ['serving'],
        'replacement.asked, nobody has come': ['serving', 'replyAwaited'],
        'replacement.asked': ['serving', 'declareReplacement'],
        'replacement.asked, its sentinel has ended': ['serving', 'refuseReplacement'],
        'sentinel.died': ['serving', 'tellWorkersOfSentinel'],
        'sentinel.left': ['serving', 'tellWorkersOfSentinel'],
        'group.closed': ['serving', 'closeRanks', 'settleBroadcasts', 'shutdown: group.closed'],
        'sleigh.over': ['windingDown', 'closeWork', 'dismissSentinels', 'dismissLost', 'refuseMasters'],
        'sleigh.over, by itself': [
          'windingDown',
          'endWaiting',
          'closeWork',
          'dismissSentinels',
          'dismissLost',
          'refuseMasters',
        ],
        'worker.left': ['serving', 'joinPhase: worker.gone', 'shutdown: worker.left'],
      },
    },
    windingDown: {
      after: ['sleigh.over'],
      on: {
        ...anywhere('windingDown'),
        'connection.closed': ['windingDown', 'letConnectionGo'],
        'death.reported': ['windingDown'],
        'sentinel.came': ['windingDown', 'dismissSentinel'],
        'replacement.asked, nobody has come': ['windingDown', 'refuseReplacement'],
        'replacement.asked': ['windingDown', 'refuseReplacement'],
        'replacement.asked, its sentinel has ended': ['windingDown', 'refuseReplacement'],
        'sentinel.left': ['windingDown', 'giveUpRanksOfSentinel', 'endWaitingOfSentinel'],
        'group.closed': ['windingDown', 'closeRanks', 'shutdown: group.closed'],
        'drain.over': ['windingDown', 'endWaiting', 'dropWork'],
        'worker.left': ['windingDown', 'joinPhase: worker.gone', 'shutdown: worker.left'],
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
      expect(supervisor.state).toBe('windingDown');
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
