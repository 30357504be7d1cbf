import { ownerSearchMachine, type OwnerSearchEvent } from '../../../src/machines/pool/owner-search.ts';
import type { ChartChecks, ChartTable, Row } from '../../support/chart.ts';

const names: readonly OwnerSearchEvent['type'][] = [
  'search.begun',
  'connected',
  'unreachable',
  'none.left',
  'stays',
  'owner.elsewhere',
  'owner.missing',
  'pause.elapsed',
  'attempt.failed',
];

const FOUND: Row = ['found', 'settle'];
const FAILED: Row = ['failed', 'fail'];

const table: ChartTable = {
  input: undefined,
  isInterpreted: true,
  start: { context: {}, calls: [] },
  events: Object.fromEntries(names.map((type) => [type, { type }])),
  states: {
    idle: { after: [], on: { 'search.begun': ['reachingFirst', 'connectFirst'] } },
    // D24.1
    reachingFirst: {
      after: ['search.begun'],
      on: {
        connected: ['asking', 'askOwner'],
        unreachable: ['reachingOthers', 'connectNext'],
        'attempt.failed': FAILED,
      },
    },
    reachingOthers: {
      after: ['search.begun', 'unreachable'],
      on: {
        connected: ['asking', 'askOwner'],
        unreachable: ['reachingOthers', 'connectNext'],
        'none.left': FAILED,
      },
    },
    asking: {
      after: ['search.begun', 'connected'],
      on: {
        stays: FOUND,
        'owner.elsewhere': ['moving', 'connectOwner'],
        'owner.missing': ['pausing', 'pause'],
        'attempt.failed': FAILED,
      },
    },
    // D24.2
    moving: {
      after: ['search.begun', 'connected', 'owner.elsewhere'],
      on: {
        connected: ['found', 'leaveFormer', 'settle'],
        unreachable: FOUND,
        'owner.missing': ['pausing', 'pause'],
      },
    },
    // D24.3
    pausing: {
      after: ['search.begun', 'connected', 'owner.missing'],
      on: { 'pause.elapsed': ['asking', 'askOwner'] },
    },
  },
  finals: {
    found: ['search.begun', 'connected', 'stays'],
    failed: ['search.begun', 'attempt.failed'],
  },
};

export const ownerSearchChecks: ChartChecks = { machine: ownerSearchMachine, table, stories: {} };
