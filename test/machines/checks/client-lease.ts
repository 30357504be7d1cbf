import { clientLeaseMachine, type ClientLeaseEvent } from '../../../src/machines/pool/client-lease.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const names: readonly ClientLeaseEvent['type'][] = [
  'end.asked',
  'end.answered',
  'extended',
  'refused',
  'time.elapsed',
  'connection.lost',
];

const lost: Row = ['lost', 'stopTimer', 'notifyLost', 'giveConnectionBack'];

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    // V13.1, V13.2, V13.3, V13.5
    held: {
      after: [],
      tags: ['held'],
      on: {
        'end.asked': ['ending', 'stopTimer'],
        extended: ['held', 'startTimer'],
        refused: lost,
        'time.elapsed': lost,
        'connection.lost': lost,
      },
    },
    ending: {
      after: ['end.asked'],
      on: {
        'end.answered': ['over', 'giveConnectionBack'],
        refused: ['ending'],
        'connection.lost': ['ending'],
      },
    },
  },
  finals: { over: ['end.asked', 'end.answered'], lost: ['time.elapsed'] },
};

export const clientLeaseChecks: ChartChecks = { machine: clientLeaseMachine, table, stories: {} };
