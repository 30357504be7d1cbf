import { leaseMachine } from '../../../src/machines/lease.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const table: ChartTable = {
  input: undefined,
  start: { context: {}, calls: ['renewInTime'] },
  events: {
    'renewal.due': { type: 'renewal.due' },
    renewed: { type: 'renewed' },
    'renewal.refused': { type: 'renewal.refused' },
    'store.unreachable, in time': { type: 'store.unreachable', isOver: false },
    'store.unreachable, too late': { type: 'store.unreachable', isOver: true },
    released: { type: 'released' },
  },
  states: {
    // D11
    valid: { after: [], on: { 'renewal.due': ['renewing', 'renew'], released: ['ended'] } },
    // D9, D11
    renewing: {
      after: ['renewal.due'],
      on: {
        renewed: ['valid', 'renewInTime'],
        'renewal.refused': ['lost', 'reportFenced'],
        'store.unreachable, in time': ['late', 'renewSoon'],
        'store.unreachable, too late': ['over', 'reportOver', 'renewSoon'],
        released: ['ended'],
      },
    },
    // D11
    late: {
      after: ['renewal.due', 'store.unreachable, in time'],
      on: { 'renewal.due': ['renewing', 'renew'], released: ['ended'] },
    },
    over: {
      after: ['renewal.due', 'store.unreachable, too late'],
      on: {
        'renewal.due': ['over', 'renew'],
        renewed: ['valid', 'renewInTime'],
        'renewal.refused': ['lost', 'reportFenced'],
        'store.unreachable, in time': ['over', 'renewSoon'],
        'store.unreachable, too late': ['over', 'renewSoon'],
        released: ['ended'],
      },
    },
  },
  finals: { lost: ['renewal.due', 'renewal.refused'], ended: ['released'] },
};

export const leaseChecks: ChartChecks = { machine: leaseMachine, table, stories: {} };
