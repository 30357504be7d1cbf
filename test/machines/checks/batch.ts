import { batchMachine, type BatchEvent } from '../../../src/machines/pool/batch.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const names: readonly BatchEvent['type'][] = [
  'input.ended',
  'emptied',
  'cancelled',
  'workers.gone',
  'module.unloadable',
  'job.ended',
];

const cancelled: Row = ['cancelling', 'dropUnsent', 'mark'];
const settled: Row = ['settled', 'unmark'];
const ended: Row = ['ended'];

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    // S23.1
    feeding: {
      after: [],
      tags: ['takes-input', 'hands-out', 'keeps-outcomes'],
      on: {
        'input.ended': ['draining'],
        emptied: ['feeding'],
        cancelled,
        'workers.gone': ['refusing.feeding', 'refuseUnsent'],
        'module.unloadable': ['refusing.feeding', 'mark', 'refuseUnsent'],
        'job.ended': ended,
      },
    },
    // S23.2
    draining: {
      after: ['input.ended'],
      tags: ['hands-out', 'keeps-outcomes'],
      on: {
        'input.ended': ['draining'],
        emptied: settled,
        cancelled,
        'workers.gone': ['refusing.draining', 'refuseUnsent'],
        'module.unloadable': ['refusing.draining', 'mark', 'refuseUnsent'],
        'job.ended': ended,
      },
    },
    // S23.4
    'refusing.feeding': {
      after: ['workers.gone'],
      tags: ['keeps-outcomes', 'takes-input'],
      on: {
        'input.ended': ['refusing.draining'],
        emptied: ['refusing.feeding'],
        cancelled,
        'workers.gone': ['refusing.feeding'],
        'module.unloadable': ['refusing.feeding'],
        'job.ended': ended,
      },
    },
    'refusing.draining': {
      after: ['input.ended', 'module.unloadable'],
      tags: ['keeps-outcomes'],
      on: {
        'input.ended': ['refusing.draining'],
        emptied: settled,
        cancelled,
        'workers.gone': ['refusing.draining'],
        'module.unloadable': ['refusing.draining'],
        'job.ended': ended,
      },
    },
    // S23.3
    cancelling: {
      after: ['cancelled'],
      on: {
        'input.ended': ['cancelling'],
        emptied: settled,
        cancelled: ['cancelling'],
        'workers.gone': ['cancelling'],
        'module.unloadable': ['cancelling'],
        'job.ended': ended,
      },
    },
  },
  finals: { settled: ['input.ended', 'emptied'], ended: ['job.ended'] },
  finalTags: { settled: ['over'], ended: ['over'] },
};

export const batchChecks: ChartChecks = { machine: batchMachine, table, stories: {} };
