import { describe, expect, test } from 'vitest';
import { sleighMachine } from '../../src/machines/sleigh.ts';
import { describeChart, Recording, type Row } from '../support/chart.ts';

const input = { maximum: 3, limit: 10, policy: 'requeue' };

const events = {
  'worker.registered': { type: 'worker.registered', rank: 0 },
  'worker.died': { type: 'worker.died', rank: 0 },
  'worker.left': { type: 'worker.left', rank: 0 },
  'sentinel.died': { type: 'sentinel.died', id: 0 },
  'sentinel.left': { type: 'sentinel.left', id: 0 },
  'group.closed': { type: 'group.closed', registered: 0 },
  'sleigh.over': { type: 'sleigh.over', byItself: false },
  'sleigh.over, by itself': { type: 'sleigh.over', byItself: true },
  'drain.over': { type: 'drain.over' },
  'connection.closed': { type: 'connection.closed', client: undefined },
  'death.reported': { type: 'death.reported', rank: 0 },
  'workspace.deleted': { type: 'workspace.deleted' },
};

const anywhere = (state: string): Record<string, Row> => ({
  'worker.registered': [state, 'joinPhase: worker.registered', 'shutdown: worker.registered'],
  'worker.died': [state, 'joinPhase: worker.gone', 'shutdown: worker.died'],
  'workspace.deleted': ['deleted', 'endEveryone'],
});

describeChart(sleighMachine, {
  input,
  events,
  states: {
    serving: {
      after: [],
      on: {
        ...anywhere('serving'),
        'connection.closed': ['serving', 'loseConnection'],
        'death.reported': ['serving', 'reportDeath'],
        'sentinel.died': ['serving', 'tellWorkersOfSentinel'],
        'sentinel.left': ['serving', 'tellWorkersOfSentinel'],
        'group.closed': ['serving', 'closeRanks', 'settleBroadcasts', 'shutdown: group.closed'],
        'sleigh.over': ['windingDown', 'dismissSentinels', 'refuseMasters'],
        'sleigh.over, by itself': ['windingDown', 'endWaiting', 'dismissSentinels', 'refuseMasters'],
        // Nobody leaves while the sleigh serves: its shutdown reports that.
        'worker.left': ['serving', 'joinPhase: worker.gone', 'shutdown: worker.left'],
      },
    },
    windingDown: {
      after: ['sleigh.over'],
      on: {
        ...anywhere('windingDown'),
        'connection.closed': ['windingDown', 'letConnectionGo'],
        'death.reported': ['windingDown'],
        'sentinel.left': ['windingDown', 'giveUpRanksOfSentinel', 'endWaitingOfSentinel'],
        'group.closed': ['windingDown', 'closeRanks', 'shutdown: group.closed'],
        'drain.over': ['windingDown', 'endWaiting', 'dropWork'],
        'worker.left': ['windingDown', 'joinPhase: worker.gone', 'shutdown: worker.left'],
      },
    },
  },
  finals: { deleted: ['workspace.deleted'] },
});

const play = (policy: string, ...names: (keyof typeof events)[]): Recording =>
  new Recording(sleighMachine, { ...input, policy }).send(...names.map((name) => events[name]));

describe('the supervisor and its children', () => {
  test('serving, a worker dies, policy shutdown: the sleigh winds down by itself (S13, S14.1)', () => {
    const supervisor = play('shutdown', 'worker.registered', 'worker.died');
    expect(supervisor.state).toBe('windingDown');
    expect(supervisor.takeCalls()).toContain('endWaiting');
  });

  test('serving, a worker dies, policy requeue: the sleigh goes on (S13)', () => {
    expect(play('requeue', 'worker.registered', 'worker.died').state).toBe('serving');
  });
});
