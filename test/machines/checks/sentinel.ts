import { sentinelMachine } from '../../../src/machines/sentinel.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const DIES: Row = ['dead', 'stopAbsenceTimer', 'retire', 'parent: sentinel.died, id 1'];
const LEAVES: Row = ['left', 'stopAbsenceTimer', 'retire', 'parent: sentinel.left, id 1'];

/** S12: it remembers the last rank that it was assigned. */
const NEW_RANK = { 'rank.given': { lastRank: 5 } };

/** S2, S13, S14: in every state. */
const anywhere = (state: string): Record<string, Row> => ({
  'rank.given': [state],
  'connection.closed, with workers': DIES,
  'connection.closed, without': LEAVES,
  departed: LEAVES,
});

const table: ChartTable = {
  input: { id: 1, rank: 0 },
  start: { context: { id: 1, lastRank: 0 }, calls: [] },
  events: {
    'rank.given': { type: 'rank.given', rank: 5 },
    'replacement.asked': { type: 'replacement.asked', rank: 0, request: 1 },
    'alive.asked': { type: 'alive.asked', request: 1, waits: true },
    'alive.asked, Try': { type: 'alive.asked', request: 1, waits: false },
    'waking.came': { type: 'waking.came' },
    'absence.elapsed': { type: 'absence.elapsed' },
    'connection.closed, with workers': { type: 'connection.closed', registeredWorkers: 1 },
    'connection.closed, without': { type: 'connection.closed', registeredWorkers: 0 },
    'sleigh.over': { type: 'sleigh.over' },
    departed: { type: 'departed' },
  },
  states: {
    active: {
      after: [],
      changes: NEW_RANK,
      on: {
        ...anywhere('active'),
        'replacement.asked': ['active', 'replaceWorker'],
        'alive.asked': ['blocked', 'stopAbsenceTimer', 'holdUntilWaking'],
        'alive.asked, Try': ['active', 'tellNoWaking', 'startAbsenceTimer'],
        'absence.elapsed': DIES,
        'sleigh.over': ['dismissed', 'stopAbsenceTimer'],
      },
    },
    blocked: {
      after: ['alive.asked'],
      changes: NEW_RANK,
      on: {
        ...anywhere('blocked'),
        'replacement.asked': ['blocked', 'replaceWorker'],
        'waking.came': ['active', 'tellToGoOn', 'startAbsenceTimer'],
        'sleigh.over': ['dismissed', 'tellToStop', 'stopAbsenceTimer'],
      },
    },
    dismissed: {
      after: ['sleigh.over'],
      changes: NEW_RANK,
      on: {
        ...anywhere('dismissed'),
        'replacement.asked': ['dismissed', 'refuseReplacement'],
        'alive.asked': ['dismissed', 'tellToStop'],
        'alive.asked, Try': ['dismissed', 'tellToStop'],
      },
    },
  },
  finals: { dead: ['absence.elapsed'], left: ['departed'] },
};

export const sentinelChecks: ChartChecks = { machine: sentinelMachine, table, stories: {} };
