import { leftValueMachine, type LeftValueEvent } from '../../../src/machines/pool/left-value.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const names: readonly LeftValueEvent['type'][] = [
  'taken',
  'released',
  'left',
  'let.go',
  'crowded.out',
  'master.ends',
];

const kept: Row = ['kept', 'countAsUnused'];
const deleted: Row = ['deleted', 'deleteValue'];
const unusedIsDeleted: Row = ['deleted', 'countAsUsed', 'deleteValue'];

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    // S35.1, S35.3
    absent: { after: [], on: { taken: ['awaited'], left: kept } },
    awaited: { after: ['taken'], on: { released: ['absent'], left: ['used'] } },
    // S35.4
    used: {
      after: ['taken', 'left'],
      tags: ['present'],
      on: { released: kept, 'let.go': ['usedOnly'], 'master.ends': deleted },
    },
    usedOnly: {
      after: ['taken', 'left', 'let.go'],
      tags: ['present'],
      on: { released: deleted, 'let.go': ['usedOnly'], 'master.ends': deleted },
    },
    kept: {
      after: ['left'],
      tags: ['present'],
      on: {
        taken: ['used', 'countAsUsed'],
        'let.go': unusedIsDeleted,
        'crowded.out': unusedIsDeleted,
        'master.ends': unusedIsDeleted,
      },
    },
  },
  finals: { deleted: ['left', 'let.go'] },
};

export const leftValueChecks: ChartChecks = { machine: leftValueMachine, table, stories: {} };
