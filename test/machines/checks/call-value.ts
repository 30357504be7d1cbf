import { callValueMachine, type CallValueEvent } from '../../../src/machines/pool/call-value.ts';
import type { ChartChecks, ChartTable } from '../../support/chart.ts';

const names: readonly CallValueEvent['type'][] = ['taken', 'awaited', 'sent', 'left', 'settled'];

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    // S35.1
    unsent: {
      after: [],
      on: { taken: ['chained'], awaited: ['coming'], sent: ['coming'], settled: ['here'] },
    },
    chained: {
      after: ['taken'],
      tags: ['leaves'],
      on: { taken: ['chained'], awaited: ['coming'], sent: ['leaving'], settled: ['here'] },
    },
    coming: {
      after: ['awaited'],
      on: { taken: ['coming'], awaited: ['coming'], sent: ['coming'], settled: ['here'] },
    },
    leaving: {
      after: ['taken', 'sent'],
      on: { taken: ['leaving'], awaited: ['wanted'], left: ['left'], settled: ['here'] },
    },
    // S35.2
    wanted: {
      after: ['taken', 'sent', 'awaited'],
      on: { taken: ['wanted'], awaited: ['wanted'], left: ['fetching', 'fetchValue'], settled: ['here'] },
    },
    left: {
      after: ['taken', 'sent', 'left'],
      on: { taken: ['left'], awaited: ['fetching', 'fetchValue'], settled: ['here'] },
    },
    fetching: {
      after: ['taken', 'sent', 'left', 'awaited'],
      on: { taken: ['fetching'], awaited: ['fetching'], settled: ['here'] },
    },
  },
  // S35.3
  finals: { here: ['settled'] },
};

export const callValueChecks: ChartChecks = { machine: callValueMachine, table, stories: {} };
