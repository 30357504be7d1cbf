import { sentinelMachine } from '../../../src/machines/sentinel.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const DIES: Row = ['dead', 'stopHeartbeatTimeout', 'end', 'parent: sentinel.died, id 1'];
const LEAVES: Row = ['left', 'stopHeartbeatTimeout', 'end', 'parent: sentinel.left, id 1'];

/** S12: it remembers the last rank that it was assigned. */
const NEW_RANK = { 'rank.given': { lastRank: 5 } };

/** S2, S13, S14: in every state. */
const anywhere = (state: string): Record<string, Row> => ({
  'rank.given': [state],
  'connection.closed, with workers': DIES,
  'connection.closed, without': LEAVES,
  left: LEAVES,
});

const table: ChartTable = {
  input: { id: 1, rank: 0 },
  start: { context: { id: 1, lastRank: 0 }, calls: [] },
  events: {
    'rank.given': { type: 'rank.given', rank: 5 },
    'replacement.asked': { type: 'replacement.asked', rank: 0, request: 1 },
    'alive.asked': { type: 'alive.asked', request: 1, waits: true },
    'alive.asked, Try': { type: 'alive.asked', request: 1, waits: false },
    'heartbeat.came': { type: 'heartbeat.came' },
    'heartbeat.missed': { type: 'heartbeat.missed' },
    'connection.closed, with workers': { type: 'connection.closed', registeredWorkers: 1 },
    'connection.closed, without': { type: 'connection.closed', registeredWorkers: 0 },
    'shutdown.started': { type: 'shutdown.started' },
    left: { type: 'left' },
  },
  states: {
    active: {
      after: [],
      changes: NEW_RANK,
      on: {
        ...anywhere('active'),
        'replacement.asked': ['active', 'replaceWorker'],
        'alive.asked': ['blocked', 'stopHeartbeatTimeout', 'holdUntilHeartbeat'],
        'alive.asked, Try': ['active', 'replyNoHeartbeat', 'startHeartbeatTimeout'],
        'heartbeat.missed': DIES,
        'shutdown.started': ['stopping', 'stopHeartbeatTimeout'],
      },
    },
    blocked: {
      after: ['alive.asked'],
      changes: NEW_RANK,
      on: {
        ...anywhere('blocked'),
        // P15.5
        'alive.asked': ['blocked', 'holdUntilHeartbeat'],
        'alive.asked, Try': ['active', 'replyNoHeartbeat', 'startHeartbeatTimeout'],
        'replacement.asked': ['blocked', 'replaceWorker'],
        'heartbeat.came': ['active', 'replyContinue', 'startHeartbeatTimeout'],
        'shutdown.started': ['stopping', 'replyStop', 'stopHeartbeatTimeout'],
      },
    },
    stopping: {
      after: ['shutdown.started'],
      changes: NEW_RANK,
      on: {
        ...anywhere('stopping'),
        'shutdown.started': ['stopping'],
        'replacement.asked': ['stopping', 'refuseReplacement'],
        'alive.asked': ['stopping', 'replyStop'],
        'alive.asked, Try': ['stopping', 'replyStop'],
      },
    },
  },
  finals: { dead: ['heartbeat.missed'], left: ['left'] },
};

export const sentinelChecks: ChartChecks = { machine: sentinelMachine, table, stories: {} };
