import { valueLeaseMachine } from '../../../src/machines/value-lease.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const table: ChartTable = {
  input: { id: 1 },
  start: { context: { id: 1 }, calls: ['startTimer'] },
  events: {
    'done.asked': { type: 'done.asked' },
    'back.asked': { type: 'back.asked' },
    'lease.elapsed': { type: 'lease.elapsed' },
    'holder.left': { type: 'holder.left' },
    extended: { type: 'extended' },
    'variable.deleted': { type: 'variable.deleted' },
  },
  states: {
    // V13.1, V13.2, V13.3, V13.4
    held: {
      after: [],
      on: {
        'done.asked': ['done', 'stopTimer', 'removeValue'],
        'back.asked': ['returned', 'stopTimer', 'returnValue'],
        'lease.elapsed': ['returned', 'stopTimer', 'returnValue'],
        'holder.left': ['returned', 'stopTimer', 'returnValue'],
        extended: ['held', 'stopTimer', 'startTimer', 'recordTime'],
        'variable.deleted': ['dropped', 'stopTimer', 'removeValue'],
      },
    },
  },
  finals: { done: ['done.asked'], returned: ['back.asked'], dropped: ['variable.deleted'] },
};

export const valueLeaseChecks: ChartChecks = { machine: valueLeaseMachine, table, stories: {} };
