import { clientSessionMachine, type ClientSessionEvent } from '../../../src/machines/pool/client-session.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const names: readonly ClientSessionEvent['type'][] = [
  'connection.lost',
  'resumed',
  'gave.up',
  'get.withdrawn',
  'get.answered',
  'closed',
];

// P15.3, P15.4
const ended: Row = ['ended', 'end'];
const ends = { 'gave.up': ended, closed: ended };

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    connected: {
      after: [],
      tags: ['connected'],
      on: {
        ...ends,
        'connection.lost': ['resuming', 'connectAgain'],
        'get.withdrawn': ['withdrawing', 'withdraw'],
        'get.answered': ['connected'],
      },
    },
    // P5.3
    withdrawing: {
      after: ['get.withdrawn'],
      tags: ['connected'],
      on: {
        ...ends,
        'connection.lost': ended,
        'get.withdrawn': ['withdrawing'],
        'get.answered': ['connected'],
      },
    },
    // P15.2
    resuming: {
      after: ['connection.lost'],
      on: {
        ...ends,
        resumed: ['connected', 'repeat'],
        'get.withdrawn': ['resumingToWithdraw'],
        'get.answered': ['resuming'],
      },
    },
    resumingToWithdraw: {
      after: ['connection.lost', 'get.withdrawn'],
      on: {
        ...ends,
        resumed: ['withdrawing', 'repeat', 'withdraw'],
        'get.withdrawn': ['resumingToWithdraw'],
        'get.answered': ['resumingToWithdraw'],
      },
    },
  },
  finals: { ended: ['closed'] },
  finalTags: { ended: ['over'] },
};

export const clientSessionChecks: ChartChecks = { machine: clientSessionMachine, table, stories: {} };
